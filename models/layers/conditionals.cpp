// Drawing variables in turn, and what they are conditional on all at once.
#include "models/layers/conditionals.h"

#include <vector>

#include "core/base/called_from.h"
#include "core/graph/sum.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/normalise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// [.., a, b] -> [a, rows, b].
Value variables_first(Value x) {
  const Shape& shape = x.shape();
  const std::int64_t rows = shape.size(0, shape.rank() - 2);
  return transpose(reshape(x, {rows, shape.at(-2), shape.at(-1)}), {1, 0, 2});
}

/// 1 where row > column: [rows, columns].
Value later(Graph& g, std::int64_t rows, std::int64_t columns) {
  Tensor mask({rows, columns});
  const auto elements = mask.as<float>();
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column)
      elements[static_cast<std::size_t>(row * columns + column)] = row > column ? 1.f : 0.f;
  return g.constant(std::move(mask));
}

/// x [.., n] times weight [n, m].
Value times(Value x, Value weight) {
  const Shape& shape = x.shape();
  const Value product = matmul(reshape(x, {-1, shape.at(-1)}), weight);
  return reshape(product, shape.with(shape.axis(-1), weight.shape().at(-1)));
}

}  // namespace

Conditionals conditional(Value logits, Value hidden, std::int64_t size, SourceLocation where) {
  return called_from(where, [&]() -> Conditionals {
    Graph& g = logits.graph();
    const std::int64_t latents = logits.shape().at(-2), categories = logits.shape().at(-1);
    if (latents < 2) return {.logits = logits};
    const std::int64_t width = hidden.shape().at(-1);
    const auto scope = g.scope("conditional");
    return {.logits = logits,
            .hidden = hidden,
            .embedding = g.parameter("embedding", {latents - 1, size, width}, init::glorot()),
            .output = g.parameter("output", {latents, width, categories}, init::glorot())};
  });
}

Draw draw(const Conditionals& d, Value noise, const Choose& choose, SourceLocation where) {
  return called_from(where, [&]() -> Draw {
    if (!d.conditional()) return {choose(d.logits, noise), d.logits};
    const std::vector<Value> logits = unstack(d.logits, -2), embeddings = unstack(d.embedding),
                             outputs = unstack(d.output),
                             noises =
                                 noise ? unstack(noise, -2) : std::vector<Value>(logits.size());
    std::vector<Value> chosen, used;
    Value hidden = d.hidden;
    for (std::size_t k = 0; k < logits.size(); ++k) {
      used.push_back(logits[k] + times(relu(hidden), outputs[k]));
      chosen.push_back(choose(used[k], noises[k]));
      if (k < embeddings.size()) hidden = hidden + times(chosen[k], embeddings[k]);
    }
    // The first logits know nothing of several draws.
    const Shape& first = chosen.front().shape();
    for (Value& x : used) x = broadcast_to(x, first.with(first.axis(-1), x.shape().at(-1)));
    return {stack(chosen, -2), stack(used, -2)};
  });
}

Value logits_given(const Conditionals& d, Value z, SourceLocation where) {
  return called_from(where, [&] {
    if (!d.conditional()) return d.logits;
    const std::int64_t latents = z.shape().at(-2), categories = d.output.shape().at(-1),
                       width = d.hidden.shape().at(-1);
    const Value before = slice(z, -2, 0, latents - 1);
    const Value embedded =
        matmul(variables_first(before), d.embedding);  // [latents - 1, rows, width]
    const Value summed = matmul(later(z.graph(), latents, latents - 1),
                                reshape(embedded, {latents - 1, -1}));  // of all variables before
    std::vector<std::int64_t> sizes(z.shape().begin(), z.shape().end() - 2);
    const auto axes = static_cast<std::size_t>(d.hidden.shape().rank() - 1);
    if (sizes.size() < axes) sizes.insert(sizes.begin(), axes - sizes.size(), 1);
    sizes.insert(sizes.begin(), latents);
    sizes.push_back(width);
    const Value hidden = relu(reshape(summed, Shape(sizes)) + d.hidden);  // [latents, .., width]
    const Value product = matmul(reshape(hidden, {latents, -1, width}), d.output);
    const Shape lead = hidden.shape().without(0);  // [.., width]
    const Shape shape = lead.without(lead.axis(-1))
                            .inserted(lead.rank() - 1, latents)
                            .inserted(lead.rank(), categories);
    return reshape(transpose(product, {1, 0, 2}), shape) + d.logits;
  });
}

Value log_probability(Value logits, Value z, SourceLocation where) {
  return called_from(where, [&] { return sum(z * log_softmax(logits), {-2, -1}); });
}

Value categorical_kl(Value q_logits, Value p_logits, SourceLocation where) {
  return called_from(where, [&] {
    const Value log_q = log_softmax(q_logits);
    return sum(exp(log_q) * (log_q - log_softmax(p_logits)), {-1});
  });
}

}  // namespace abax

// Codebooks with a loss or moving averages, in groups or stages.
#include "models/latents/quantiser.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "models/latents/finite_scalar.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/quantise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

constexpr float smoothing = 1e-5f;  // Sonnet's epsilon

void check(const ModelConfig& c) {
  const auto need = [](bool holds, const auto&... message) {
    if (!holds) throw UsageError(text(message...));
  };
  need(c.quantiser == "nearest" || c.quantiser == "residual" || c.quantiser == "finite",
       "there is no quantiser '", c.quantiser, "'; known are nearest, residual, finite");
  if (c.quantiser == "finite") {
    check_levels(c.levels);
  } else {
    need(c.codes >= 1 && c.code_width >= 1, "a codebook of ", c.codes, " codes of width ",
         c.code_width, " holds nothing");
    need(c.commitment >= 0, "the commitment's weight is ", c.commitment, ", below 0");
    need(c.codebook_decay >= 0 && c.codebook_decay < 1, "the codebook's decay is ",
         c.codebook_decay, ", not in [0, 1)");
    need(c.restart_below == 0 || (c.restart_below > 0 && c.codebook_decay > 0),
         "codes restart by their moving average: restarts want a codebook decay above 0");
  }
  need(c.quantiser == "nearest" || (c.groups == 1 && !c.cosine),
       "groups and cosine codes go with the nearest quantiser, not with ", c.quantiser);
  if (c.quantiser == "nearest")
    need(c.groups >= 1 && c.code_width % c.groups == 0, c.groups,
         " groups do not divide the width ", c.code_width);
  if (c.quantiser == "residual") {
    need(c.stages >= 1, "a residual quantiser has at least one stage");
    need(c.quantiser_dropout >= 0 && c.quantiser_dropout <= 1, "the quantiser's dropout is ",
         c.quantiser_dropout, ", not in [0, 1]");
  }
}

/// "codebook", or "codebook2" of several.
std::string book_name(std::string_view name, const ModelConfig& c, std::int64_t number) {
  const bool several = c.quantiser == "residual" || c.groups > 1;
  return several ? text(name, number) : std::string(name);
}

Value column(Value x) { return reshape(x, x.shape().inserted(1, 1)); }  // [n] -> [n, 1]

/// Rows uniform with variance 1 / width, as Sonnet's codebooks begin; of cosine codes unit vectors.
Initialiser first_codes(std::int64_t width, bool unit) {
  return {[width, unit](Tensor& book, Random& random) {
    const double limit = std::sqrt(3.0 / static_cast<double>(width));
    const auto values = book.as<float>();
    for (float& x : values) x = static_cast<float>(limit * (2 * random.uniform() - 1));
    if (!unit) return;
    const auto size = static_cast<std::size_t>(width);
    for (std::size_t at = 0; at + size <= values.size(); at += size) {
      double square = 0;
      for (std::size_t i = at; i < at + size; ++i) square += double{values[i]} * values[i];
      for (std::size_t i = at; i < at + size; ++i)
        values[i] = static_cast<float>(values[i] / std::sqrt(square));
    }
  }};
}

/// The codebook's variable of that name in the current scope, [codes, width].
Value codebook(Graph& g, const std::string& name, std::int64_t width, const ModelConfig& c) {
  const Value book =
      g.parameter_without_decay(name, {c.codes, width}, first_codes(width, c.cosine));
  if (c.codebook_decay > 0) g.variable(book).frozen = true;  // it moves by its averages alone
  return book;
}

/// What the nearest code of one codebook makes of n vectors.
struct Part {
  Value codes;       // [n] i32
  Value values;      // [n, width]: the codes' vectors
  Value commitment;  // [n]
  Value loss;        // [n]
  Value counts;      // [codes]
};

/// The moving averages, and the codebook that follows from them. Where `active`, u8 [], is given
/// and 0, all stays.
void move_codebook(Value book, const std::string& name, Value z, Value weights, const Part& part,
                   Value active, const ModelConfig& c) {
  Graph& g = book.graph();
  const float first = first_count(c);
  // A random code counts as much as one vector in one batch; more only not to restart at once.
  const float random = c.restart_below > 0 ? first : 1 - c.codebook_decay;
  const Value counts = g.saved_state(name + "/counts", {{c.codes}, f32}, constant(random));
  const Initialiser first_sums{[&](Tensor& sums, Random&) {
    std::ranges::transform(g.variable(book).value().as<float>(), sums.as<float>().begin(),
                           [&](float x) { return random * x; });
  }};
  const Value sums = g.saved_state(name + "/sums", book.type(), first_sums);
  const float decay = c.codebook_decay;
  Value new_counts = decay * counts + (1 - decay) * part.counts;  // [codes]
  const Value added = scatter_add(z * column(weights), part.codes, c.codes);
  Value new_sums = decay * sums + (1 - decay) * added;  // [codes, width]
  Value new_book;
  if (c.cosine) {
    const Value known = greater(sum(square(new_sums), {-1}, Keep::axes), 1e-30f);
    new_book = select(known, unit_vectors(new_sums), book);
  } else {
    const Value total = sum(new_counts);
    const float all = static_cast<float>(c.codes) * smoothing;
    new_book = new_sums / column((new_counts + smoothing) / (total + all) * total);
  }
  if (c.restart_below > 0) {
    // Without a vector to start from, no code restarts.
    const Value least = select(greater(sum(weights), 0), g.constant(c.restart_below), 0);
    const Value dead = less(new_counts, least);                    // [codes]
    const Value fresh = gather(z, random_rows(weights, c.codes));  // [codes, width]
    new_book = select(column(dead), fresh, new_book);
    new_counts = select(dead, first, new_counts);
    new_sums = select(column(dead), first * fresh, new_sums);
  }
  const auto assign = [&](Value old, Value now) {
    g.assign(old, active ? select(active, now, old) : now);
  };
  assign(book, new_book);
  assign(counts, new_counts);
  assign(sums, new_sums);
}

/// The nearest codes of z [n, width]; weights [n].
Part nearest_codes(Value z, Value weights, const std::string& name, Value active,
                   const ModelConfig& c) {
  Graph& g = z.graph();
  g.name(z, name + "/inputs");
  const Value variable = codebook(g, name, z.shape()[1], c);
  const Value book = c.cosine ? unit_vectors(variable) : variable;
  Part part;
  part.codes = nearest(z, book);
  part.values = embedding(part.codes, book);
  part.commitment = mean(square(z - stop_gradient(part.values)), {-1}) * weights;
  part.loss = c.commitment * part.commitment;
  if (c.codebook_decay == 0)
    part.loss = part.loss + mean(square(part.values - stop_gradient(z)), {-1}) * weights;
  part.counts = scatter_add(weights, part.codes, c.codes);
  if (c.codebook_decay > 0 && g.training())
    move_codebook(variable, name, z, weights, part, active, c);
  return part;
}

/// Of parts: their codes side by side, their counts one after another, their loss summed.
Part joined(const std::vector<Part>& parts, Value values) {
  Part result = parts.front();
  std::vector<Value> codes, counts;
  for (const Part& part : parts) {
    codes.push_back(part.codes);
    counts.push_back(part.counts);
    if (&part == &parts.front()) continue;
    result.commitment = result.commitment + part.commitment;
    result.loss = result.loss + part.loss;
  }
  result.codes = stack(codes, 1);  // [n, parts]
  result.counts = concat(counts, 0);
  result.values = values;
  return result;
}

/// Every group's part of the width by its own codebook.
Part grouped(Value z, Value weights, const ModelConfig& c, std::string_view name) {
  const std::vector<std::int64_t> widths(static_cast<std::size_t>(c.groups),
                                         c.code_width / c.groups);
  std::vector<Part> parts;
  std::vector<Value> values;
  for (Value piece : split(z, -1, widths)) {
    if (c.cosine) piece = unit_vectors(piece);
    parts.push_back(nearest_codes(
        piece, weights, book_name(name, c, static_cast<std::int64_t>(parts.size())), {}, c));
    values.push_back(straight_through(piece, parts.back().values));
  }
  if (c.groups == 1) {
    Part part = joined(parts, values.front());
    return part;
  }
  Part part = joined(parts, concat(values, -1));
  part.commitment = part.commitment * (1.f / static_cast<float>(c.groups));
  part.loss = part.loss * (1.f / static_cast<float>(c.groups));
  return part;
}

/// How many stages a batch uses, f32 [] (with a part behind the point that means nothing); empty
/// for all.
Value used_stages(Graph& g, const ModelConfig& c) {
  if (!g.training() || c.quantiser_dropout == 0 || c.stages < 2) return {};
  const auto stages = static_cast<float>(c.stages);
  const Value fewer = less(random_uniform(g, {}), c.quantiser_dropout);
  return select(fewer, random_uniform(g, {}, 1, stages), stages);
}

/// Stage by stage, what is left of z.
Part residual(Value z, Value weights, const ModelConfig& c, std::string_view name) {
  Graph& g = z.graph();
  const Value used = used_stages(g, c);
  std::vector<Part> parts;
  Value left = z, total;
  for (std::int64_t stage = 0; stage < c.stages; ++stage) {
    Value active;  // u8 []
    if (used && stage > 0) active = greater_equal(used, static_cast<float>(stage + 1));
    Part part = nearest_codes(left, weights, book_name(name, c, stage), active, c);
    if (active) {
      const Value share = cast(active, f32);
      part.values = share * part.values;
      part.commitment = share * part.commitment;
      part.loss = share * part.loss;
      part.counts = share * part.counts;
    }
    const Value given = stop_gradient(part.values);
    left = left - given;
    total = total ? total + given : given;
    parts.push_back(part);
  }
  return joined(parts, straight_through(z, total));
}

Part finite(Value z, Value weights, const ModelConfig& c) {
  const FiniteScalars rounded = finite_scalars(z, c.levels);
  const Value nothing = z.graph().constant(Tensor(weights.shape()));
  return {.codes = rounded.codes,
          .values = rounded.values,
          .commitment = nothing,
          .loss = nothing,
          .counts = scatter_add(weights, rounded.codes, code_kinds(c))};
}

}  // namespace

std::int64_t quantised_width(const ModelConfig& c) {
  check(c);
  return c.quantiser == "finite" ? static_cast<std::int64_t>(c.levels.size()) : c.code_width;
}

std::int64_t codebooks(const ModelConfig& c) {
  check(c);
  return c.quantiser == "nearest" ? c.groups : c.quantiser == "residual" ? c.stages : 1;
}

std::int64_t code_kinds(const ModelConfig& c) {
  check(c);
  return c.quantiser == "finite" ? kinds_of_levels(c.levels) : c.codes;
}

float first_count(const ModelConfig& c) { return 1 + c.restart_below; }

Quantised quantise(Value z, Value weights, const ModelConfig& c, std::string_view name) {
  const std::int64_t width = quantised_width(c);
  const Shape& shape = z.shape();
  if (shape.rank() < 1 || shape.at(-1) != width || z.dtype() != f32 ||
      weights.type() != TensorType{shape.without(-1), f32})
    throw ShapeError(text("quantise: expected z f32[.., ", width, "] and weights f32[..], got ",
                          z.type(), " and ", weights.type()));
  const Shape rows = shape.without(-1);
  const Value flat = reshape(z, {rows.size(), width});
  const Value flat_weights = reshape(weights, {rows.size()});
  const Part part = c.quantiser == "finite"     ? finite(flat, flat_weights, c)
                    : c.quantiser == "residual" ? residual(flat, flat_weights, c, name)
                                                : grouped(flat, flat_weights, c, name);
  return {.codes = reshape(part.codes, rows.inserted(rows.rank(), codebooks(c))),
          .values = reshape(part.values, shape),
          .commitment = reshape(part.commitment, rows),
          .loss = reshape(part.loss, rows),
          .counts = part.counts};
}

Value lookup(Value codes, const ModelConfig& c, std::string_view name) {
  const std::int64_t books = codebooks(c), width = quantised_width(c);
  if (codes.dtype() != i32 || codes.shape().rank() < 1 || codes.shape().at(-1) != books)
    throw ShapeError(
        text("lookup: expected codes i32[.., ", books, "], one a codebook, got ", codes.type()));
  Graph& g = codes.graph();
  if (c.quantiser == "finite")
    return embedding(reshape(codes, codes.shape().without(-1)),
                     g.constant(finite_codebook(c.levels)));
  const bool adds = c.quantiser == "residual";
  std::vector<Value> parts;
  for (const Value& each : unstack(codes, -1)) {
    const auto number = static_cast<std::int64_t>(parts.size());
    const Value variable = codebook(g, book_name(name, c, number), adds ? width : width / books, c);
    const Value part = embedding(each, c.cosine ? unit_vectors(variable) : variable);
    parts.push_back(adds && number > 0 ? parts.back() + part : part);
  }
  return adds ? parts.back() : concat(parts, -1);
}

Value code_perplexity(Value counts, std::int64_t books) {
  const Value each = reshape(counts, {books, -1});
  const Value share = each / maximum(sum(each, {-1}, Keep::axes), 1e-30f);
  // 0 log 0 is 0.
  const Value entropy = -sum(share * log(maximum(share, 1e-30f)), {-1});
  return mean(exp(entropy));
}

}  // namespace abax

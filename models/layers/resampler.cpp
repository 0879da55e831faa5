// Attention by learned queries; pooling of equal parts.
#include "models/layers/resampler.h"

#include <limits>
#include <numeric>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "models/layers/layers.h"
#include "models/settings/values.h"
#include "ops/attention.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// Numbers from 0 as i32 of this shape.
Value numbers(Graph& g, const Shape& shape) {
  Tensor result(shape, i32);
  std::iota(result.as<std::int32_t>().begin(), result.as<std::int32_t>().end(), 0);
  return g.constant(std::move(result));
}

Value found_by_queries(const Encoded& encoded, std::int64_t positions, const LearnedQueries& c) {
  Graph& g = encoded.y.graph();
  const std::int64_t batch = encoded.y.shape()[1], width = encoded.y.shape()[2];
  const auto scope = g.scope("queries");
  const Value query = g.parameter("query", {positions, 1, width}, init::normal(1));
  const Value keys = linear(encoded.y, width, "key", /*with_bias=*/false);
  const Value values = linear(encoded.y, width, "value", /*with_bias=*/false);
  const Value found = attention(broadcast_to(query, {positions, batch, width}), keys, values,
                                {.heads = c.heads}, {}, encoded.lengths);
  return transpose(found, {1, 0, 2});
}

Value pooled_parts(const Encoded& encoded, std::int64_t positions, const StridedPooling& c) {
  Graph& g = encoded.y.graph();
  const std::int64_t time = encoded.y.shape()[0], batch = encoded.y.shape()[1];
  const auto n = static_cast<std::int32_t>(positions);
  // State t is of part i where t + 1 > i length / n and t < (i + 1) length / n: [n, time, batch].
  const Value part = numbers(g, {positions, 1, 1}), state = numbers(g, {time, 1});
  const Value before = less_equal((state + 1) * n, part * encoded.lengths);
  const Value inside = less(state * n, (part + 1) * encoded.lengths);
  const Value chosen = where(before, whole_number(g, 0), cast(inside, i32));
  // Selected, not multiplied: what stands in the padding may be anything.
  const Value which = greater(reshape(chosen, {positions, time, batch, 1}), 0);
  Value result;  // [positions, batch, width]
  if (c.pooling == "mean") {
    const Value count = sum(cast(chosen, f32), {1});  // [positions, batch]
    result =
        sum(where(which, encoded.y, 0), {1}) / reshape(maximum(count, 1), {positions, batch, 1});
  } else {
    const Value most = max(where(which, encoded.y, std::numeric_limits<float>::lowest()), {1});
    result = where(reshape(greater(encoded.lengths, 0), {batch, 1}), most, 0);
  }
  return transpose(result, {1, 0, 2});
}

}  // namespace

void fields(Fields& f, LearnedQueries& c) {
  f("query-heads", c.heads, "heads of the queries' attention").at_least(1).at_most(1 << 16);
}
void fields(Fields& f, StridedPooling& c) {
  f("pooling", c.pooling, "of the states of each part of a sentence").one_of({"mean", "max"});
}

void fields(Fields& f, Resampler& r) {
  f("latents", r.latents, "places of a sentence, each with its codes").at_least(1).at_most(1 << 16);
  f.choice("resampler", r.kind, {"queries", "pooling"},
           "how the encoder's states become a vector a place: learned queries, or equal parts");
}

std::string misfit(const Resampler& c, std::int64_t width) {
  const auto* queries = std::get_if<LearnedQueries>(&c.kind);
  if (!queries || queries->heads < 1 || width % queries->heads == 0) return "";
  return str_cat("the heads of the queries divide the encoder's width; ", queries->heads,
                 " do not divide ", width, " (query-heads)");
}

Value resampled(const Encoded& encoded, const Resampler& c) {
  check_settings(c, "a resampler");
  if (const std::string message = misfit(c, encoded.y.shape().at(-1)); !message.empty())
    throw UsageError(message);
  if (const auto* queries = std::get_if<LearnedQueries>(&c.kind))
    return found_by_queries(encoded, c.latents, *queries);
  return pooled_parts(encoded, c.latents, std::get<StridedPooling>(c.kind));
}

}  // namespace abax

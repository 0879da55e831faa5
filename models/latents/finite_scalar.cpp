// Bounds, rounding and numbers of finite scalars.
#include "models/latents/finite_scalar.h"

#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"

namespace abax {
namespace {

constexpr double margin = 1e-3;
constexpr std::int64_t most_kinds = std::int64_t{1} << 24;  // exact in f32

/// f(levels, position) of each dimension, [dimensions].
Value constants(Graph& g, const std::vector<std::int64_t>& levels,
                const std::function<double(std::int64_t)>& f) {
  Tensor result(Shape{static_cast<std::int64_t>(levels.size())});
  for (std::size_t i = 0; i < levels.size(); ++i)
    result.as<float>()[i] = static_cast<float>(f(levels[i]));
  return g.constant(std::move(result));
}

double half_of(std::int64_t level) { return static_cast<double>(level / 2); }
double reach_of(std::int64_t level) { return static_cast<double>(level - 1) * (1 - margin) / 2; }
double offset_of(std::int64_t level) { return level % 2 == 0 ? 0.5 : 0; }
/// Parts of a unit in a stage after the first.
double scale_of(std::int64_t level, std::int64_t stage) {
  return half_of(level) * std::pow(static_cast<double>(level), static_cast<double>(stage));
}

/// The numbers of levels [n, dimensions] in mixed radix, [n] i32.
Value codes_of(Value level, const std::vector<std::int64_t>& levels) {
  std::int64_t step = 1;
  const Value base = constants(level.graph(), levels, [&](auto l) {
    const std::int64_t here = step;
    step *= l;
    return static_cast<double>(here);
  });
  return cast(sum(level * base, {-1}), i32);
}

}  // namespace

void check_levels(const std::vector<std::int64_t>& levels) {
  std::int64_t kinds = 1;
  for (const std::int64_t level : levels) {
    if (level < 2) throw UsageError(str_cat("a dimension has at least 2 levels, not ", level));
    if (level > most_kinds / kinds) throw UsageError("the levels make more than 2^24 codes");
    kinds *= level;
  }
  if (levels.empty()) throw UsageError("a finite quantiser has levels for at least one dimension");
}

std::int64_t kinds_of_levels(const std::vector<std::int64_t>& levels) {
  std::int64_t kinds = 1;
  for (const std::int64_t level : levels) kinds *= level;
  return kinds;
}

FiniteScalars finite_scalars(Value z, const std::vector<std::int64_t>& levels) {
  Graph& g = z.graph();
  const Value reach = constants(g, levels, reach_of), offset = constants(g, levels, offset_of);
  const Value half = constants(g, levels, half_of);
  const Value shift =
      constants(g, levels, [](auto l) { return std::tan(offset_of(l) / reach_of(l)); });
  const Value bounded = tanh(z + shift) * reach - offset;  // within (-half - 1/2, half + 1/2)
  // Rounded: the cast cuts what is not negative.
  const Value level = cast(cast(bounded + (half + 0.5), i32), f32);  // 0 to levels - 1
  return {.codes = codes_of(level, levels),
          .bounded = bounded / half,
          .values = stop_gradient((level - half) / half)};
}

FiniteScalars finite_remainders(Value left, const std::vector<std::int64_t>& levels,
                                std::int64_t stage) {
  Graph& g = left.graph();
  const auto half_level = [](std::int64_t l) { return static_cast<double>(l) / 2; };
  const Value scale = constants(g, levels, [&](auto l) { return scale_of(l, stage); });
  const Value middle = constants(g, levels, half_level);
  const Value last = constants(g, levels, [](auto l) { return static_cast<double>(l - 1); });
  // Cut, and the edges stay inside.
  const Value cut = cast(cast(maximum(left * scale + middle, 0), i32), f32);
  const Value level = minimum(cut, last);
  return {.codes = codes_of(level, levels),
          .bounded = left,
          .values = stop_gradient((level - (middle - 0.5)) / scale)};
}

Tensor finite_codebook(const std::vector<std::int64_t>& levels, std::int64_t stage) {
  const auto dimensions = static_cast<std::int64_t>(levels.size());
  Tensor book({kinds_of_levels(levels), dimensions});
  const auto values = book.as<float>();
  std::size_t at = 0;
  for (std::int64_t code = 0; code < book.shape()[0]; ++code) {
    std::int64_t rest = code;
    for (const std::int64_t level : levels) {
      const auto digit = static_cast<float>(rest % level);
      const auto middle = static_cast<float>(stage == 0 ? half_of(level) : (level - 1) / 2.);
      const auto scale = static_cast<float>(stage == 0 ? half_of(level) : scale_of(level, stage));
      values[at++] = (digit - middle) / scale;
      rest /= level;
    }
  }
  return book;
}

}  // namespace abax

// Bounds, rounding and numbers of finite scalars.
#include "models/latents/finite_scalar.h"

#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/elementwise.h"
#include "ops/quantise.h"
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

}  // namespace

void check_levels(const std::vector<std::int64_t>& levels) {
  std::int64_t kinds = 1;
  for (const std::int64_t level : levels) {
    if (level < 2) throw UsageError(text("a dimension has at least 2 levels, not ", level));
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
  std::int64_t step = 1;
  const Value base = constants(g, levels, [&](auto l) {
    const std::int64_t here = step;
    step *= l;
    return static_cast<double>(here);
  });
  return {.codes = cast(sum(level * base, {-1}), i32),
          .values = straight_through(bounded / half, (level - half) / half)};
}

Tensor finite_codebook(const std::vector<std::int64_t>& levels) {
  const auto dimensions = static_cast<std::int64_t>(levels.size());
  Tensor book({kinds_of_levels(levels), dimensions});
  const auto values = book.as<float>();
  std::size_t at = 0;
  for (std::int64_t code = 0; code < book.shape()[0]; ++code) {
    std::int64_t rest = code;
    for (const std::int64_t level : levels) {
      const auto half = static_cast<float>(half_of(level));
      values[at++] = (static_cast<float>(rest % level) - half) / half;
      rest /= level;
    }
  }
  return book;
}

}  // namespace abax

// Cases of ops/pooling.h.
#include "ops/pooling.h"

#include <algorithm>
#include <limits>

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

/// Each pixel is f of all pixels of its window, in a vector.
template <class F>
Reference pooled(const Reference& x, std::int64_t factor, F f) {
  const Shape smaller{x.shape[0], x.shape[1] / factor, x.shape[2] / factor, x.shape[3]};
  return generate(smaller, [&](const std::vector<std::int64_t>& at) {
    std::vector<double> window;
    for (std::int64_t i = 0; i < factor; ++i)
      for (std::int64_t j = 0; j < factor; ++j)
        window.push_back(element(x, {at[0], at[1] * factor + i, at[2] * factor + j, at[3]}));
    return f(window);
  });
}

double average(const std::vector<double>& window) {
  double sum = 0;
  for (const double value : window) sum += value;
  return sum / static_cast<double>(window.size());
}

double greatest(const std::vector<double>& window) { return std::ranges::max(window); }

Reference resized(const Reference& x, std::int64_t factor) {
  const Shape larger{x.shape[0], x.shape[1] * factor, x.shape[2] * factor, x.shape[3]};
  return generate(larger, [&](const std::vector<std::int64_t>& at) {
    return element(x, {at[0], at[1] / factor, at[2] / factor, at[3]});
  });
}

void add(Family& family, const Shape& x, std::int64_t factor) {
  const auto row = [&](std::string name, auto op, auto definition) {
    family.cases.push_back(
        {.name = str_cat(name, "/", x, " by ", factor),
         .arguments = {{x}},
         .build = [=](auto v) { return std::vector{op(v[0], factor)}; },
         .reference = [=](auto v) { return std::vector{definition(v[0], factor)}; }});
  };
  row("resize_nearest", resize_nearest, resized);
  if (x[1] % factor != 0 || x[2] % factor != 0) return;
  row("average_pool", average_pool,
      [](const Reference& r, std::int64_t f) { return pooled(r, f, average); });
  row("max_pool", max_pool,
      [](const Reference& r, std::int64_t f) { return pooled(r, f, greatest); });
}

}  // namespace

Family pooling_family() {
  Family family{.name = "pooling", .cases = {}, .bad = {}};
  add(family, {2, 4, 6, 3}, 2);
  add(family, {1, 9, 3, 17}, 3);
  add(family, {3, 5, 7, 2}, 1);
  add(family, {2, 3, 5, 33}, 2);
  add(family, {1, 1, 1, 1}, 4);
  add(family, {0, 4, 4, 3}, 2);
  add(family, {2, 4, 4, 0}, 2);
  add(family, {1, 0, 4, 3}, 2);
  add(family, {8, 16, 16, 32}, 2);
  // Equal maxima share the gradient: no finite difference tells that, so values alone.
  const double nan = std::numeric_limits<double>::quiet_NaN();
  family.cases.push_back(
      {.name = "max_pool/equal, not a number, infinite",
       .arguments = {{.shape = {1, 2, 4, 1},
                      .values = {3, 3, nan, 5, 3, 3, 1, -std::numeric_limits<double>::infinity()}}},
       .build = [](auto v) { return std::vector{max_pool(v[0], 2)}; },
       .reference = [=](auto) -> std::vector<Reference> {
         return {{{1, 1, 2, 1}, {3, nan}}};
       },
       .gradient = false});
  const auto bad = [&](std::string name, Argument x, std::int64_t factor, auto op,
                       std::vector<std::string> words) {
    family.bad.push_back(
        {std::move(name), {std::move(x)}, [=](auto v) { op(v[0], factor); }, std::move(words)});
  };
  bad("average_pool/height", {{1, 5, 4, 3}}, 2, average_pool,
      {"average_pool", "factor 2", "f32[1, 5, 4, 3]", "pooling.cpp:"});
  bad("max_pool/width", {{1, 4, 5, 3}}, 2, max_pool, {"max_pool", "factor 2", "f32[1, 4, 5, 3]"});
  bad("average_pool/factor", {{1, 4, 4, 3}}, 0, average_pool, {"factor 0", "at least 1"});
  bad("average_pool/rank", {{4, 4, 3}}, 2, average_pool, {"f32[4, 4, 3]"});
  bad("max_pool/integers", {{1, 4, 4, 3}, i32}, 2, max_pool, {"i32[1, 4, 4, 3]"});
  bad("resize_nearest/rank", {{4, 4, 3}}, 2, resize_nearest, {"resize_nearest", "f32[4, 4, 3]"});
  bad("resize_nearest/factor", {{1, 4, 4, 3}}, 0, resize_nearest, {"factor", "at least 1", "0"});
  return family;
}

}  // namespace abax::cases

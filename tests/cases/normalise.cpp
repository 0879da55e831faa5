// Cases of ops/normalise.h.
#include "ops/normalise.h"

#include <cmath>
#include <limits>

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

const double infinity = std::numeric_limits<double>::infinity();

/// The definition of softmax, or its logarithm, along an axis, without care for overflow: arguments
/// are small.
Reference plain_softmax(const Reference& x, int axis, bool logarithm) {
  std::vector<double> sums;  // one a line along the axis, in the order of the other axes
  const Shape rest = x.shape.with(axis, 1);
  for (Positions line(rest); static_cast<std::int64_t>(sums.size()) < rest.size(); line.next()) {
    auto at = line.at();
    double sum = 0;
    for (std::int64_t i = 0; i < x.shape.at(axis); ++i) {
      at[static_cast<std::size_t>(x.shape.axis(axis))] = i;
      sum += std::exp(element(x, at));
    }
    sums.push_back(sum);
  }
  const Reference sum{rest, sums};
  return generate(x.shape, [&](const auto& at) {
    if (logarithm) return element(x, at) - std::log(element(sum, at));
    return element(sum, at) == 0 ? 0 : std::exp(element(x, at)) / element(sum, at);
  });
}

void add_softmax(Family& family, std::string name, Value (*op)(Operand, int), bool logarithm) {
  const std::pair<Shape, int> shapes[] = {
      {{5}, -1},     {{3, 0}, -1},   {{0, 7}, -1},    {{4, 1}, 1},     {{2, 3, 33}, 2},
      {{7, 65}, -1}, {{5, 4, 3}, 0}, {{2, 19, 3}, 1}, {{3, 1027}, -1}, {{70, 999}, -1}};
  for (const auto& row : shapes) {
    const auto shape = row.first;
    const int axis = row.second;
    family.cases.push_back({.name = str_cat(name, "/", shape, " axis ", axis),
                            .arguments = {{shape, f32, -4, 4}},
                            .build = [=](auto x) { return std::vector{op(x[0], axis)}; },
                            .reference = [=](auto x) -> std::vector<Reference> {
                              return {plain_softmax(x[0], axis, logarithm)};
                            }});
  }
  // Shifted far from 0, partly and wholly masked.
  const double m = -infinity;
  family.cases.push_back(
      {.name = name + "/masked",
       .arguments = {{.shape = {3, 5}, .values = {m, 1, 2, m, 0, m, m, m, m, m, 3, m, m, m, m}}},
       .build = [=](auto x) { return std::vector{op(x[0], -1)}; },
       .reference = [=](auto x) -> std::vector<Reference> {
         Reference y = plain_softmax(x[0], -1, logarithm);
         for (std::size_t i = 5; logarithm && i < 10; ++i) y.values[i] = m;
         return {y};
       },
       .gradient = false});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double special : {nan, infinity})
    family.cases.push_back({.name = str_cat(name, "/a row with ", special),
                            .arguments = {{.shape = {2, 3}, .values = {m, special, m, 1, 1, 1}}},
                            .build = [=](auto x) { return std::vector{op(x[0], -1)}; },
                            .reference = [=](auto) -> std::vector<Reference> {
                              const double third = logarithm ? -std::log(3.) : 1. / 3;
                              return {{{2, 3}, {nan, nan, nan, third, third, third}}};
                            },
                            .gradient = false});
  family.cases.push_back({.name = name + "/far from zero",
                          .arguments = {{.shape = {2, 2}, .values = {1e30, 1e30, -1e4, -1e4}}},
                          .build = [=](auto x) { return std::vector{op(x[0], -1)}; },
                          .reference = [=](auto) -> std::vector<Reference> {
                            const double half = logarithm ? -std::log(2.) : 0.5;
                            return {{{2, 2}, {half, half, half, half}}};
                          },
                          .gradient = false});
  family.bad.push_back({name + "/integers",
                        {{{2, 3}, i32}},
                        [=](auto x) { op(x[0], -1); },
                        {name, "f32", "i32[2, 3]"}});
  family.bad.push_back({name + "/no such axis",
                        {{{2, 3}}},
                        [=](auto x) { op(x[0], 2); },
                        {name, "axis 2", "[2, 3]"}});
  family.bad.push_back(
      {name + "/of a scalar", {{{}}}, [=](auto x) { op(x[0], -1); }, {name, "f32[]"}});
}

/// The result, the means and 1 / the deviations.
std::vector<Reference> plain_layer_norm_parts(std::span<const Reference> x, double epsilon) {
  const std::int64_t width = x[0].shape.at(-1);
  Reference y{x[0].shape, x[0].values}, means{x[0].shape.without(-1), {}}, inverse = means;
  for (std::size_t row = 0; row < y.values.size(); row += static_cast<std::size_t>(width)) {
    const std::span values(y.values.data() + row, static_cast<std::size_t>(width));
    double mean = 0, square = 0;
    for (const double v : values) mean += v / static_cast<double>(width);
    for (const double v : values) square += v * v / static_cast<double>(width);
    const double deviation = std::sqrt(square - mean * mean + epsilon);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = (values[i] - mean) / deviation * x[1].values[i] + x[2].values[i];
    means.values.push_back(mean);
    inverse.values.push_back(1 / deviation);
  }
  return {y, means, inverse};
}

void add_layer_norm(Family& family) {
  const auto layer_norm_case = [](std::string name, Shape shape, float epsilon) {
    const Shape row{shape.at(-1)};
    return Case{.name = "layer_norm/" + name,
                .arguments = {{shape, f32, -2, 3}, {row, f32, 0.5, 1.5}, {row}},
                .build = [=](auto x) { return std::vector{layer_norm(x[0], x[1], x[2], epsilon)}; },
                .reference = [=](auto x) -> std::vector<Reference> {
                  return {plain_layer_norm_parts(x, double{epsilon})[0]};
                },
                .tolerance = 4e-6};
  };
  for (const Shape& shape : {Shape{5}, Shape{0, 4}, Shape{3, 0}, Shape{2, 3, 33}, Shape{7, 65},
                             Shape{130, 513}, Shape{2, 1027}})
    family.cases.push_back(layer_norm_case(str_cat(shape), shape, 1e-5f));
  family.cases.push_back(layer_norm_case("large epsilon", {4, 9}, 0.5f));
  family.cases.push_back(layer_norm_case("width 1", {4, 1}, 0.5f));
  family.cases.push_back({.name = "layer_norm_parts/with the moments",
                          .arguments = {{{7, 65}, f32, -2, 3}, {{65}, f32, 0.5, 1.5}, {{65}}},
                          .build =
                              [](auto x) {
                                const LayerNormParts parts = layer_norm_parts(x[0], x[1], x[2]);
                                return std::vector{parts.y, parts.mean, parts.inverse_deviation};
                              },
                          .reference = [](auto x) { return plain_layer_norm_parts(x, 1e-5); },
                          .tolerance = 4e-6,
                          .gradient = false});
  // The mean of the squares would lose everything here.
  family.cases.push_back({.name = "layer_norm/far from zero",
                          .arguments = {{.shape = {1, 2}, .values = {4096, 4098}},
                                        {.shape = {2}, .values = {1, 1}},
                                        {.shape = {2}, .values = {0, 0}}},
                          .build = [](auto x) { return std::vector{layer_norm(x[0], x[1], x[2])}; },
                          .reference = [](auto) -> std::vector<Reference> {
                            return {{{1, 2}, {-0.999995, 0.999995}}};
                          },
                          .gradient = false});
  family.bad.push_back({"layer_norm/scale of another width",
                        {{{2, 8}}, {{7}}, {{8}}},
                        [](auto x) { layer_norm(x[0], x[1], x[2]); },
                        {"layer_norm", "f32[2, 8]", "f32[7]"}});
  family.bad.push_back({"layer_norm/of a scalar",
                        {{{}}, {{}}, {{}}},
                        [](auto x) { layer_norm(x[0], x[1], x[2]); },
                        {"layer_norm", "f32[]"}});
  family.bad.push_back({"layer_norm/epsilon 0",
                        {{{2, 8}}, {{8}}, {{8}}},
                        [](auto x) { layer_norm(x[0], x[1], x[2], 0); },
                        {"layer_norm", "epsilon"}});
}

}  // namespace

Family normalise_family() {
  Family family{.name = "normalise", .cases = {}, .bad = {}};
  add_softmax(family, "softmax", softmax, false);
  add_softmax(family, "log_softmax", log_softmax, true);
  add_layer_norm(family);
  return family;
}

}  // namespace abax::cases

// Cases of ops/position.h.
#include "ops/position.h"

#include <cmath>

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

using At = std::vector<std::int64_t>;

/// The angle of dimension i of `width` at a position.
double angle(double position, std::int64_t i, std::int64_t width) {
  return position / std::pow(10000., 2. * static_cast<double>(i) / static_cast<double>(width));
}

/// first, of all items or of this one.
double start_of(const Reference& first, std::int64_t item) {
  return first.values[first.shape.rank() == 0 ? 0 : static_cast<std::size_t>(item)];
}

Reference sinusoids(const Reference& first, std::int64_t time, std::int64_t width) {
  Shape shape{time, width};
  if (first.shape.rank() == 1) shape = shape.inserted(1, first.shape[0]);
  return generate(shape, [&](const At& at) {
    const double position = start_of(first, at[1]) + static_cast<double>(at[0]);
    const std::int64_t half = width / 2, i = at.back();
    return i < half ? std::sin(angle(position, i, width))
                    : std::cos(angle(position, i - half, width));
  });
}

/// Su et al. 2021, eq. 34: each pair as a complex number, times e^(i angle).
Reference rotated(const Reference& x, std::int64_t heads, const Reference& first) {
  const std::int64_t width = x.shape[2] / heads, half = width / 2;
  return generate(x.shape, [&](const At& at) {
    const double position = start_of(first, at[1]) + static_cast<double>(at[0]);
    const std::int64_t i = at[2] % width, pair = i % half, head = at[2] - i;
    const double turn = angle(position, pair, width);
    const double a = element(x, {at[0], at[1], head + pair});
    const double b = element(x, {at[0], at[1], head + pair + half});
    return i < half ? a * std::cos(turn) - b * std::sin(turn)
                    : b * std::cos(turn) + a * std::sin(turn);
  });
}

}  // namespace

Family position_family() {
  Family family{.name = "position", .cases = {}, .bad = {}};
  auto& cases = family.cases;
  const auto add_positions = [&](Shape first, std::int64_t time, std::int64_t width) {
    cases.push_back(
        {.name = str_cat("sinusoidal_positions/", first, " ", Shape{time, width}),
         .arguments = {{first, i32, 0, 3000}},
         .build = [=](auto x) { return std::vector{sinusoidal_positions(x[0], time, width)}; },
         .reference =
             [=](std::span<const Reference> x) {
               return std::vector{sinusoids(x[0], time, width)};
             },
         .tolerance = 1e-7,
         .gradient = false});
  };
  add_positions({}, 7, 10);
  add_positions({}, 1, 2);
  add_positions({}, 0, 4);
  add_positions({}, 3, 0);
  add_positions({}, 129, 130);
  add_positions({5}, 3, 6);
  add_positions({0}, 3, 6);
  const auto add_rotary = [&](Shape x, std::int64_t heads, Shape first) {
    cases.push_back({.name = str_cat("rotary/", x, " heads ", heads, " first ", first),
                     .arguments = {{x}, {first, i32, 0, 500}},
                     .build = [=](auto x) { return std::vector{rotary(x[0], heads, x[1])}; },
                     .reference =
                         [=](std::span<const Reference> x) {
                           return std::vector{rotated(x[0], heads, x[1])};
                         }});
  };
  add_rotary({5, 3, 24}, 2, {});
  add_rotary({5, 3, 24}, 2, {3});
  add_rotary({4, 2, 2}, 1, {});
  add_rotary({1, 1, 64}, 1, {1});
  add_rotary({0, 3, 8}, 2, {});
  add_rotary({3, 0, 8}, 2, {0});
  add_rotary({9, 2, 198}, 3, {});   // 33 pairs a head
  add_rotary({70, 7, 80}, 2, {7});  // several pieces
  cases.push_back({.name = "rotary/first a number",
                   .arguments = {{{5, 3, 24}}},
                   .build = [](auto x) { return std::vector{rotary(x[0], 2, 17)}; },
                   .reference =
                       [](std::span<const Reference> x) {
                         return std::vector{rotated(x[0], 2, {{}, {17}})};
                       }});
  cases.push_back(
      {.name = "rotary/twice, one table",
       .arguments = {{{5, 3, 24}}, {{}, i32, 0, 9}},
       .build = [](auto x) { return std::vector{rotary(rotary(x[0], 2, x[1]), 2, x[1])}; },
       .reference =
           [](std::span<const Reference> x) {
             return std::vector{rotated(rotated(x[0], 2, x[1]), 2, x[1])};
           }});

  const auto bad = [&](std::string name, std::vector<Argument> arguments, auto build,
                       std::vector<std::string> words) {
    family.bad.push_back({name, arguments, build, std::move(words)});
  };
  bad("sinusoidal_positions/odd width", {{{}, i32}},
      [](auto x) { sinusoidal_positions(x[0], 4, 5); }, {"sinusoidal_positions", "even", "5"});
  bad("sinusoidal_positions/first f32", {{{}}}, [](auto x) { sinusoidal_positions(x[0], 4, 6); },
      {"sinusoidal_positions", "f32[]"});
  bad("rotary/rank", {{{4, 8}}, {{}, i32}}, [](auto x) { rotary(x[0], 2, x[1]); },
      {"rotary", "f32[4, 8]", "2 heads"});
  bad("rotary/odd heads", {{{4, 1, 6}}, {{}, i32}}, [](auto x) { rotary(x[0], 2, x[1]); },
      {"rotary", "f32[4, 1, 6]", "2 heads", "even"});
  bad("rotary/other batch", {{{4, 3, 8}}, {{2}, i32}}, [](auto x) { rotary(x[0], 2, x[1]); },
      {"rotary", "f32[4, 3, 8]", "i32[2]"});
  bad("rotary/first f32", {{{4, 3, 8}}, {{}}}, [](auto x) { rotary(x[0], 2, x[1]); },
      {"first i32[] or i32[batch]", "f32[]"});
  return family;
}

}  // namespace abax::cases

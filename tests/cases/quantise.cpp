// Cases of ops/quantise.h.
#include "ops/quantise.h"

#include <cmath>
#include <limits>

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

/// The definition: the first row of the book at the least sum of squared differences.
Reference plain_nearest(const Reference& z, const Reference& book) {
  const std::int64_t width = book.shape[1];
  return generate(z.shape.without(-1), [&, row = std::int64_t{0}](const auto&) mutable {
    const double* x = z.values.data() + row++ * width;
    double best = std::numeric_limits<double>::infinity();
    std::int64_t code = 0;
    for (std::int64_t b = 0; b < book.shape[0]; ++b) {
      double distance = 0;
      for (std::int64_t k = 0; k < width; ++k) {
        const double d = x[k] - book.values[static_cast<std::size_t>(b * width + k)];
        distance += d * d;
      }
      if (distance < best) best = distance, code = b;
    }
    return static_cast<double>(code);
  });
}

void add_nearest(Family& family) {
  const auto add = [&](Shape z, Shape book) {
    family.cases.push_back(
        {.name = str_cat("nearest/", z, " in ", book),
         .arguments = {{.shape = z, .differentiable = false},
                       {.shape = book, .differentiable = false}},
         .build = [](auto x) { return std::vector{nearest(x[0], x[1])}; },
         .reference = [](auto x) { return std::vector{plain_nearest(x[0], x[1])}; }});
  };
  add({5}, {3, 5});
  add({7, 4}, {1, 4});
  add({0, 4}, {9, 4});
  add({2, 3, 17}, {33, 17});
  add({49, 3}, {97, 3});
  add({113, 64}, {512, 64});
  add({700, 1}, {50, 1});
  add({3, 0}, {4, 0});
  // Equal rows and halfway points, all exact: the first wins, across lanes and blocks.
  std::vector<double> same(100 * 2);
  for (std::size_t i = 0; i < same.size(); ++i) same[i] = static_cast<double>((i / 2 * 7) % 5);
  family.cases.push_back(
      {.name = "nearest/ties",
       .arguments = {{.shape = {6, 2}, .values = {0, 0, 1, 1, 2.5, 2.5, 3, 3, 4, 4, 0.5, 0.5}},
                     {.shape = {100, 2}, .values = same}},
       .build = [](auto x) { return std::vector{nearest(x[0], x[1])}; },
       .reference = [](auto x) { return std::vector{plain_nearest(x[0], x[1])}; },
       .gradient = false});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  family.cases.push_back({.name = "nearest/not numbers",
                          .arguments = {{.shape = {3, 2}, .values = {nan, 1, 1, nan, 5, 5}},
                                        {.shape = {3, 2}, .values = {nan, 0, 1, 1, 4, 4}}},
                          .build = [](auto x) { return std::vector{nearest(x[0], x[1])}; },
                          .reference = [](auto) -> std::vector<Reference> {
                            return {{{3}, {0, 0, 2}}};
                          },
                          .gradient = false});
  const auto bad = [&](std::string name, std::vector<Argument> arguments,
                       std::vector<std::string> words) {
    family.bad.push_back({"nearest/" + name, std::move(arguments),
                          [](auto x) { nearest(x[0], x[1]); }, std::move(words)});
  };
  bad("widths differ", {{{3, 4}}, {{9, 5}}}, {"nearest", "f32[3, 4]", "f32[9, 5]"});
  bad("an empty book", {{{3, 4}}, {{0, 4}}}, {"nearest", "at least one", "f32[0, 4]"});
  bad("of integers", {{{3, 4}, i32}, {{9, 4}}}, {"nearest", "i32[3, 4]"});
  bad("of a scalar", {{{}}, {{9, 4}}}, {"nearest", "f32[]"});
}

void add_unit_vectors(Family& family) {
  for (const Shape& shape : {Shape{5}, Shape{0, 3}, Shape{3, 0}, Shape{2, 3, 33}, Shape{301, 64}})
    family.cases.push_back({.name = str_cat("unit_vectors/", shape),
                            .arguments = {{shape}},
                            .build = [](auto x) { return std::vector{unit_vectors(x[0])}; },
                            .reference = [](auto x) -> std::vector<Reference> {
                              Reference y = x[0];
                              const auto width = static_cast<std::size_t>(y.shape.at(-1));
                              for (std::size_t row = 0; row + width <= y.values.size() && width > 0;
                                   row += width) {
                                double square = 0;
                                for (std::size_t i = row; i < row + width; ++i)
                                  square += y.values[i] * y.values[i];
                                for (std::size_t i = row; i < row + width; ++i)
                                  y.values[i] /= std::sqrt(square);
                              }
                              return {y};
                            }});
  family.cases.push_back(
      {.name = "unit_vectors/zero, tiny, long",
       .arguments = {{.shape = {4, 2}, .values = {0, 0, 1e-16, 0, 0, 1e-14, -3e15, 4e15}}},
       .build = [](auto x) { return std::vector{unit_vectors(x[0])}; },
       .reference = [](auto) -> std::vector<Reference> {
         return {{{4, 2}, {0, 0, 0, 0, 0, 1, -0.6, 0.8}}};
       },
       .gradient = false});
  family.bad.push_back({"unit_vectors/of integers",
                        {{{2, 3}, i32}},
                        [](auto x) { unit_vectors(x[0]); },
                        {"i32[2, 3]"}});
}

}  // namespace

Family quantise_family() {
  Family family{.name = "quantise", .cases = {}, .bad = {}};
  add_nearest(family);
  add_unit_vectors(family);
  // Its gradient is not that of its value: see tests/ops/quantise_test.cpp.
  for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{7, 33}})
    family.cases.push_back(
        {.name = str_cat("straight_through/", shape),
         .arguments = {{shape}, {shape}},
         .build = [](auto x) { return std::vector{straight_through(x[0], x[1])}; },
         .reference = [](auto x) { return std::vector{x[1]}; },
         .tolerance = 0,
         .gradient = false});
  family.bad.push_back({"straight_through/shapes differ",
                        {{{2, 3}}, {{3, 2}}},
                        [](auto x) { straight_through(x[0], x[1]); },
                        {"straight_through", "f32[2, 3]", "f32[3, 2]"}});
  // Random: what is drawn is tested there too.
  for (const auto& [rows, count] :
       {std::pair{5, 3}, std::pair{3, 7}, std::pair{0, 2}, std::pair{4, 0}, std::pair{2048, 512}})
    family.cases.push_back(
        {.name = str_cat("random_rows/", count, " of ", rows),
         .arguments = {{{rows}, f32, -1, 1}},
         .build = [count = count](auto x) { return std::vector{random_rows(x[0], count)}; },
         .reference = {},
         .gradient = false});
  family.bad.push_back({"random_rows/weights of two axes",
                        {{{2, 3}}},
                        [](auto x) { random_rows(x[0], 4); },
                        {"random_rows", "f32[2, 3]"}});
  family.bad.push_back({"random_rows/a negative count",
                        {{{2}}},
                        [](auto x) { random_rows(x[0], -4); },
                        {"random_rows", "-4"}});
  return family;
}

}  // namespace abax::cases

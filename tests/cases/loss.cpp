// Cases of ops/loss.h.
#include "ops/loss.h"

#include <cmath>

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

/// -log of the softmax against the smoothed target, (1 - s) at the target and s / classes
/// everywhere, summed; and how many targets count.
std::vector<Reference> plain_cross_entropy(std::span<const Reference> x,
                                           CrossEntropyOptions options) {
  const auto classes = static_cast<std::size_t>(x[0].shape.at(-1));
  const double smoothing = double{options.smoothing};
  double sum = 0, count = 0;
  for (std::size_t row = 0; row < x[1].values.size(); ++row) {
    if (x[1].values[row] == options.ignored) continue;
    const double* logits = x[0].values.data() + row * classes;
    double exponentials = 0;
    for (std::size_t i = 0; i < classes; ++i) exponentials += std::exp(logits[i]);
    for (std::size_t i = 0; i < classes; ++i) {
      const bool hit = static_cast<double>(i) == x[1].values[row];
      const double wanted = (hit ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
      sum -= wanted * std::log(std::exp(logits[i]) / exponentials);
    }
    ++count;
  }
  return {{{}, {sum}}, {{}, {count}}};
}

Case cross_entropy_case(std::string name, Shape logits, CrossEntropyOptions options, double low) {
  const auto classes = static_cast<double>(logits.at(-1));
  return {.name = "cross_entropy/" + name,
          .arguments = {{logits, f32, -3, 3}, {logits.without(-1), i32, low, classes}},
          .build = [=](auto x) { return std::vector{cross_entropy(x[0], x[1], options).sum}; },
          .reference = [=](auto x) -> std::vector<Reference> {
            return {plain_cross_entropy(x, options)[0]};
          }};
}

/// The same with the count, which has no gradient.
Case counted(Case row, CrossEntropyOptions options) {
  row.name += ", counted";
  row.build = [=](auto x) {
    const Loss loss = cross_entropy(x[0], x[1], options);
    return std::vector{loss.sum, loss.count};
  };
  row.reference = [=](auto x) { return plain_cross_entropy(x, options); };
  row.gradient = false;
  return row;
}

}  // namespace

Family loss_family() {
  Family family{.name = "loss", .cases = {}, .bad = {}};
  for (const Shape& shape : {Shape{5}, Shape{4, 1}, Shape{3, 2, 33}, Shape{9, 65}, Shape{70, 1027}})
    for (const float smoothing : {0.f, 0.1f})
      family.cases.push_back(cross_entropy_case(str_cat(shape, " smoothing ", smoothing), shape,
                                                {.smoothing = smoothing}, 0));
  for (const float smoothing : {0.f, 0.25f, 1.f}) {
    const CrossEntropyOptions options{.smoothing = smoothing};
    for (const Case& row :
         {cross_entropy_case(str_cat("some ignored, smoothing ", smoothing), {12, 3}, options, -1),
          cross_entropy_case(str_cat("none, smoothing ", smoothing), {0, 7}, options, -1)}) {
      family.cases.push_back(row);
      family.cases.push_back(counted(row, options));
    }
  }
  family.cases.push_back(
      cross_entropy_case("ignored class 0", {3, 4, 5}, {.ignored = 0, .smoothing = 0.1f}, 0));
  family.cases.push_back(
      {.name = "cross_entropy/all ignored",
       .arguments = {{{3, 5}}, {.shape = {3}, .dtype = i32, .values = {-1, -1, -1}}},
       .build =
           [](auto x) {
             const Loss loss = cross_entropy(x[0], x[1]);
             return std::vector{loss.sum, mean(loss)};
           },
       .reference = [](auto) -> std::vector<Reference> {
         return {{{}, {0}}, {{}, {0}}};
       }});
  family.cases.push_back({.name = "cross_entropy/far from zero",
                          .arguments = {{.shape = {2, 2}, .values = {1e4, 1e4 + 1, -1e4, -2e4}},
                                        {.shape = {2}, .dtype = i32, .values = {0, 1}}},
                          .build =
                              [](auto x) {
                                const Loss loss = cross_entropy(x[0], x[1]);
                                return std::vector{loss.sum, loss.count};
                              },
                          .reference = [](auto) -> std::vector<Reference> {
                            return {{{}, {std::log(1 + std::exp(1.)) + 1e4}}, {{}, {2}}};
                          },
                          .gradient = false});
  // The distances are 0, -1 and 0, -1e4; half of the target is spread.
  family.cases.push_back(
      {.name = "cross_entropy/smoothed, far from zero",
       .arguments = {{.shape = {2, 2}, .values = {1e7, 1e7 + 1, -1e7, -1e7 - 10000}},
                     {.shape = {2}, .dtype = i32, .values = {0, 1}}},
       .build =
           [](auto x) { return std::vector{cross_entropy(x[0], x[1], {.smoothing = 0.5f}).sum}; },
       .reference = [](auto) -> std::vector<Reference> {
         return {{{}, {std::log(1 + std::exp(-1.)) + 0.75 + 7500}}};
       },
       .gradient = false});
  family.cases.push_back(
      {.name = "mean/of a loss",
       .arguments = {{{6, 10}}, {{6}, i32, -1, 10}},
       .build = [](auto x) { return std::vector{mean(cross_entropy(x[0], x[1]))}; },
       .reference = [](auto x) -> std::vector<Reference> {
         const auto loss = plain_cross_entropy(x, {});
         return {{{}, {loss[0].values[0] / loss[1].values[0]}}};
       }});
  const auto build = [](auto x) { cross_entropy(x[0], x[1]); };
  family.bad = {
      {"cross_entropy/other rows",
       {{{4, 9}}, {{5}, i32}},
       build,
       {"cross_entropy", "[4, 9]", "[5]"}},
      {"cross_entropy/targets f32", {{{4, 9}}, {{4}}}, build, {"cross_entropy", "f32[4]"}},
      {"cross_entropy/logits i32",
       {{{4, 9}, i32}, {{4}, i32}},
       build,
       {"cross_entropy", "i32[4, 9]"}},
      {"cross_entropy/no classes", {{{4, 0}}, {{4}, i32}}, build, {"cross_entropy", "[4, 0]"}},
      {"cross_entropy/smoothing above 1",
       {{{4, 9}}, {{4}, i32}},
       [](auto x) { cross_entropy(x[0], x[1], {.smoothing = 1.5f}); },
       {"smoothing", "[0, 1]", "1.5"}},
      {"cross_entropy/of a scalar", {{{}}, {{}, i32}}, build, {"cross_entropy", "f32[]"}},
  };
  return family;
}

}  // namespace abax::cases

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

/// Row by row: the loss and the log-sum-exp.
std::vector<Reference> plain_rows(std::span<const Reference> x, CrossEntropyOptions options) {
  const auto classes = x[0].shape.at(-1);
  std::vector<Reference> result(2, {x[1].shape, {}});
  for (std::size_t row = 0; row < x[1].values.size(); ++row) {
    const auto begin = x[0].values.begin() + static_cast<std::ptrdiff_t>(row) * classes;
    const Reference one[] = {{{classes}, {begin, begin + classes}}, {{}, {x[1].values[row]}}};
    result[0].values.push_back(plain_cross_entropy(one, options)[0].values[0]);
    double sum = 0;
    for (const double logit : one[0].values) sum += std::exp(logit);
    result[1].values.push_back(std::log(sum));
  }
  return result;
}

void add_rows(Family& family) {
  for (const Shape& shape : {Shape{5}, Shape{4, 1}, Shape{3, 2, 33}, Shape{0, 7}, Shape{70, 1027}})
    for (const float smoothing : {0.f, 0.1f}) {
      const CrossEntropyOptions options{.smoothing = smoothing};
      Case row{
          .name = str_cat("cross_entropy_rows/", shape, " smoothing ", smoothing),
          .arguments = {{shape, f32, -3, 3},
                        {shape.without(-1), i32, -1, static_cast<double>(shape.at(-1))}},
          .build =
              [=](auto x) { return std::vector{cross_entropy_rows(x[0], x[1], options).loss}; },
          .reference = [=](auto x) -> std::vector<Reference> {
            return {plain_rows(x, options)[0]};
          }};
      family.cases.push_back(row);
      row.name += ", with log-sum-exp";
      row.build = [=](auto x) {
        const CrossEntropyRows rows = cross_entropy_rows(x[0], x[1], options);
        return std::vector{rows.loss, rows.log_sum_exp};
      };
      row.reference = [=](auto x) { return plain_rows(x, options); };
      row.gradient = false;
      family.cases.push_back(row);
    }
  family.bad.push_back({"cross_entropy_rows/other rows",
                        {{{4, 9}}, {{5}, i32}},
                        [](auto x) { cross_entropy_rows(x[0], x[1]); },
                        {"cross_entropy_rows", "[4, 9]", "[5]"}});
}

using Elements = double (*)(double output, double target);

/// The sum over all elements and the count, both weighted where there is a third argument.
std::vector<Reference> plain_elements(std::span<const Reference> x, Elements f) {
  double sum = 0, count = 0;
  Positions positions(x[0].shape);
  for (std::int64_t i = 0; i < x[0].shape.size(); ++i, positions.next()) {
    const double weight = x.size() > 2 ? element(x[2], positions.at()) : 1;
    sum += weight * f(element(x[0], positions.at()), element(x[1], positions.at()));
    count += weight;
  }
  return {{{}, {sum}}, {{}, {count}}};
}

/// Of mse and of binary cross-entropy.
void add_elements(Family& family, std::string name, Loss (*op)(Operand, Operand, Value), Elements f,
                  double range, double low) {
  const auto add = [&](std::string of, std::vector<Argument> arguments) {
    const auto build = [op](auto x) {
      const Loss loss = op(x[0], x[1], x.size() > 2 ? x[2] : Value());
      return std::vector{loss.sum, loss.count};
    };
    family.cases.push_back({.name = str_cat(name, "/", of),
                            .arguments = std::move(arguments),
                            .build = build,
                            .reference = [f](auto x) { return plain_elements(x, f); },
                            .tolerance = 1e-5});
  };
  const auto pair = [&](Shape shape) {
    return std::vector<Argument>{{shape, f32, -range, range}, {shape, f32, low, 1}};
  };
  for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{7, 5}, Shape{65, 1027}})
    add(str_cat(shape), pair(shape));
  const std::pair<std::string, Argument> weights[] = {
      {"weights", {{6, 9}, f32, 0, 2}},
      {"a weight a row", {{6, 1}, f32, 0, 2}},
      {"a mask", {.shape = {6, 9}, .dtype = u8, .low = 0, .high = 2}},
      {"one weight", {.shape = {}, .values = {0.5}}}};
  for (const auto& [of, argument] : weights) {
    auto arguments = pair({6, 9});
    arguments.push_back(argument);
    add(of, arguments);
  }
  const auto refused = [&](std::string of, std::vector<Argument> arguments,
                           std::vector<std::string> words) {
    family.bad.push_back({str_cat(name, "/", of), std::move(arguments),
                          [op](auto x) { op(x[0], x[1], x.size() > 2 ? x[2] : Value()); },
                          std::move(words)});
  };
  refused("not broadcast", {{{4, 1}}, {{4}}}, {name, "f32[4, 1]", "f32[4]"});
  refused("integers", {{{4}}, {{4}, i32}}, {name, "i32[4]"});
  refused("weights of more", {{{4}}, {{4}}, {{3, 4}}}, {name, "weights", "f32[3, 4]", "[4]"});
  refused("weights of others", {{{4}}, {{4}}, {{3}}}, {name, "weights", "f32[3]", "[4]"});
}

double plain_binary(double x, double t) {
  return std::max(x, 0.) - x * t + std::log1p(std::exp(-std::abs(x)));
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
  add_rows(family);
  add_elements(
      family, "mse", mse, [](double y, double t) { return (y - t) * (y - t); }, 2, -1);
  add_elements(family, "binary_cross_entropy", binary_cross_entropy, plain_binary, 4, 0);
  // Nothing overflows, nothing cancels, and the slope at a logit of 0 is 1/2 - t.
  family.cases.push_back(
      {.name = "binary_cross_entropy/far from 0 and at 0",
       .arguments = {{.shape = {6}, .values = {-200, -20, 0, 0, 20, 200}},
                     {.shape = {6}, .differentiable = false, .values = {0, 0, 0, 1, 1, 1}}},
       .build = [](auto x) { return std::vector{binary_cross_entropy(x[0], x[1]).sum}; },
       .reference = [](auto x) -> std::vector<Reference> {
         return {plain_elements(x, plain_binary)[0]};
       }});
  family.cases.push_back(
      {.name = "binary_cross_entropy/small beside large logits",
       .arguments = {{.shape = {1}, .values = {20}},
                     {.shape = {1}, .values = {1}},
                     {.shape = {}, .values = {1e9}}},
       .build = [](auto x) { return std::vector{binary_cross_entropy(x[0], x[1], x[2]).sum}; },
       .reference = [](auto) -> std::vector<Reference> {
         return {{{}, {1e9 * std::log1p(std::exp(-20.))}}};
       },
       .gradient = false});
  return family;
}

}  // namespace abax::cases

// Cases of ops/elementwise.h.
#include "ops/elementwise.h"

#include <cmath>

#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "ops/reduce.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

const double infinity = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

using Builder = Value (*)(Operand);
using Builder2 = Value (*)(Operand, Operand);

/// One operand, at sizes that are and are not a multiple of the SIMD width.
template <class F>
void add_unary(std::vector<Case>& cases, std::string name, Builder op, F f, double low, double high,
               double tolerance = 2e-6) {
  for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{7, 5}, Shape{33, 2049}})
    cases.push_back({.name = str_cat(name, "/", shape),
                     .arguments = {{shape, f32, low, high}},
                     .build = [op](auto x) { return std::vector{op(x[0])}; },
                     .reference = reference_of(f),
                     .tolerance = tolerance});
}

/// Values at which the function is more than a formula. No gradients: these are kinks and poles.
template <class F>
Case special(std::string name, Builder op, F f, std::vector<double> values) {
  const Shape shape{static_cast<std::int64_t>(values.size())};
  return {.name = name + "/special values",
          .arguments = {{.shape = shape, .values = std::move(values)}},
          .build = [op](auto x) { return std::vector{op(x[0])}; },
          .reference = reference_of(f),
          .gradient = false};
}

/// Two operands: alike, broadcast along each side, with a scalar, with nothing in them.
template <class F>
void add_binary(std::vector<Case>& cases, std::string name, Builder2 op, F f, double low,
                double high, DType dtype = f32) {
  const bool gradient = dtype == f32;
  const std::pair<Shape, Shape> shapes[] = {
      {{7, 5}, {7, 5}}, {{3, 1, 5}, {4, 1}},     {{9}, {}}, {{1, 17}, {19, 1}}, {{0, 3}, {3}},
      {{6, 33}, {33}},  {{65, 1027}, {65, 1027}}};
  for (const auto& [a, b] : shapes)
    cases.push_back({.name = str_cat(name, "/", dtype, " ", a, " ", b),
                     .arguments = {{a, dtype, low, high}, {b, dtype, low, high}},
                     .build = [op](auto x) { return std::vector{op(x[0], x[1])}; },
                     .reference = reference_of(f),
                     .gradient = gradient});
}

/// A number on either side.
template <class F>
void add_number(std::vector<Case>& cases, std::string name, Builder2 op, F f, float number,
                double low, double high, DType dtype = f32, bool gradient = true) {
  cases.push_back({.name = str_cat(name, "/", dtype, " and a number"),
                   .arguments = {{{3, 13}, dtype, low, high}},
                   .build = [=](auto x) { return std::vector{op(x[0], number)}; },
                   .reference = reference_of([=](double x) { return f(x, number); }),
                   .gradient = gradient});
  cases.push_back({.name = str_cat(name, "/a number and ", dtype),
                   .arguments = {{{3, 13}, dtype, low, high}},
                   .build = [=](auto x) { return std::vector{op(number, x[0])}; },
                   .reference = reference_of([=](double x) { return f(number, x); }),
                   .gradient = gradient});
}

void add_arithmetic(std::vector<Case>& cases) {
  const auto plus = [](double a, double b) { return a + b; };
  const auto minus = [](double a, double b) { return a - b; };
  const auto times = [](double a, double b) { return a * b; };
  const auto over = [](double a, double b) { return a / b; };
  const auto least = [](double a, double b) { return a != a || b != b ? nan : a < b ? a : b; };
  const auto most = [](double a, double b) { return a != a || b != b ? nan : a > b ? a : b; };
  add_binary(cases, "operator+", operator+, plus, -2, 2);
  add_binary(cases, "operator-", operator-, minus, -2, 2);
  add_binary(cases, "operator*", operator*, times, -2, 2);
  add_binary(cases, "operator/", operator/, over, 0.5, 2);
  add_binary(cases, "minimum", minimum, least, -2, 2);
  add_binary(cases, "maximum", maximum, most, -2, 2);
  add_number(cases, "operator+", operator+, plus, 1.5f, -2, 2);
  add_number(cases, "operator-", operator-, minus, 1.5f, -2, 2);
  add_number(cases, "operator*", operator*, times, 1.5f, -2, 2);
  add_number(cases, "operator/", operator/, over, 1.5f, 0.5, 2);
  add_number(cases, "minimum", minimum, least, 0.3f, -2, 2);
  add_number(cases, "maximum", maximum, most, 0.3f, -2, 2);
  const std::tuple<std::string, Builder2, std::function<double(double, double)>> integer[] = {
      {"operator+", operator+, plus},
      {"operator-", operator-, minus},
      {"operator*", operator*, times},
      {"minimum", minimum, least},
      {"maximum", maximum, most}};
  for (const auto& [name, op, f] : integer) {
    add_binary(cases, name, op, f, -50, 50, i32);
    add_number(cases, name, op, f, 3, -50, 50, i32, false);
  }
  cases.push_back({.name = "operator*/an i64 size",
                   .arguments = {{{3, 13}}},
                   .build = [](auto x) { return std::vector{x[0] * x[0].shape().size()}; },
                   .reference = reference_of([](double x) { return 39 * x; })});
  for (const std::int64_t number : {16777217, 1073741825})  // no floats
    cases.push_back(
        {.name = str_cat("operator+/exact beside i32, ", number - 1, " + 1"),
         .arguments = {{.shape = {2}, .dtype = i32, .values = {-16777216, 5}}},
         .build = [=](auto x) { return std::vector{x[0] + number}; },
         .reference = reference_of([=](double x) { return x + static_cast<double>(number); }),
         .gradient = false});
  for (const auto& [name, op, f] : {std::tuple{"minimum", Builder2{minimum}, std::function(least)},
                                    {"maximum", Builder2{maximum}, std::function(most)}})
    cases.push_back({.name = str_cat(name, "/infinities and NaN"),
                     .arguments = {{.shape = {6}, .values = {1, nan, 1, -infinity, infinity, nan}},
                                   {.shape = {6}, .values = {nan, 1, infinity, 1, -infinity, nan}}},
                     .build = [op = op](auto x) { return std::vector{op(x[0], x[1])}; },
                     .reference = reference_of(f),
                     .gradient = false});
}

void add_comparisons(std::vector<Case>& cases) {
  const std::tuple<std::string, Builder2, std::function<double(double, double)>> all[] = {
      {"less", less, [](double a, double b) { return a < b; }},
      {"less_equal", less_equal, [](double a, double b) { return a <= b; }},
      {"greater", greater, [](double a, double b) { return a > b; }},
      {"greater_equal", greater_equal, [](double a, double b) { return a >= b; }},
      {"equal", equal, [](double a, double b) { return a == b; }},
      {"not_equal", not_equal, [](double a, double b) { return a != b; }}};
  for (const auto& [name, op, f] : all) {
    for (const DType dtype : {f32, i32}) {
      cases.push_back({.name = str_cat(name, "/", dtype, " broadcast"),
                       .arguments = {{{5, 1, 9}, dtype, -3, 3}, {{4, 1}, dtype, -3, 3}},
                       .build = [op = op](auto x) { return std::vector{op(x[0], x[1])}; },
                       .reference = reference_of(f),
                       .gradient = false});
      add_number(cases, name, op, f, 2, -4, 5, dtype, false);
    }
    for (const int number : {16777217, 2147483647, -2147483647})  // none of them a float
      cases.push_back(
          {.name = str_cat(name, "/i32 and the number ", number),
           .arguments = {{.shape = {6},
                          .dtype = i32,
                          .values = {16777216, 16777217, 16777218, 2147483647, 2147483646,
                                     -2147483647}}},
           .build = [op = op, number](auto x) { return std::vector{op(x[0], number)}; },
           .reference = reference_of([f = f, number](double x) { return f(x, number); }),
           .gradient = false});
    cases.push_back({.name = str_cat(name, "/equals, infinities and NaN"),
                     .arguments = {{{35}}, {{35}}},
                     .build = [op = op](auto x) { return std::vector{op(x[0], x[1])}; },
                     .reference = reference_of(f),
                     .gradient = false});
    const double values[] = {0, -0., 1, nan, infinity, -infinity, 1e-40};
    for (int i = 0; i < 35; ++i) {
      cases.back().arguments[0].values.push_back(values[i % 7]);
      cases.back().arguments[1].values.push_back(values[i % 5]);
    }
  }
}

std::vector<Reference> select_reference(std::span<const Reference> x) {
  const Shape shape = broadcast(broadcast(x[0].shape, x[1].shape), x[2].shape);
  return {generate(shape, [&](const auto& at) {
    return element(x[0], at) != 0 ? element(x[1], at) : element(x[2], at);
  })};
}

void add_selection(std::vector<Case>& cases) {
  const auto build = [](auto x) { return std::vector{where(x[0], x[1], x[2])}; };
  for (const DType dtype : {f32, i32, u8})
    cases.push_back(
        {.name = str_cat("where/", dtype, " broadcast"),
         .arguments = {{{3, 1, 11}, u8, 0, 3}, {{4, 1}, dtype, 0, 9}, {{}, dtype, 0, 9}},
         .build = build,
         .reference = select_reference,
         .gradient = dtype == f32});
  cases.push_back({.name = "where/large",
                   .arguments = {{{301, 111}, u8, 0, 2}, {{301, 111}}, {{301, 111}}},
                   .build = build,
                   .reference = select_reference});
  cases.push_back({.name = "where/or a number",
                   .arguments = {{{29}, u8, 0, 2}, {{29}}},
                   .build = [](auto x) { return std::vector{where(x[0], x[1], 2.5)}; },
                   .reference = reference_of([](double c, double a) { return c != 0 ? a : 2.5; })});
  cases.push_back({.name = "where/a number or",
                   .arguments = {{{29}, u8, 0, 2}, {{29}}},
                   .build = [](auto x) { return std::vector{where(x[0], 2.5, x[1])}; },
                   .reference = reference_of([](double c, double b) { return c != 0 ? 2.5 : b; })});
  cases.push_back(
      {.name = "where/an integer or",
       .arguments = {{{29}, u8, 0, 2}, {{29}, i32, -9, 9}},
       .build = [](auto x) { return std::vector{where(x[0], 16777217, x[1])}; },
       .reference = reference_of([](double c, double b) { return c != 0 ? 16777217 : b; })});
  cases.push_back({.name = "where/two numbers",
                   .arguments = {{{29}, u8, 0, 2}},
                   .build = [](auto x) { return std::vector{where(x[0], 2.5, -1)}; },
                   .reference = reference_of([](double c) { return c != 0 ? 2.5 : -1; })});
}

void add_casts(std::vector<Case>& cases) {
  const auto saturated = [](double x, double low, double high) {
    return x != x ? 0 : std::trunc(std::min(std::max(x, low), high));
  };
  const std::vector<double> floats = {0,        0.5,       -0.5,       1.75, -1.75, 255.9,
                                      256,      1e9,       -1e9,       3e9,  -3e9,  nan,
                                      infinity, -infinity, 2147483520, -7,   300};
  const auto shape = Shape{static_cast<std::int64_t>(floats.size())};
  const auto add = [&](std::string name, Argument argument, DType to, auto f) {
    cases.push_back({.name = "cast/" + name,
                     .arguments = {std::move(argument)},
                     .build = [to](auto x) { return std::vector{cast(x[0], to)}; },
                     .reference = reference_of(f),
                     .gradient = false});
  };
  const auto to_i32 = [=](double x) { return saturated(x, -2147483648., 2147483647.); };
  const auto to_u8 = [=](double x) { return saturated(x, 0, 255); };
  const auto same = [](double x) { return x; };
  add("f32 to i32", {.shape = shape, .values = floats}, i32, to_i32);
  add("f32 to u8", {.shape = shape, .values = floats}, u8, to_u8);
  add("f32 to f32", {{41}}, f32, same);
  add("i32 to f32", {{41}, i32, -2e9, 2e9}, f32, same);
  add("i32 to u8", {{41}, i32, -300, 300}, u8, to_u8);
  add("u8 to f32", {{41}, u8, 0, 256}, f32, same);
  add("u8 to i32", {{41}, u8, 0, 256}, i32, same);
  cases.push_back({.name = "cast/large",
                   .arguments = {{{70001}, f32, -300, 300}},
                   .build = [](auto x) { return std::vector{cast(cast(x[0], i32), f32)}; },
                   .reference = reference_of([](double x) { return std::trunc(x); }),
                   .gradient = false});
}

void add_functions(std::vector<Case>& cases) {
  const auto gelu_of = [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.))); };
  const auto softplus_of = [](double x) {
    return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
  };
  const auto sigmoid_of = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto relu_of = [](double x) { return x <= 0 ? 0 : x; };
  add_unary(
      cases, "operator-", operator-, [](double x) { return -x; }, -2, 2);
  add_unary(
      cases, "square", square, [](double x) { return x * x; }, -2, 2);
  add_unary(
      cases, "abs", abs, [](double x) { return std::abs(x); }, -2, 2);
  add_unary(cases, "relu", relu, relu_of, -2, 2);
  add_unary(
      cases, "sqrt", sqrt, [](double x) { return std::sqrt(x); }, 0.1, 4);
  add_unary(
      cases, "rsqrt", rsqrt, [](double x) { return 1 / std::sqrt(x); }, 0.1, 4);
  add_unary(
      cases, "exp", exp, [](double x) { return std::exp(x); }, -8, 4);
  add_unary(
      cases, "log", log, [](double x) { return std::log(x); }, 0.05, 30);
  add_unary(
      cases, "tanh", tanh, [](double x) { return std::tanh(x); }, -4, 4);
  add_unary(cases, "sigmoid", sigmoid, sigmoid_of, -8, 8);
  add_unary(cases, "softplus", softplus, softplus_of, -20, 20);
  add_unary(cases, "gelu", gelu, gelu_of, -6, 6);
  cases.push_back(special("relu", relu, relu_of, {0, -0., nan, infinity, -infinity, 1e-40}));
  cases.push_back(special("exp", exp, [](double x) { return std::exp(x); },
                          {0, -0., nan, infinity, -infinity, -80, 80, -200, 200}));
  cases.push_back(special("log", log, [](double x) { return std::log(x); },
                          {0, 1, nan, infinity, -1, 1e-30, 1e30}));
  cases.push_back(special("tanh", tanh, [](double x) { return std::tanh(x); },
                          {0, nan, infinity, -infinity, 30, -30, 1e-20}));
  cases.push_back(
      special("sigmoid", sigmoid, sigmoid_of, {0, nan, infinity, -infinity, 80, -80, 200, -200}));
  cases.push_back(
      special("gelu", gelu, gelu_of, {0, -0., nan, infinity, 20, -20, 1e30, -1e30, 1e-30}));
  cases.push_back(
      special("softplus", softplus, softplus_of, {0, nan, infinity, 200, -200, 80, -80}));
  for (const Shape& shape : {Shape{}, Shape{7, 5}, Shape{0}})
    cases.push_back(
        {.name = str_cat("clamp/", shape),
         .arguments = {{shape, f32, -2, 2}},
         .build = [](auto x) { return std::vector{clamp(x[0], -0.5f, 0.75f)}; },
         .reference = reference_of([](double x) { return std::min(std::max(x, -0.5), 0.75); })});
}

/// What the gradient is where the function has a kink: the reference cannot tell, so that the
/// gradient is an output of the row, of the sum of op(x, y).
Case kinks(std::string name, std::function<Value(std::span<const Value>)> op,
           std::vector<std::vector<double>> arguments, std::vector<std::vector<double>> gradient) {
  const Shape shape{static_cast<std::int64_t>(arguments[0].size())};
  Case row{.name = name + "/gradient at kinks",
           .arguments = {},
           .build = [op](auto x) { return gradients(sum(op(x)), x); },
           .reference =
               [=](std::span<const Reference>) {
                 std::vector<Reference> result;
                 for (const auto& values : gradient) result.push_back({shape, values});
                 return result;
               },
           .tolerance = 0,
           .gradient = false};
  for (const auto& values : arguments) row.arguments.push_back({.shape = shape, .values = values});
  return row;
}

void add_kinks(std::vector<Case>& cases) {
  cases.push_back(kinks("relu", [](auto x) { return relu(x[0]); }, {{-1, 0, 1}}, {{0, 0, 1}}));
  cases.push_back(kinks("abs", [](auto x) { return abs(x[0]); }, {{-1, 0, 1}}, {{-1, 0, 1}}));
  cases.push_back(kinks("clamp", [](auto x) { return clamp(x[0], -1, 2); }, {{-1.5, -1, 0, 2, 3}},
                        {{0, 1, 1, 1, 0}}));
  cases.push_back(kinks("minimum", [](auto x) { return minimum(x[0], x[1]); },
                        {{1, 2, 3}, {2, 2, 2}}, {{1, 0.5, 0}, {0, 0.5, 1}}));
  cases.push_back(kinks("maximum", [](auto x) { return maximum(x[0], x[1]); },
                        {{1, 2, 3}, {2, 2, 2}}, {{0, 0.5, 1}, {1, 0.5, 0}}));
  // The gradient of what is not chosen is 0, whatever its value.
  cases.push_back(kinks("where", [](auto x) { return where(greater(x[0], 0), x[0], 2 * x[1]); },
                        {{1, -infinity}, {nan, 3}}, {{1, 0}, {0, 2}}));
}

/// Distribution function of the standard normal, whose inverse is tested.
double normal_distribution(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.)); }

/// Bisection: slow, but nothing like the polynomials under test.
double normal_quantile_of(double p) {
  double low = -10, high = 10;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (normal_distribution(middle) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

Family elementwise_family() {
  Family family{.name = "elementwise", .cases = {}, .bad = {}};
  add_arithmetic(family.cases);
  add_comparisons(family.cases);
  add_selection(family.cases);
  add_casts(family.cases);
  add_functions(family.cases);
  add_kinks(family.cases);
  family.cases.push_back({.name = "normal_quantile",
                          .arguments = {{{257}, f32, 1e-6, 1}},
                          .build = [](auto x) { return std::vector{normal_quantile(x[0])}; },
                          .reference = reference_of(normal_quantile_of),
                          .tolerance = 2e-5,
                          .gradient = false});

  const std::vector<Argument> differing = {{{2, 3}}, {{2, 4}}};
  const auto bad2 = [&](std::string name, Builder2 op, std::string op_name) {
    family.bad.push_back({.name = name + "/shapes",
                          .arguments = differing,
                          .build = [op](auto x) { op(x[0], x[1]); },
                          .words = {op_name, "[2, 3]", "[2, 4]", "do not broadcast"}});
    family.bad.push_back({.name = name + "/element types",
                          .arguments = {{{2, 3}}, {{2, 3}, i32}},
                          .build = [op](auto x) { op(x[0], x[1]); },
                          .words = {op_name, "f32", "i32"}});
  };
  bad2("operator+", operator+, "add");
  bad2("operator-", operator-, "subtract");
  bad2("operator*", operator*, "multiply");
  bad2("operator/", operator/, "divide");
  bad2("minimum", minimum, "minimum");
  bad2("less", less, "less");
  bad2("greater", greater, "less");
  family.bad.push_back({.name = "operator+/of the line that calls it",
                        .arguments = differing,
                        .build = [](auto x) { x[0] + x[1]; },
                        .words = {"tests/cases/elementwise.cpp:" + std::to_string(__LINE__ - 1)}});
  family.bad.push_back({.name = "exp/of integers",
                        .arguments = {{{3}, i32}},
                        .build = [](auto x) { exp(x[0]); },
                        .words = {"exp", "f32", "i32"}});
  family.bad.push_back({.name = "where/condition of floats",
                        .arguments = {{{3}}, {{3}}, {{3}}},
                        .build = [](auto x) { where(x[0], x[1], x[2]); },
                        .words = {"where", "u8", "f32"}});
  const auto beside_integers = [&](std::string name, auto build, std::string number) {
    family.bad.push_back({.name = name,
                          .arguments = {{{3}, i32}, {{3}, u8}},
                          .build = build,
                          .words = {"i32[3]", "integer", number}});
  };
  beside_integers(
      "operator+/a fraction beside i32", [](auto x) { x[0] + 2.5; }, "2.5");
  beside_integers(
      "operator*/too large beside i32", [](auto x) { std::int64_t{3000000000} * x[0]; }, "3e+09");
  beside_integers(
      "less/too small beside i32", [](auto x) { less(x[0], -3e9); }, "-3e+09");
  beside_integers(
      "where/a fraction beside i32", [](auto x) { where(x[1], x[0], 0.5); }, "0.5");
  family.bad.push_back({.name = "clamp/bounds in the wrong order",
                        .arguments = {{{3}}},
                        .build = [](auto x) { clamp(x[0], 2, 1); },
                        .words = {"clamp", "low", "2", "1"}});
  return family;
}

}  // namespace abax::cases

// Cases of ops/reduce.h.
#include "ops/reduce.h"

#include <cmath>

#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

const double infinity = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

using At = std::vector<std::int64_t>;
using Fold = std::function<double(const std::vector<double>&)>;
using Builder = std::function<Value(Operand, std::initializer_list<int>, Keep)>;

double sum_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += value;
  return sum;
}
double mean_of(const std::vector<double>& x) { return sum_of(x) / static_cast<double>(x.size()); }
double max_of(const std::vector<double>& x) {
  double greatest = -infinity;
  for (const double value : x)
    if (value > greatest || value != value) greatest = value;
  return greatest;
}
double logsumexp_of(const std::vector<double>& x) {
  const double greatest = max_of(x);
  if (std::isinf(greatest)) return greatest;
  double sum = 0;
  for (const double value : x) sum += std::exp(value - greatest);
  return std::log(sum) + greatest;
}

/// `fold` of the elements that share a position on the other axes, in row-major order.
Reference fold_axes(const Reference& x, const std::vector<int>& axes, Keep keep, const Fold& fold) {
  Shape kept = x.shape;
  for (const int axis : axes) kept = kept.with(axis, 1);
  std::vector<std::vector<double>> parts(static_cast<std::size_t>(kept.size()));
  Positions positions(x.shape);
  for (const double value : x.values) {
    std::int64_t index = 0;
    for (int axis = 0; axis < kept.rank(); ++axis)
      index = index * kept[axis] +
              (kept[axis] == 1 ? 0 : positions.at()[static_cast<std::size_t>(axis)]);
    parts[static_cast<std::size_t>(index)].push_back(value);
    positions.next();
  }
  Reference result{kept, {}};
  for (const auto& part : parts) result.values.push_back(fold(part));
  if (keep == Keep::none) {
    std::vector<int> marks(static_cast<std::size_t>(x.shape.rank()), 0);
    for (const int axis : axes) marks[static_cast<std::size_t>(x.shape.axis(axis))] = 1;
    for (int axis = x.shape.rank() - 1; axis >= 0; --axis)
      if (marks[static_cast<std::size_t>(axis)]) result.shape = result.shape.without(axis);
  }
  return result;
}

struct Which {
  Shape shape;
  std::initializer_list<int> axes;
  Keep keep = Keep::none;
  bool gradient = true;
};

void add(std::vector<Case>& cases, const std::string& name, const Builder& op, const Fold& fold) {
  static const Which all[] = {
      {{7, 5}, {1}},
      {{7, 5}, {0}},
      {{7, 5}, {-1}, Keep::axes},
      {{7, 5}, {0, 1}},
      {{7, 5}, {1, 0}, Keep::axes},
      {{7, 5}, {}},
      {{1, 9, 1}, {0, 2}},
      {{3, 4, 5, 2}, {0, 2}},
      {{3, 4, 5, 2}, {1, -1}, Keep::axes},
      {{3, 0, 5}, {2}},
      {{3, 0, 5}, {1}, Keep::none, false},
      {{0}, {0}, Keep::axes, false},
      {{19, 3001}, {1}},
      {{301, 700}, {0}},
      {{2, 150, 300}, {1}, Keep::axes},
      {{65, 33, 17}, {0, 2}},
  };
  for (const Which& which : all) {
    const std::vector<int> axes(which.axes);
    cases.push_back({.name = str_cat(name, "/", which.shape, " over ", axes.size(), " axes",
                                     axes.empty() ? "" : str_cat(" from ", axes[0]),
                                     which.keep == Keep::axes ? ", kept" : ""),
                     .arguments = {{which.shape, f32, -3, 3}},
                     .build = [=](auto x) { return std::vector{op(x[0], which.axes, which.keep)}; },
                     .reference =
                         [=](std::span<const Reference> x) {
                           return std::vector{fold_axes(x[0], axes, which.keep, fold)};
                         },
                     .tolerance = 2e-5,
                     .gradient = which.gradient});
  }
}

/// Over all axes, by the overload without a list.
Case over_all(std::string name, Value (*op)(Operand), const Fold& fold, Shape shape) {
  return {.name = str_cat(name, "/all of ", shape),
          .arguments = {{shape, f32, -3, 3}},
          .build = [=](auto x) { return std::vector{op(x[0])}; },
          .reference =
              [=](std::span<const Reference> x) {
                return std::vector{Reference{{}, {fold(x[0].values)}}};
              },
          .tolerance = 2e-5};
}

Case special(std::string name, Value (*op)(Operand), const Fold& fold, std::vector<double> values) {
  Case row = over_all(std::move(name), op, fold, {static_cast<std::int64_t>(values.size())});
  row.name += str_cat(" special values ", values[0], ", ", values[1]);
  row.arguments[0].values = std::move(values);
  row.gradient = false;
  return row;
}

double argmax_of(const std::vector<double>& x) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < x.size(); ++i)
    if (x[best] == x[best] && (x[i] > x[best] || x[i] != x[i])) best = i;
  return static_cast<double>(best);
}

void add_argmax(std::vector<Case>& cases, Shape shape, int axis, Keep keep,
                std::vector<double> values = {}) {
  cases.push_back(
      {.name = str_cat("argmax/", shape, " along ", axis, values.empty() ? "" : ", special",
                       keep == Keep::axes ? ", kept" : ""),
       .arguments = {{.shape = shape, .low = -3, .high = 3, .values = values}},
       .build = [=](auto x) { return std::vector{argmax(x[0], axis, keep)}; },
       .reference =
           [=](std::span<const Reference> x) {
             return std::vector{fold_axes(x[0], {axis}, keep, argmax_of)};
           },
       .gradient = false});
}

/// The gradient of a maximum with equals: shared evenly. The central difference of the reference
/// knows nothing of that, so the reference is the op's gradient itself, as an ordinary output.
Case shared_gradient() {
  return {.name = "max/equal maxima share the gradient",
          .arguments = {{.shape = {2, 4}, .values = {1, 3, 3, 2, 5, 5, 5, 5}}},
          .build =
              [](auto x) {
                const Value total = sum(max(x[0], {1}));
                return gradients(total, {x[0]});
              },
          .reference =
              [](std::span<const Reference>) {
                return std::vector<Reference>{{{2, 4}, {0, 0.5, 0.5, 0, 0.25, 0.25, 0.25, 0.25}}};
              },
          .gradient = false};
}

}  // namespace

Family reduce_family() {
  Family family{.name = "reduce", .cases = {}, .bad = {}};
  auto& cases = family.cases;
  const auto op = [](auto function) {
    return
        [function](Operand x, const AxisList& axes, Keep keep) { return function(x, axes, keep); };
  };
  using Function = Value (*)(Operand, const AxisList&, Keep);
  add(cases, "sum", op(static_cast<Function>(sum)), sum_of);
  add(cases, "mean", op(static_cast<Function>(mean)), mean_of);
  add(cases, "max", op(static_cast<Function>(max)), max_of);
  add(cases, "logsumexp", op(static_cast<Function>(logsumexp)), logsumexp_of);
  for (const Shape& shape : {Shape{}, Shape{3, 4}, Shape{300, 301}}) {
    cases.push_back(over_all("sum", sum, sum_of, shape));
    cases.push_back(over_all("mean", mean, mean_of, shape));
    cases.push_back(over_all("max", max, max_of, shape));
    cases.push_back(over_all("logsumexp", logsumexp, logsumexp_of, shape));
  }
  cases.push_back(special("max", max, max_of, {1, nan, 7, infinity}));
  cases.push_back(special("max", max, max_of, {-infinity, -infinity}));
  cases.push_back(special("logsumexp", logsumexp, logsumexp_of, {-infinity, -infinity, -infinity}));
  cases.push_back(special("logsumexp", logsumexp, logsumexp_of, {infinity, 3, -infinity}));
  cases.push_back(special("logsumexp", logsumexp, logsumexp_of, {-infinity, 3, 1}));
  cases.push_back(special("logsumexp", logsumexp, logsumexp_of, {1000, 1001, 999}));
  cases.push_back(special("logsumexp", logsumexp, logsumexp_of, {-1000, -1001, -999}));
  cases.push_back(shared_gradient());
  // An axis as a number; axes that are computed.
  const auto along = [&](std::string name, auto build, std::vector<int> axes, const Fold& fold) {
    cases.push_back({.name = std::move(name),
                     .arguments = {{{3, 4, 5}, f32, -3, 3}},
                     .build = [=](auto x) { return std::vector<Value>{build(x[0])}; },
                     .reference =
                         [=](std::span<const Reference> x) {
                           return std::vector{fold_axes(x[0], axes, Keep::none, fold)};
                         }});
  };
  along(
      "sum/one axis", [](Value x) { return sum(x, -1); }, {-1}, sum_of);
  along(
      "logsumexp/one axis", [](Value x) { return logsumexp(x, 1); }, {1}, logsumexp_of);
  const std::vector<int> computed = {0, 2};
  along(
      "mean/a vector of axes", [=](Value x) { return mean(x, computed); }, computed, mean_of);
  along(
      "max/a span of axes", [=](Value x) { return max(x, std::span(computed).last(1)); }, {2},
      max_of);
  along(
      "sum/a vector of no axes", [](Value x) { return sum(x, std::vector<int>()); }, {}, sum_of);

  add_argmax(cases, {7, 5}, 1, Keep::none);
  add_argmax(cases, {7, 5}, 0, Keep::axes);
  add_argmax(cases, {3, 4, 5}, 1, Keep::none);
  add_argmax(cases, {3, 4, 5}, -1, Keep::axes);
  add_argmax(cases, {0, 5}, 1, Keep::none);
  add_argmax(cases, {50, 2001}, 1, Keep::none);
  add_argmax(cases, {200, 700}, 0, Keep::none);
  const std::vector<double> values = {
      1, 3,   3,        2,         nan,       5,         nan,       5,
      0, nan, infinity, -infinity, -infinity, -infinity, -infinity, -infinity};
  add_argmax(cases, {4, 4}, 1, Keep::none, values);
  add_argmax(cases, {4, 4}, 0, Keep::none, values);

  const auto bad = [&](std::string name, Argument argument, auto build,
                       std::vector<std::string> words) {
    family.bad.push_back({name, {argument}, build, std::move(words)});
  };
  bad("sum/no such axis", {{4, 6}}, [](auto x) { sum(x[0], {2}); }, {"sum", "axis 2", "[4, 6]"});
  bad("mean/an axis twice", {{4, 6}}, [](auto x) { mean(x[0], {1, -1}); }, {"axis -1", "twice"});
  bad("max/of integers", {{4, 6}, i32}, [](auto x) { max(x[0]); }, {"max", "f32", "i32[4, 6]"});
  bad("logsumexp/no such axis", {{4, 6}}, [](auto x) { logsumexp(x[0], {-3}); },
      {"logsumexp", "axis -3", "[4, 6]"});
  bad("argmax/of nothing", {{4, 0}}, [](auto x) { argmax(x[0], 1); },
      {"argmax", "[4, 0]", "no elements"});
  bad("argmax/no such axis", {{4, 6}}, [](auto x) { argmax(x[0], 2); }, {"axis 2", "[4, 6]"});
  return family;
}

}  // namespace abax::cases

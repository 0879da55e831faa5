// Every row of the case table: values and gradients against the double reference, at every SIMD
// level, bitwise the same for 1 to 8 threads and with all passes off; wrong arguments refused.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/base/random.h"
#include "tests/cases/instance.h"
#include "tests/graph/refusal.h"

namespace abax::cases {
namespace {

constexpr int thread_counts[] = {1, 2, 4, 8};
constexpr int checked_elements = 24;  // of each argument's gradient
constexpr double least_slope = 5e-7;  // what rounding leaves of 0

Workers& workers(int threads) {
  static Workers one(1), two(2), four(4), eight(8);
  return threads == 1 ? one : threads == 2 ? two : threads == 4 ? four : eight;
}

std::vector<double> as_doubles(TensorView tensor) {
  const auto copy = [](const auto& elements) {
    return std::vector<double>(elements.begin(), elements.end());
  };
  if (tensor.type.dtype == f32) return copy(tensor.as<float>());
  if (tensor.type.dtype == i32) return copy(tensor.as<std::int32_t>());
  return copy(tensor.as<std::uint8_t>());
}

Tensor copy_of(TensorView tensor) {
  Tensor result(tensor.type);
  if (result.bytes() > 0) std::memcpy(result.data(), tensor.data, result.bytes());
  return result;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

/// Runs `plan` of the instance and copies the values out.
std::vector<Tensor> run(Instance& instance, const std::shared_ptr<const Plan>& plan,
                        const std::vector<Value>& values, int threads) {
  Execution execution(plan, instance.store(), workers(threads));
  instance.bind(execution);
  // Random ops count the runs of the store: each execution is to be the first.
  for (const auto& [label, runs] : instance.store().all_runs()) instance.store().runs(label) = 0;
  execution.run();
  std::vector<Tensor> results;
  for (const Value& value : values) results.push_back(copy_of(execution.get(value)));
  return results;
}

/// The results at `level`, after comparing those of all thread counts and of the plain plan
/// bitwise.
std::vector<Tensor> run_all_ways(Instance& instance, const std::vector<Value>& values,
                                 Level level) {
  CompileOptions options;
  options.level = level;
  const auto plan = instance.plan(options);
  std::vector<Tensor> first = run(instance, plan, values, thread_counts[0]);
  const auto compare = [&](const std::vector<Tensor>& others, const std::string& how) {
    for (std::size_t i = 0; i < first.size(); ++i)
      CHECK_MESSAGE(same_bits(first[i], others[i]), "result ", i, " differs ", how);
  };
  for (const int threads : thread_counts)
    compare(run(instance, plan, values, threads), str_cat("with ", threads, " threads"));
  CompileOptions plain = CompileOptions::plain();
  plain.level = level;
  compare(run(instance, instance.plan(plain), values, 2), "with all passes off");
  return first;
}

/// Beyond the greatest float the result is to be infinite.
bool near(double got, double expected, double tolerance) {
  if (std::isinf(static_cast<float>(expected))) return got == static_cast<float>(expected);
  if (std::isnan(expected)) return std::isnan(got);
  return std::abs(got - expected) <= tolerance * (1 + std::abs(expected));
}

/// Counts the elements that are not near, and says where the first of them is.
void check_near(const std::vector<double>& got, const std::vector<double>& expected,
                double tolerance, const std::string& what) {
  REQUIRE_MESSAGE(got.size() == expected.size(), what);
  for (std::size_t i = 0; i < got.size(); ++i)
    if (!near(got[i], expected[i], tolerance)) {
      CHECK_MESSAGE(false, what, " at ", i, ": got ", got[i], ", expected ", expected[i]);
      return;
    }
}

std::vector<Reference> references(const Instance& instance) {
  std::vector<Reference> result;
  for (const Tensor& tensor : instance.arguments())
    result.push_back({tensor.shape(), as_doubles(tensor.view())});
  return result;
}

void check_values(const Case& row, const Instance& instance, const std::vector<Tensor>& got) {
  const std::vector<Reference> expected = row.reference(references(instance));
  REQUIRE(expected.size() == instance.outputs().size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(got[i].shape() == expected[i].shape);
    const double tolerance = got[i].dtype() == f32 ? row.tolerance : 0;
    check_near(as_doubles(got[i].view()), expected[i].values, tolerance, str_cat("output ", i));
  }
}

/// The sum of all f32 outputs of the reference, weighted as the instance's loss.
double weighted_sum(const Case& row, const Instance& instance,
                    const std::vector<Reference>& arguments) {
  const std::vector<Reference> outputs = row.reference(arguments);
  double sum = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (instance.outputs()[i].dtype() != f32) continue;
    const auto weights = instance.weights()[i].as<float>();
    for (std::size_t j = 0; j < weights.size(); ++j) sum += weights[j] * outputs[i].values[j];
  }
  return sum;
}

/// One element of an argument's gradient.
struct Slope {
  std::size_t at = 0;
  double got = 0, expected = 0;
};

/// Each relative to the greatest: a fault shows though all slopes are small.
void check_slopes(const std::vector<Slope>& slopes, double tolerance, std::size_t argument) {
  double greatest = 0;
  for (const Slope& slope : slopes) greatest = std::max(greatest, std::abs(slope.expected));
  const double allowed = tolerance * greatest + least_slope;
  for (const Slope& slope : slopes)
    CHECK_MESSAGE(std::abs(slope.got - slope.expected) <= allowed, "gradient of argument ",
                  argument, " at ", slope.at, ": got ", slope.got, ", expected ", slope.expected,
                  ", the greatest is ", greatest);
}

void check_gradients(const Case& row, const Instance& instance, const std::vector<Tensor>& got) {
  std::vector<Reference> arguments = references(instance);
  std::size_t next = instance.outputs().size();
  for (std::size_t a = 0; a < arguments.size(); ++a) {
    if (!instance.gradients()[a]) continue;
    const Tensor& gradient = got[next++];
    REQUIRE(gradient.shape() == arguments[a].shape);
    std::vector<double>& x = arguments[a].values;
    Random random(stream_key(3, row.name, str_cat(a)));
    const bool all = x.size() <= checked_elements;
    std::vector<Slope> slopes;
    for (std::size_t n = 0; n < (all ? x.size() : checked_elements); ++n) {
      const std::size_t i =
          all ? n : static_cast<std::size_t>(random.below(static_cast<std::int64_t>(x.size())));
      const double before = x[i];
      const double step = 1e-5 * (1 + std::abs(before));
      x[i] = before + step;
      const double above = weighted_sum(row, instance, arguments);
      x[i] = before - step;
      const double below = weighted_sum(row, instance, arguments);
      x[i] = before;
      const double expected = (above - below) / (2 * step);
      slopes.push_back({i, gradient.as<float>()[i], expected});
    }
    check_slopes(slopes, row.gradient_tolerance, a);
  }
}

/// The same bits where each argument is an intermediate value, whose memory the op may take over.
void check_dying(Instance& dying, Level level, const std::vector<Tensor>& expected) {
  CompileOptions options;
  options.level = level;
  const std::vector<Tensor> results = run(dying, dying.plan(options), dying.results(), 2);
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK_MESSAGE(same_bits(expected[i], results[i]), "result ", i, " differs over its arguments");
}

void check_row(const Case& row) {
  const bool with_gradients = row.gradient && row.reference;
  Instance forward(row, false), dying(row, false, Arguments::intermediate);
  std::unique_ptr<Instance> both, both_dying;
  if (with_gradients) {
    both = std::make_unique<Instance>(row, true);
    both_dying = std::make_unique<Instance>(row, true, Arguments::intermediate);
  }
  for (const Level level : available_levels()) {
    INFO("level ", name_of(level));
    const std::vector<Tensor> alone = run_all_ways(forward, forward.results(), level);
    if (row.reference) check_values(row, forward, alone);
    check_dying(dying, level, alone);
    if (!with_gradients) continue;
    const std::vector<Tensor> results = run_all_ways(*both, both->results(), level);
    for (std::size_t i = 0; i < alone.size(); ++i)
      CHECK_MESSAGE(same_bits(alone[i], results[i]), "output ", i, " differs beside its gradient");
    check_dying(*both_dying, level, results);
    check_gradients(row, *both, results);
  }
}

/// What the message should hold: the row's words, the scope, and the place of the call.
void check_refused(const BadCase& row) {
  Variables store;
  Graph graph(store);
  std::vector<Value> inputs;
  for (std::size_t i = 0; i < row.arguments.size(); ++i)
    inputs.push_back(
        graph.input(str_cat("argument", i), row.arguments[i].shape, row.arguments[i].dtype));
  const auto scope = graph.scope("outer_scope");
  const std::string message = test::refusal([&] { row.build(inputs); });
  for (const std::string& word : row.words)
    CHECK_MESSAGE(message.find(word) != std::string::npos, "no '", word, "' in: ", message);
  CHECK_MESSAGE(message.find("outer_scope") != std::string::npos, "no scope in: ", message);
  CHECK_MESSAGE(message.find("tests/cases/") != std::string::npos, "no place in: ", message);
}

}  // namespace

// Run a single family or row with --subcase=<its name>*.
TEST_CASE("cases: values, gradients, levels, threads, passes") {
  for (const Family& family : families())
    for (const Case& row : family.cases) {
      SUBCASE(row.name.c_str()) {
        INFO(family.name, ": ", row.name);
        check_row(row);
      }
    }
}

TEST_CASE("cases: wrong arguments are refused when the node is built") {
  for (const Family& family : families())
    for (const BadCase& row : family.bad) {
      SUBCASE(row.name.c_str()) {
        INFO(family.name, ": ", row.name);
        check_refused(row);
      }
    }
}

}  // namespace abax::cases

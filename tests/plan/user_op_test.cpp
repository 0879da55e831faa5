// An op of a user's own, defined outside the library: forward, gradient, errors, fetched by its
// name.
#include <doctest/doctest.h>

#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/gradients.h"
#include "core/graph/graph.h"
#include "core/graph/sum.h"
#include "core/plan/execution.h"

namespace {

using namespace abax;

Value cumulative_sum(Operand x, bool reverse = false);

/// y[r, i] = x[r, 0] + ... + x[r, i]; reversed: x[r, i] + ... + x[r, n - 1].
class CumulativeSum final : public Op {
 public:
  explicit CumulativeSum(bool reverse) : reverse_(reverse) {}

  std::string_view name() const override { return "cumulative_sum"; }
  std::string attributes() const override { return str_cat("reverse=", reverse_); }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[0];
    if (x.dtype != f32 || x.shape.rank() != 2)
      throw ShapeError(str_cat("cumulative_sum takes f32 [rows, n], not ", x));
    return {x};
  }

  Kernel compile(const Signature& signature) const override {
    const std::int64_t rows = signature.inputs[0].shape[0], n = signature.inputs[0].shape[1];
    return {[rows, n, reverse = reverse_](const Call& call) {
      call.loop(rows, [&](std::int64_t row) {  // each row is a partition of its own
        const float* x = call.in<float>(0) + row * n;
        float* y = call.out<float>(0) + row * n;
        float sum = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          const std::int64_t at = reverse ? n - 1 - i : i;
          y[at] = sum += x[at];
        }
      });
    }};
  }

  // dL/dx[i] is the sum of dL/dy over all that x[i] was added to: the sum from the other end.
  std::vector<Value> vjp(const Vjp& vjp) const override {
    return {cumulative_sum(vjp.gradients[0], !reverse_)};
  }

  /// An element is read before it is written.
  bool may_overwrite(int, int) const override { return true; }

 private:
  bool reverse_;
};

Value cumulative_sum(Operand x, bool reverse) {
  const Value value = x.value();
  return value.graph().add_one(std::make_shared<CumulativeSum>(reverse), {value}, x.where());
}

std::vector<float> floats(const TensorView& view) {
  return {view.as<float>().begin(), view.as<float>().end()};
}

}  // namespace

TEST_CASE("a user's op: value, gradient, fetched by its scoped name") {
  for (const int threads : {1, 2}) {
    Variables store;
    Graph g(store);
    const Value x = g.input("x", {2, 3});
    const Value y = [&] {
      const auto scope = g.scope("model");
      return cumulative_sum(x);
    }();
    const Value loss = sum_to(y, {});
    const Value slope = gradients(loss, {x})[0];
    Workers workers(threads);
    Execution run(compile(g, {g.find("model/cumulative_sum"), loss, slope}), store, workers);
    const Tensor input = Tensor::of<float>({2, 3}, {1, 2, 3, 10, 20, 30});
    run.set("x", input);
    run.run();
    CHECK(floats(run.get("model/cumulative_sum")) == std::vector<float>{1, 3, 6, 10, 30, 60});
    CHECK(run.scalar(loss) == 110);
    CHECK(floats(run.get(slope)) == std::vector<float>{3, 2, 1, 3, 2, 1});
  }
}

TEST_CASE("a user's op: a wrong shape is refused where it is called, with the scope") {
  Variables store;
  Graph g(store);
  const Value x = g.input("x", {3});
  const auto scope = g.scope("model");
  try {
    cumulative_sum(x);
    FAIL("a vector was taken");
  } catch (const ShapeError& error) {
    const std::string message = error.what();
    CHECK(message.find("cumulative_sum takes f32 [rows, n], not f32[3]") != std::string::npos);
    CHECK(message.find("in model") != std::string::npos);
    CHECK(message.find("user_op_test.cpp") != std::string::npos);
  }
}

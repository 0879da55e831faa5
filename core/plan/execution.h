// A plan with a workspace: binds inputs, runs the steps, gives the outputs.
//
//     Workers workers;
//     Execution step(plan, store, workers);
//     step.set("tokens", tokens);      // kept by reference until the next set
//     step.run();
//     float loss = step.scalar(loss_value);
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/tensor.h"
#include "core/graph/graph.h"
#include "core/plan/compile.h"

namespace abax {

/// The arena and scratch of executions. Executions that never overlap in time may share one.
class Workspace;
std::shared_ptr<Workspace> make_workspace();

/// Used by one thread at a time; several executions of one plan may run in several threads, each
/// with its own workspace. Where they share a store, plans that assign must not run beside others.
class Execution {
 public:
  Execution(std::shared_ptr<const Plan> plan, Variables& store, Workers& workers,
            std::shared_ptr<Workspace> workspace = nullptr);
  ~Execution();
  Execution(Execution&&) noexcept;

  /// Whether the plan has this input: a graph's input that no output needs is none of its plan.
  bool reads(std::string_view input) const;

  /// Binds an input. The tensor must outlive its use and stay as it is during run(). Throws
  /// UsageError on an unknown name, another type, saying both, and on memory of the execution's own
  /// workspace (what get() gave), which run() writes to.
  void set(std::string_view input, const Tensor& tensor);
  void set(std::string_view input, const Tensor&& temporary) = delete;  // gone before run()
  void set(std::string_view input, TensorView tensor);
  /// A scalar f32 input; the number is copied.
  void set(std::string_view input, float number);

  /// Checks all inputs (bound, within their ranges), then runs the steps. A DataError or UsageError
  /// leaves every variable as it was. Allocates nothing after the first run.
  void run();

  /// An output, valid until the next run of this or of an execution that shares the workspace.
  /// Throws UsageError where the value was not among the outputs compiled for.
  TensorView get(Value output) const;
  TensorView get(std::string_view scoped_name) const;
  float scalar(Value output) const;

  const Plan& plan() const;

  /// Time, FLOP and bytes of each step are taken from now on (or no longer).
  void set_profiling(bool on);
  struct StepProfile {
    std::string op, scope;
    double seconds = 0;  // summed over runs
    double flops = 0;    // of all these runs
    double bytes = 0;
    std::int64_t runs = 0;
  };
  std::vector<StepProfile> profile() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The profile as a table: a row a step, an op or a scope, slowest first, with GFLOP/s and GB/s.
enum class ProfileBy : std::uint8_t { step, op, scope };
std::string profile_table(const Execution& execution, ProfileBy by);

}  // namespace abax

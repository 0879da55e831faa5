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
#include "core/base/source_location.h"
#include "core/base/tensor.h"
#include "core/graph/graph.h"
#include "core/graph/loss.h"
#include "core/plan/compile.h"

namespace abax {

/// The arena and scratch of executions. Executions that never overlap in time may share one.
class Workspace;
std::shared_ptr<Workspace> make_workspace();

/// Used by one thread at a time; several executions of one plan may run in several threads, each
/// with its own workspace. Where they share a store, plans that assign must not run beside others;
/// see sharing_parameters(). Store and workers must outlive it. Every member throws UsageError
/// where the execution was moved from; errors of what takes a name or value tell the caller's line.
class Execution {
 public:
  using Place = SourceLocation;

  /// Throws UsageError where the plan is null and where the store lacks one of its variables.
  Execution(std::shared_ptr<const Plan> plan, Variables& store, Workers& workers,
            std::shared_ptr<Workspace> workspace = nullptr, Place where = Place::current());
  ~Execution();
  Execution(Execution&&) noexcept;

  /// Whether the plan has this input: a graph's input that no output needs is none of its plan.
  bool reads(std::string_view input) const;

  /// Binds an input, given by its name or by the value that Graph::input() gave. The tensor must
  /// outlive its use and stay as it is during run(). Throws UsageError on an unknown name, a value
  /// that is no input of the plan, another type, saying both, and on memory that run() writes to:
  /// that of the execution's own workspace (what get() gave) or of a variable that the plan
  /// assigns.
  void set(std::string_view input, const Tensor& tensor, Place where = Place::current());
  void set(const Value& input, const Tensor& tensor, Place where = Place::current());
  void set(std::string_view input, const Tensor&& temporary) = delete;  // gone before run()
  void set(const Value& input, const Tensor&& temporary) = delete;
  void set(std::string_view input, TensorView tensor, Place where = Place::current());
  void set(const Value& input, TensorView tensor, Place where = Place::current());
  /// A scalar input; the number is copied. Throws UsageError too where an integer input is given
  /// what it cannot hold, and one of f32 a finite number beyond its range.
  void set(std::string_view input, double number, Place where = Place::current());
  void set(const Value& input, double number, Place where = Place::current());

  /// Checks all inputs (bound, within their ranges), then runs the steps. Updates of variables come
  /// last: what is thrown before them leaves every variable as it was, but caches that the plan
  /// writes rows of (Op::may_commit_early: write_rows), whose next run writes the same rows again.
  /// After a throw the next run draws the random numbers that this one would have. Throws DataError
  /// on values outside their range and on what a kernel refuses, naming the node, UsageError with
  /// the caller's line on inputs not set, where store or workers are gone, and where another run at
  /// the same time uses this execution, its workspace or the carried state that it assigns.
  /// Allocates nothing after the first run.
  void run(Place where = Place::current());

  /// An output, valid until the next run of this or of an execution that shares the workspace.
  /// Throws UsageError where the value was not among the outputs compiled for, before the first run
  /// and after one that threw, and where another execution has run in the workspace since.
  TensorView get(const Value& output, Place where = Place::current()) const;
  TensorView get(std::string_view scoped_name, Place where = Place::current()) const;
  /// An f32 output of one element.
  float scalar(const Value& output, Place where = Place::current()) const;
  /// sum / count of a loss both of whose values were compiled for, in double; 0 where nothing
  /// counts.
  double mean(const Loss& loss, Place where = Place::current()) const;

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
  State& state() const;
  std::unique_ptr<State> state_;
};

/// The profile as a table: a row a step, an op or a scope, slowest first, with GFLOP/s and GB/s.
enum class ProfileBy : std::uint8_t { step, op, scope };
std::string profile_table(const Execution& execution, ProfileBy by);

}  // namespace abax

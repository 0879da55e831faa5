// A plan in the making: values and steps in a linear order, which the passes rewrite one after
// another.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/graph/graph.h"

namespace abax {

/// Where the elements of a value come from.
enum class Source : std::uint8_t {
  computed,  // a step writes them
  input,     // bound by the caller
  variable,  // of the store, as it was at the beginning of the run
  constant,
  packed,  // a packed copy of a variable, kept across runs
};

struct ProgramValue {
  TensorType type;
  std::string name;  // scoped
  Source source = Source::computed;
  int index = -1;  // of the input, variable, constant or pack
  /// A view: a contiguous piece of another value, which is no view itself.
  int view_of = -1;
  std::int64_t byte_offset = 0;  // from the beginning of view_of
};

/// One kernel call: an op, an op with an epilogue, or a tile program alone (op is null then).
struct Step {
  std::shared_ptr<const Op> op;
  std::shared_ptr<const TileProgram> tiles;  // alone, or the op's epilogue
  std::vector<int> inputs;   // values: the op's own, then the epilogue's further operands
  std::vector<int> outputs;  // values
  std::vector<TensorType>
      op_outputs;                  // what the op itself gives; with an epilogue no longer values
  std::vector<std::string> nodes;  // scoped names of the nodes computed here, the op's first
  int own_inputs = 0;              // how many inputs are the op's own

  bool has_epilogue() const { return op && tiles; }
};

struct Program {
  struct Input {
    std::string name;
    TensorType type;
    Range range;
    int node = -1;  // of the graph
  };
  struct StoreVariable {
    std::string name;
    TensorType type;
  };
  /// `variable` (an index into `variables`) becomes `value` at the end of the run.
  struct Commit {
    int variable = -1;
    int value = -1;
    bool in_place = false;  // the value is computed in the variable's own memory
  };
  /// A value that can be fetched: by its place in the graph, or by its names.
  struct Output {
    int node = -1;
    int output = 0;
    int value = -1;
    std::vector<std::string> names;
  };
  /// Computed before the other steps, and only where the variable's version has changed.
  struct Pack {
    int variable = -1;
    Step step;
  };

  std::string label;
  std::vector<Input> inputs;
  std::vector<StoreVariable> variables;
  std::vector<std::shared_ptr<const Tensor>> constants;
  std::vector<Pack> packs;
  std::vector<ProgramValue> values;
  std::vector<Step> steps;
  std::vector<Commit> commits;
  std::vector<Output> outputs;

  ProgramValue& value(int id) { return values[static_cast<std::size_t>(id)]; }
  const ProgramValue& value(int id) const { return values[static_cast<std::size_t>(id)]; }
  Step& step(int index) { return steps[static_cast<std::size_t>(index)]; }
  const Step& step(int index) const { return steps[static_cast<std::size_t>(index)]; }
  int value_count() const { return static_cast<int>(values.size()); }
  int step_count() const { return static_cast<int>(steps.size()); }

  /// The value whose memory `id` lies in: itself, where it is no view.
  int root(int id) const { return value(id).view_of < 0 ? id : value(id).view_of; }
  /// Whether the run assigns the variable that `id` reads or is a view of.
  bool reads_assigned_variable(int id) const;
  /// Appends a computed value.
  int add_value(TensorType type, std::string name);
};

/// The types of some values, in order.
std::vector<TensorType> types_of(const Program& program, std::span<const int> values);
/// For each value the step that computes it (a view's is its root's), or -1.
std::vector<int> producers(const Program& program);
/// For each value the steps that read it or a view of it, ascending, at its root; empty at views.
std::vector<std::vector<int>> readers(const Program& program);
/// For each value whether it, or a view of it, is fetched or committed at the end; at its root.
std::vector<bool> kept_to_the_end(const Program& program);

}  // namespace abax

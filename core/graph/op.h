// The contract of an op: what a node computes, and what it offers to autodiff and to the compile
// passes.
//
// Users call free builder functions (matmul(a, b)); the classes derived from Op hide in source
// files. No pass, printer or executor names an op: they ask for the capabilities below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/level.h"
#include "core/base/parallel.h"
#include "core/base/shape.h"
#include "core/base/tile.h"

namespace abax {

class Graph;
class GraphPlace;
struct Leaf;

/// One output of a node of a graph. A cheap handle; the graph must outlive its use.
class Value {
 public:
  Value() = default;
  Value(Graph* graph, int node, int output);

  explicit operator bool() const { return place_ != nullptr; }
  /// Whether the graph is there: false where the value is empty and where its graph is gone.
  bool alive() const;
  /// Throws UsageError where the value is empty or its graph gone; so do type(), shape() and
  /// dtype().
  Graph& graph() const;
  /// Of the graph (Graph::serial), 0 where the value is empty. Known after the graph is gone, too.
  std::uint64_t serial() const { return serial_; }
  int node() const { return node_; }
  int output() const { return output_; }
  const TensorType& type() const;
  const Shape& shape() const { return type().shape; }
  DType dtype() const { return type().dtype; }

  /// Whether both are the same handle. Elements are compared by equal(a, b).
  friend bool operator==(const Value&, const Value&) = default;

 private:
  const GraphPlace* place_ = nullptr;
  std::uint64_t serial_ = 0;
  int node_ = -1;
  int output_ = 0;
};

/// What a kernel gets at each run. Pointers are valid for this call only.
struct Call {
  const void* const* inputs;  // the op's inputs, then the epilogue's further operands
  void* const* outputs;
  std::byte* scratch;  // as many bytes as the kernel asked for, 64-byte aligned
  Workers* workers;
  std::uint64_t seed;  // of the variable store
  std::uint64_t run;   // how often this plan's label ran before: the counter of random ops

  template <class T>
  const T* in(int i) const {
    return static_cast<const T*>(inputs[i]);
  }
  template <class T>
  T* out(int i) const {
    return static_cast<T*>(outputs[i]);
  }
  /// Fixed parts, shared out over the threads. See Workers::loop.
  void loop(std::int64_t count, FunctionRef<void(std::int64_t)> body) const {
    if (count == 1) return body(0);
    workers->loop(count, body);
  }
};

/// What a kernel knows when it is compiled: everything but the data.
struct Signature {
  std::vector<TensorType> inputs;  // the op's own
  std::vector<TensorType> outputs;
  Level level = Level::sse2;
  std::string label;  // the plan's
  std::string name;   // the node's scoped name; with the label it keys random numbers
  /// Set where a chain of elementwise ops was attached (only for ops that accept an epilogue): its
  /// operand 0 is output 0 as the op alone would give it; its further operands follow the op's own
  /// inputs in Call::inputs; the outputs of the program replace the op's outputs in Call::outputs.
  /// An output may share memory with one of those further operands (accumulation), or with none.
  std::shared_ptr<const TileProgram> epilogue;
};

/// An op, compiled for one signature. Order of accumulation depends on shapes and level alone.
struct Kernel {
  std::function<void(const Call&)> run;
  std::size_t scratch = 0;  // bytes
  /// Into how many parts run() cuts its work, where that is known and may be too few for all
  /// threads; 0: there are enough. Large steps of few parts may run beside each other.
  std::int64_t parts = 0;
};

struct Cost {
  double flops = 0;
  double bytes = 0;
};

/// Where an output is a contiguous piece of an input's memory.
struct ViewOf {
  int input = 0;
  std::int64_t byte_offset = 0;
};

/// What vjp gets. All values are of the graph that the gradient is built in.
struct Vjp {
  std::span<const Value> inputs;
  std::span<const Value> outputs;
  std::span<const Value> gradients;  // one an output; empty where nothing flows back
  std::vector<bool> wanted;          // one an input: whether a gradient for it is of use
};

class Op {
 public:
  virtual ~Op() = default;

  virtual std::string_view name() const = 0;
  /// What distinguishes two ops of the same class and name, completely and as text: "axis=1
  /// keep=0". Two ops with equal class, name, attributes, tile operation and inputs give equal
  /// outputs (if repeatable). Floats in full ("%a").
  virtual std::string attributes() const { return {}; }

  /// The types of the outputs, at least one. Throws ShapeError saying what was expected and all
  /// types that came.
  virtual std::vector<TensorType> infer(std::span<const TensorType> inputs) const = 0;
  virtual Kernel compile(const Signature& signature) const = 0;

  /// Gradients for the inputs, in order; an empty Value for one that gets none. The default throws
  /// UsageError: "op 'x' has no gradient".
  virtual std::vector<Value> vjp(const Vjp& vjp) const;

  // Capabilities.
  /// False for random ops: two equal ones are not merged.
  virtual bool repeatable() const { return true; }
  /// Not null for an elementwise op with one output: its tile instruction.
  virtual std::optional<TileProgram::Instruction> tile() const { return std::nullopt; }
  /// Where `output` is a piece of an input's memory: no step then, no copy.
  virtual std::optional<ViewOf> view(int output, std::span<const TensorType> inputs) const;
  /// Whether `output` may be written to the memory of `input` (same bytes) while that is still
  /// read.
  virtual bool may_overwrite(int output, int input) const;
  /// Whether `output`, assigned to a variable, may be written to the variable's memory before the
  /// run's last steps. A run that throws after that leaves the variable changed (the one exception
  /// to Execution::run()'s promise), which must do no harm: for caches, whose next run writes the
  /// same rows again.
  virtual bool may_commit_early(int) const { return false; }
  virtual bool accepts_epilogue() const { return false; }
  /// Work of one run; the default counts no FLOP and each input and output once.
  virtual Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs) const;
  /// Where input `i` is best read in a packed form: the op that packs it (one input, one output)
  /// and the op to use in this one's place, which reads the packed output as its input `i` and
  /// gives the same bits. Packs of variables are kept until the variable's version changes.
  struct Packing {
    std::shared_ptr<const Op> pack;
    std::shared_ptr<const Op> packed;
  };
  virtual std::optional<Packing> packing(int input, std::span<const TensorType> inputs) const;
  /// Not null for nodes without inputs that the executor binds: inputs, variables, constants.
  virtual const Leaf* leaf() const { return nullptr; }
};

}  // namespace abax

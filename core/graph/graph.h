// The graph: an append-only list of nodes, built by free functions over values.
//
//     Variables store(/*seed=*/1);
//     Graph g(store, Mode::train);
//     Value x = g.input("x", {32, 8});
//     Value y = matmul(x, g.parameter("weight", {8, 4}, init::glorot()));
//     auto plan = compile(g, {y});
#pragma once

#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/source_location.h"
#include "core/graph/graph_place.h"
#include "core/graph/op.h"
#include "core/graph/variables.h"

namespace abax {

/// What counts as a number beside values: any size of integer or floating point, but no bool and no
/// character (std::uint8_t and std::int8_t are integers).
template <class T>
concept OperandNumber =
    std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> &&
    !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char8_t> && !std::is_same_v<T, char16_t> &&
    !std::is_same_v<T, char32_t>;

/// A value or a number as an argument, with the caller's source line: `a + b`, `2 * a`, `matmul(a,
/// b)`. Layers pass the place on: `linear(Operand x, ...)` calls `matmul({x.value(), x.where()},
/// ...)`.
class Operand {
 public:
  Operand(Value value, SourceLocation where = SourceLocation::current())
      : value_(value), where_(where) {}
  template <OperandNumber T>
  Operand(T number, SourceLocation where = SourceLocation::current())
      : number_(static_cast<double>(number)), where_(where) {}
  /// `x * (a == b)` would be x times whether a and b are the same handle; equal(a, b) compares
  /// elements. Characters and pointers are no numbers either.
  template <class T>
  requires(std::is_scalar_v<T> && !OperandNumber<T>)
      Operand(T, SourceLocation = SourceLocation::current())
  = delete;

  bool is_number() const { return number_.has_value(); }
  /// 0 where it is a value. Throws UsageError on a finite number beyond the range of f32, which
  /// would become infinity; infinity itself is given as one.
  float number() const;
  /// The number where it is one of i32's.
  std::optional<std::int32_t> integer() const;
  /// Throws UsageError where it is a number, since no graph is known then, and where it is empty.
  Value value() const;
  /// The value, or the number as a constant of `graph`. Throws UsageError where it is a value that
  /// is empty or of another graph.
  Value value(Graph& graph) const;
  const SourceLocation& where() const { return where_; }

 private:
  Value value_;
  std::optional<double> number_;
  SourceLocation where_;
};

enum class Mode : std::uint8_t { train, evaluate };

/// Which values an input accepts: low <= x < high. Checked at each run, before anything is updated.
/// NaN is outside every range but `any`.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool bounded() const {
    return low > -std::numeric_limits<double>::infinity() ||
           high < std::numeric_limits<double>::infinity();
  }
};
template <class Low, class High>
Range values_in(Low low, High high) {
  return {static_cast<double>(low), static_cast<double>(high)};
}

/// What the executor binds to a node without inputs.
struct Leaf {
  enum class Kind : std::uint8_t { input, variable, constant };
  Kind kind = Kind::input;
  std::string name = {};  // of an input or variable
  TensorType type = {};
  Range range = {};   // of an input
  int variable = -1;  // index in the store
  std::shared_ptr<const Tensor> constant = {};
};

struct Node {
  std::shared_ptr<const Op> op;
  std::vector<Value> inputs;
  std::vector<TensorType> outputs;
  std::string name;  // scoped and unique in its graph: "lstm0/matmul", "lstm0/matmul.1"
  SourceLocation where;
};

/// A variable's new value, committed after the last reader of the old one.
struct Assignment {
  int variable = -1;
  Value value;
};

/// Built by one thread at a time; several threads may build graphs on one store.
class Graph {
 public:
  using Place = SourceLocation;

  /// `label` keys random numbers and carried state; the default is the mode's name. In an
  /// evaluation graph every parameter must exist in the store already. The store must outlive the
  /// graph's use: what asks for it later throws UsageError.
  explicit Graph(Variables& store, Mode mode = Mode::train, std::string label = {});
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /// The graph's number in this process, from 1; no other graph ever has it.
  std::uint64_t serial() const { return serial_; }
  /// Throws UsageError where the store is gone.
  Variables& store(Place where = Place::current()) const;
  Mode mode() const { return mode_; }
  bool training() const { return mode_ == Mode::train; }
  const std::string& label() const { return label_; }

  /// Data given at each run. The name is not scoped. Throws UsageError on a name used before and on
  /// a range that holds no number.
  Value input(std::string name, Shape shape, DType dtype = f32, Range range = {},
              Place where = Place::current());
  /// A trainable variable of the current scope, f32: the store's where it has one of that name,
  /// which must have this shape, else a new one. Throws UsageError on another shape, in an
  /// evaluation graph on an unknown name, and where this graph made it before: two layers of one
  /// name would share their weights unseen. To share a parameter, pass its value on.
  Value parameter(std::string_view name, Shape shape, const Initialiser& initialiser,
                  Place where = Place::current());
  /// The same without weight decay: for biases, norms.
  Value parameter_without_decay(std::string_view name, Shape shape, const Initialiser& initialiser,
                                Place where = Place::current());
  /// State that a checkpoint keeps and no optimiser touches: moments, counters.
  Value saved_state(std::string_view name, TensorType type, const Initialiser& initialiser,
                    Place where = Place::current());
  /// State of this plan's stream of data, zeros at first. Its full name is "label:scope/name": all
  /// graphs of one label on one store share it. Throws UsageError where another graph made it with
  /// another type (for another batch size, say); a label or store of its own is the remedy.
  Value carried_state(std::string_view name, TensorType type, Place where = Place::current());
  Value constant(Tensor value, Place where = Place::current());
  Value constant(float value, Place where = Place::current());

  /// `variable` (a value that parameter, saved_state or carried_state gave) becomes `value` at the
  /// end of each run. Reads within the run see the old value. Throws UsageError on a second
  /// assignment, another type, or a value that is empty or of another graph.
  void assign(Value variable, Value value, Place where = Place::current());

  /// Names made while the result lives are inside the scope: scope("lstm", 0) gives "lstm0/...".
  class Scope {
   public:
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    friend class Graph;
    explicit Scope(Graph& graph, std::string name);
    Graph& graph_;
    std::string before_;
  };
  [[nodiscard]] Scope scope(std::string_view name);
  [[nodiscard]] Scope scope(std::string_view name, int index);
  /// A scope given as a whole path ("encoder/lstm0"), whatever the current one is.
  [[nodiscard]] Scope scope_at(std::string path);
  /// "encoder/lstm0", or "" outside every scope.
  const std::string& current_scope() const { return scope_; }
  /// "\n  in decoder/block2, at models/layers/transformer.cpp:88": what an error of a function over
  /// ops ends with.
  std::string location(const Place& where) const;

  /// Gives a value a name of its own in the current scope, by which it can be found. Returns it.
  /// Throws UsageError on a name that is taken and on a value that is empty or of another graph.
  Value name(Value value, std::string_view name, Place where = Place::current());
  /// The value of that scoped name: a given one, or "node" / "node:output". Throws UsageError with
  /// the nearest name.
  Value find(std::string_view name, Place where = Place::current()) const;
  /// The names that name() gave, each with its value.
  const std::map<std::string, Value, std::less<>>& given_names() const { return named_; }

  /// Appends a node. What the op's infer throws comes out with scope and place added. Throws
  /// UsageError where it gives no type.
  std::vector<Value> add(std::shared_ptr<const Op> op, std::span<const Value> inputs, Place where);
  /// The same for ops with one output. Throws UsageError where there are more.
  Value add_one(std::shared_ptr<const Op> op, std::initializer_list<Value> inputs, Place where);

  const std::vector<Node>& nodes() const { return nodes_; }
  /// Throws UsageError where there is no such node.
  const Node& node(int index) const {
    if (index < 0 || static_cast<std::size_t>(index) >= nodes_.size()) throw_no_node(index);
    return nodes_[static_cast<std::size_t>(index)];
  }
  const std::vector<Assignment>& assignments() const { return assignments_; }
  /// The trainable, not frozen parameters of this graph, in order of appearance.
  std::vector<Value> parameters(Place where = Place::current()) const;
  /// The store's variable that a value reads. Throws UsageError where it reads none, and on a value
  /// that is empty or of another graph.
  Variable& variable(Value value, Place where = Place::current()) const;
  /// Throws UsageError where `value` is empty or of another graph; `what` begins the message:
  /// "assign: the new value".
  void require_own(const Value& value, std::string_view what, const Place& where) const;
  /// For values, which find the graph there.
  const GraphPlace& place() const { return *place_; }

 private:
  [[noreturn]] void throw_no_node(int index) const;
  Value leaf(Leaf leaf, std::string name, Place where);
  Value variable_leaf(std::string full_name, TensorType type, Role role,
                      const Initialiser& initialiser, Place where);
  std::string scoped(std::string_view name) const;
  std::string unique_node_name(std::string_view name);

  std::uint64_t serial_;
  GraphPlace* place_;
  Variables* store_;
  std::weak_ptr<const void> store_watch_;
  Mode mode_;
  std::string label_;
  std::string scope_;
  std::vector<Node> nodes_;
  std::vector<Assignment> assignments_;
  std::map<std::string, Value, std::less<>> named_;      // given names
  std::map<std::string, int, std::less<>> node_names_;   // node name -> node
  std::map<std::string, int, std::less<>> name_counts_;  // for the ".1" of a second one
  std::map<int, Value> variables_;                       // store index -> leaf
};

}  // namespace abax

// Building a graph: names, scopes, variables, and errors that say where.
#include "core/graph/graph.h"

#include <atomic>
#include <cmath>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/leaf.h"

namespace abax {

std::optional<std::int32_t> Operand::integer() const {
  using Limits = std::numeric_limits<std::int32_t>;
  if (!number_ || !(*number_ >= Limits::min() && *number_ <= Limits::max()) ||
      *number_ != std::trunc(*number_))
    return std::nullopt;
  return static_cast<std::int32_t>(*number_);
}

float Operand::number() const {
  const double number = number_.value_or(0);
  if (std::isfinite(number) && std::abs(number) > std::numeric_limits<float>::max())
    throw UsageError(str_cat("the number ", number,
                             " is beyond the range of f32, whose largest is ",
                             std::numeric_limits<float>::max(),
                             "; where infinity is meant, give "
                             "std::numeric_limits<float>::infinity()\n  at ",
                             place_of(where_)));
  return static_cast<float>(number);
}

Value Operand::value() const {
  if (is_number())
    throw UsageError(str_cat("a value of a graph is needed here, not the number ", number(),
                             "\n  at ", place_of(where_)));
  if (!value_)
    throw UsageError(
        str_cat("a value of a graph is needed here, not an empty one\n  at ", place_of(where_)));
  if (!value_.alive())
    throw UsageError(
        str_cat("the graph of this value is gone; keep it as long as its values are used\n  at ",
                place_of(where_)));
  return value_;
}

Value Operand::value(Graph& graph) const {
  if (is_number()) return graph.constant(number(), where_);
  if (value().serial() != graph.serial())
    throw UsageError(
        str_cat("values of two graphs cannot meet in one op\n  at ", place_of(where_)));
  return value_;
}

std::string_view LeafOp::name() const {
  switch (leaf_.kind) {
    case Leaf::Kind::input:
      return "input";
    case Leaf::Kind::variable:
      return "variable";
    case Leaf::Kind::constant:
      return "constant";
  }
  return "leaf";
}

std::string LeafOp::attributes() const {
  if (leaf_.kind != Leaf::Kind::constant) return leaf_.name;
  // Complete, as the contract asks: equal text means equal bytes.
  std::ostringstream out;
  out << leaf_.type << std::hex;
  const auto* bytes = static_cast<const unsigned char*>(leaf_.constant->data());
  for (std::size_t i = 0; i < leaf_.constant->bytes(); ++i) out << ' ' << int{bytes[i]};
  return out.str();
}

Graph::Graph(Variables& store, Mode mode, std::string label)
    : store_(&store), store_watch_(store.watch()), mode_(mode), label_(std::move(label)) {
  static std::atomic<std::uint64_t> graphs = 0;
  if (label_.empty()) label_ = training() ? "train" : "evaluate";
  serial_ = ++graphs;
  place_ = &GraphPlace::take(*this, serial_);
}

Graph::~Graph() { place_->give_back(); }

Variables& Graph::store(Place where) const {
  if (store_watch_.expired())
    throw UsageError(str_cat("the store of the graph '", label_,
                             "' is gone; keep it as long as the graph", location(where)));
  return *store_;
}

void Graph::throw_no_node(int index) const {
  throw UsageError(str_cat("there is no node ", index, " in the graph '", label_, "' of ",
                           nodes_.size(), " nodes"));
}

Graph::Scope::Scope(Graph& graph, std::string name) : graph_(graph), before_(graph.scope_) {
  graph.scope_ = std::move(name);
}

Graph::Scope::~Scope() { graph_.scope_ = before_; }

Graph::Scope Graph::scope(std::string_view name) { return Scope(*this, scoped(name)); }

Graph::Scope Graph::scope(std::string_view name, int index) {
  return Scope(*this, scoped(str_cat(name, index)));
}

Graph::Scope Graph::scope_at(std::string path) { return Scope(*this, std::move(path)); }

std::string Graph::scoped(std::string_view name) const {
  return scope_.empty() ? std::string(name) : str_cat(scope_, "/", name);
}

std::string Graph::unique_node_name(std::string_view name) {
  const std::string full = scoped(name);
  std::string unique = full;
  for (int& count = name_counts_[full]; node_names_.contains(unique);)
    unique = str_cat(full, ".", ++count);
  return unique;
}

std::string Graph::location(const Place& where) const {
  return str_cat("\n  ", scope_.empty() ? "" : str_cat("in ", scope_, ", "), "at ",
                 place_of(where));
}

void Graph::require_own(const Value& value, std::string_view what, const Place& where) const {
  if (value.serial() != serial_)
    throw UsageError(str_cat(what,
                             !value          ? " is empty"
                             : value.alive() ? " is of another graph"
                                             : " is of a graph that is gone",
                             "; give a value of the graph '", label_, "'", location(where)));
}

Value Graph::leaf(Leaf leaf, std::string name, Place where) {
  const int index = static_cast<int>(nodes_.size());
  Node node;
  node.outputs = {leaf.type};
  node.name = name;
  node.where = where;
  node.op = std::make_shared<LeafOp>(std::move(leaf));
  node_names_.emplace(std::move(name), index);
  nodes_.push_back(std::move(node));
  return {this, index, 0};
}

Value Graph::input(std::string name, Shape shape, DType dtype, Range range, Place where) {
  for (const Node& node : nodes_)
    if (const Leaf* other = node.op->leaf();
        other && other->kind == Leaf::Kind::input && other->name == name)
      throw UsageError(str_cat("there is an input '", name, "' already, given at ",
                               place_of(node.where), location(where)));
  if (name.empty()) throw UsageError("an input needs a name" + location(where));
  if (!(range.low < range.high))  // NaN, too
    throw UsageError(str_cat("no number is in the range ", range.low, " <= x < ", range.high,
                             " of the input '", name,
                             "'; give values_in(low, high), low below high", location(where)));
  Leaf leaf{.kind = Leaf::Kind::input, .name = name, .type = {shape, dtype}, .range = range};
  const Value value = this->leaf(std::move(leaf), unique_node_name(str_cat("input:", name)), where);
  named_.emplace(name, value);
  return value;
}

Value Graph::constant(Tensor value, Place where) {
  Leaf leaf{.kind = Leaf::Kind::constant, .type = value.type()};
  leaf.constant = std::make_shared<const Tensor>(std::move(value));
  return this->leaf(std::move(leaf), unique_node_name("constant"), where);
}

Value Graph::constant(float value, Place where) { return constant(Tensor::scalar(value), where); }

Value Graph::variable_leaf(std::string full_name, TensorType type, Role role,
                           const Initialiser& initialiser, Place where) {
  Variables& store = this->store(where);
  if (role == Role::trainable && !training() && store.find(full_name) < 0) {
    const std::string nearest = nearest_name(full_name, store.names());
    throw UsageError(str_cat(
        "there is no parameter '", full_name, "' in the store, and an evaluation graph makes none",
        nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?"), location(where)));
  }
  const int index = [&] {
    try {
      return store.find_or_create(full_name, type, role, initialiser);
    } catch (const MemoryError& error) {
      throw MemoryError(error.what() + location(where));
    } catch (const UsageError& error) {  // of the initialiser
      throw UsageError(error.what() + location(where));
    }
  }();
  const Variable& variable = store[index];
  if (role == Role::carried && variable.role == role && variable.value().type() != type)
    throw UsageError(str_cat("the carried state '", full_name, "' is ", variable.value().type(),
                             ", made by another graph of the label '", label_,
                             "'; here it is asked for as ", type,
                             ": give graphs of another batch size a label of their own, Graph(store"
                             ", mode, label), or a store of their own (sharing_parameters)",
                             location(where)));
  if (variable.value().type() != type || variable.role != role)
    throw UsageError(str_cat("the variable '", full_name, "' is ", variable.value().type(),
                             ", here it is asked for as ", type,
                             variable.role == role ? "" : " in another role", location(where)));
  if (const auto known = variables_.find(index); known != variables_.end())
    throw UsageError(str_cat("'", full_name, "' was made before in this graph, at ",
                             place_of(node(known->second.node()).where),
                             "; name it differently, or pass that value on to share it",
                             location(where)));
  Leaf leaf{.kind = Leaf::Kind::variable, .name = full_name, .type = type, .variable = index};
  const Value value = this->leaf(std::move(leaf), full_name, where);
  named_.emplace(full_name, value);
  variables_.emplace(index, value);
  return value;
}

Value Graph::parameter(std::string_view name, Shape shape, const Initialiser& initialiser,
                       Place where) {
  return variable_leaf(scoped(name), {shape, f32}, Role::trainable, initialiser, where);
}

Value Graph::parameter_without_decay(std::string_view name, Shape shape,
                                     const Initialiser& initialiser, Place where) {
  const Value value = parameter(name, shape, initialiser, where);
  store_->exempt_from_decay(node(value.node()).op->leaf()->variable);
  return value;
}

Value Graph::saved_state(std::string_view name, TensorType type, const Initialiser& initialiser,
                         Place where) {
  return variable_leaf(scoped(name), type, Role::saved, initialiser, where);
}

Value Graph::carried_state(std::string_view name, TensorType type, Place where) {
  return variable_leaf(str_cat(label_, ":", scoped(name)), type, Role::carried, init::zeros(),
                       where);
}

void Graph::assign(Value target, Value value, Place where) {
  require_own(target, "assign: the variable", where);
  require_own(value, "assign: the new value", where);
  const Leaf* leaf = node(target.node()).op->leaf();
  if (!leaf || leaf->kind != Leaf::Kind::variable)
    throw UsageError("only variables can be assigned to" + location(where));
  if (target.type() != value.type())
    throw UsageError(str_cat("the variable '", leaf->name, "' is ", target.type(),
                             ", it cannot become ", value.type(), location(where)));
  for (const Assignment& other : assignments_)
    if (other.variable == leaf->variable)
      throw UsageError(
          str_cat("the variable '", leaf->name, "' has an assignment already", location(where)));
  assignments_.push_back({leaf->variable, value});
}

Value Graph::name(Value value, std::string_view name, Place where) {
  require_own(value, str_cat("name: the value of '", name, "'"), where);
  const std::string full = scoped(name);
  if (named_.contains(full) || node_names_.contains(full))
    throw UsageError(str_cat("the name '", full, "' is taken", location(where)));
  named_.emplace(full, value);
  return value;
}

Value Graph::find(std::string_view name, Place where) const {
  if (const auto given = named_.find(name); given != named_.end()) return given->second;
  std::string_view node_name = name;
  int output = 0;
  const auto colon = name.rfind(':');
  auto found = node_names_.find(name);
  if (found == node_names_.end() && colon != name.npos && colon + 1 < name.size() &&
      name.find_first_not_of("0123456789", colon + 1) == name.npos && name.size() - colon < 6) {
    node_name = name.substr(0, colon);
    output = std::stoi(std::string(name.substr(colon + 1)));
    found = node_names_.find(node_name);
  }
  if (found != node_names_.end() && output < static_cast<int>(node(found->second).outputs.size()))
    return {const_cast<Graph*>(this), found->second, output};
  std::vector<std::string> known;
  for (const auto& [key, unused] : named_) known.push_back(key);
  for (const auto& [key, unused] : node_names_) known.push_back(key);
  const std::string nearest = nearest_name(name, known);
  throw UsageError(str_cat("there is no value '", name, "' in the graph '", label_, "'",
                           nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?"),
                           location(where)));
}

std::vector<Value> Graph::add(std::shared_ptr<const Op> op, std::span<const Value> inputs,
                              Place where) {
  if (!op) throw UsageError("add: the op is a null pointer" + location(where));
  Node node;
  std::vector<TensorType> types;
  for (const Value& input : inputs) {
    require_own(input, str_cat(op->name(), ": input ", types.size()), where);
    types.push_back(input.type());
  }
  try {
    node.outputs = op->infer(types);
  } catch (const ShapeError& error) {
    throw ShapeError(error.what() + location(where));
  } catch (const UsageError& error) {
    throw UsageError(error.what() + location(where));
  }
  if (node.outputs.empty())
    throw UsageError(str_cat("op '", op->name(), "': infer() gave no type; an op has at least one ",
                             "output", location(where)));
  const int index = static_cast<int>(nodes_.size());
  node.inputs.assign(inputs.begin(), inputs.end());
  node.name = unique_node_name(op->name());
  node.where = where;
  node.op = std::move(op);
  std::vector<Value> outputs;
  for (std::size_t i = 0; i < node.outputs.size(); ++i)
    outputs.emplace_back(this, index, static_cast<int>(i));
  node_names_.emplace(node.name, index);
  nodes_.push_back(std::move(node));
  return outputs;
}

Value Graph::add_one(std::shared_ptr<const Op> op, std::initializer_list<Value> inputs,
                     Place where) {
  const std::vector<Value> outputs = add(op, std::span(inputs.begin(), inputs.size()), where);
  if (outputs.size() != 1)
    throw UsageError(str_cat("op '", op->name(), "': infer() gave ", outputs.size(),
                             " types; add_one() is for ops with one output, add() for others",
                             location(where)));
  return outputs.front();
}

std::vector<Value> Graph::parameters(Place where) const {
  const Variables& store = this->store(where);
  std::vector<Value> result;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (const Leaf* leaf = nodes_[i].op->leaf(); leaf && leaf->kind == Leaf::Kind::variable) {
      const Variable& variable = store[leaf->variable];
      if (variable.role == Role::trainable && !variable.frozen)
        result.emplace_back(const_cast<Graph*>(this), static_cast<int>(i), 0);
    }
  return result;
}

Variable& Graph::variable(Value value, Place where) const {
  require_own(value, "variable: the value", where);
  const Leaf* leaf = node(value.node()).op->leaf();
  if (!leaf || leaf->kind != Leaf::Kind::variable)
    throw UsageError(str_cat("'", node(value.node()).name, "' is not a variable", location(where)));
  return store(where)[leaf->variable];
}

}  // namespace abax

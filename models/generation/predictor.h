// A trained network at work on arrays of any shape: a plan a shape, made when it first comes.
//
//     Value network(Value x) { return linear(tanh(linear(x, 32, "hidden")), 1, "output"); }
//
//     Predictor predict(store, workers, network);
//     const Tensor y = predict(x);                       // x is [any number, width]
//
// Or with several inputs and outputs:
//
//     Predictor predict(store, workers, [](Graph& g, const PredictorInputs& in) {
//       const Value logits = classifier(in.at("tokens"), in.at("lengths"));
//       return std::vector<Value>{logits, argmax(logits, -1)};
//     });
//     const std::vector<Tensor> found = predict({{"tokens", tokens}, {"lengths", lengths}});
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/generation/shape_plans.h"

namespace abax {

/// The inputs of a graph by their names, as the tensors that were given have them: f32, i32 or u8.
class PredictorInputs {
 public:
  using Map = std::map<std::string, Value, std::less<>>;
  explicit PredictorInputs(Map values) : values_(std::move(values)) {}

  /// Throws UsageError where there is none of that name, saying which there are.
  Value at(std::string_view name) const;
  bool contains(std::string_view name) const { return values_.contains(name); }
  std::size_t size() const { return values_.size(); }
  /// Pairs of a name and a value, by name.
  Map::const_iterator begin() const { return values_.begin(); }
  Map::const_iterator end() const { return values_.end(); }

 private:
  Map values_;
};

/// Used by one thread at a time. It shares the store's parameters: what training changes later
/// counts, and must not happen during a call. State and random numbers are its own, and the store
/// stays as it is, see ShapePlans. Store and workers must outlive it: a call throws UsageError
/// where one of them is gone.
class Predictor {
 public:
  /// What is computed, in an evaluation graph: without dropout, and with parameters that the store
  /// holds already, by the same names and scopes as in the graph that trained them.
  using Build = std::function<std::vector<Value>(Graph& graph, const PredictorInputs& inputs)>;
  /// Throws UsageError where there is no function, or on no plans.
  Predictor(Variables& store, Workers& workers, Build build, std::size_t most_plans = 32);
  /// Of one input and one output.
  Predictor(Variables& store, Workers& workers, std::function<Value(Value)> network,
            std::size_t most_plans = 32);

  /// The outputs, in their order. Throws what building the graph throws where it does not fit the
  /// shapes, UsageError where two inputs have one name, DataError on numbers out of range.
  std::vector<Tensor> operator()(std::span<const NamedTensor> inputs);
  std::vector<Tensor> operator()(std::initializer_list<NamedTensor> inputs);
  /// Of one input: the first output.
  Tensor operator()(const Tensor& input);

  /// How many plans there are now.
  std::size_t plans() const { return plans_.count(); }

 private:
  Build build_;
  ShapePlans plans_;
};

}  // namespace abax

// Inputs as the tensors have them, and copies of the outputs.
#include "models/generation/predictor.h"

#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

template <class Function>
Function given(Function function) {
  if (!function) throw UsageError("a Predictor needs a function that builds its network, got none");
  return function;
}

}  // namespace

Value PredictorInputs::at(std::string_view name) const {
  if (const auto found = values_.find(name); found != values_.end()) return found->second;
  std::string known;
  for (const auto& [other, value] : values_)
    known += str_cat(known.empty() ? "'" : ", '", other, "'");
  throw UsageError(str_cat("this predictor was given no input '", name, "' but ",
                           known.empty() ? "none at all" : known));
}

Predictor::Predictor(Variables& store, Workers& workers, Build build, std::size_t most_plans)
    : build_(given(std::move(build))), plans_(store, workers, "predict", most_plans) {}

Predictor::Predictor(Variables& store, Workers& workers, std::function<Value(Value)> network,
                     std::size_t most_plans)
    : Predictor(
          store, workers,
          [network = given(std::move(network))](Graph&, const PredictorInputs& inputs) {
            if (inputs.size() != 1)
              throw UsageError(
                  "this predictor has one input; make it of a function of "
                  "(Graph&, const PredictorInputs&) for several");
            return std::vector<Value>{network(inputs.begin()->second)};
          },
          most_plans) {}

std::vector<Tensor> Predictor::operator()(std::span<const NamedTensor> inputs) {
  const auto build = [&](Graph& g) {
    PredictorInputs::Map values;
    for (const NamedTensor& input : inputs) {
      const TensorType& type = input.tensor.type;
      std::string name(input.name);
      values.emplace(name, g.input(name, type.shape, type.dtype));
    }
    return build_(g, PredictorInputs(std::move(values)));
  };
  ShapePlans::Plan& plan = plans_.of(inputs, build);
  plan.execution->run();
  std::vector<Tensor> results;
  for (const Value& value : plan.results) results.push_back(plan.execution->get(value).clone());
  return results;
}

std::vector<Tensor> Predictor::operator()(std::initializer_list<NamedTensor> inputs) {
  return (*this)(std::span(inputs.begin(), inputs.size()));
}

Tensor Predictor::operator()(const Tensor& input) {
  std::vector<Tensor> results = (*this)({NamedTensor("x", input)});
  if (results.empty()) throw UsageError("the function of this predictor gives no output");
  return std::move(results.front());
}

}  // namespace abax

// A part of a model, with a plan for each shape that the batches of a source have.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/plan/execution.h"
#include "models/data/batch.h"
#include "models/model.h"

namespace abax {

class ShapePlans {
 public:
  /// What is computed of a batch of a shape, in an evaluation graph of that label.
  using Build = std::function<std::vector<Value>(Graph& graph, const BatchShape& shape)>;
  ShapePlans(Variables& store, Workers& workers, const std::string& label,
             const data::BatchSource& source, const Build& build);

  struct Plan {
    Plan(Variables& store, const std::string& label) : graph(store, Mode::evaluate, label) {}
    Graph graph;
    std::vector<Value> results;
    std::unique_ptr<Execution> execution;
  };
  /// That of the batch's shape, with what it reads of the batch bound to it. Not yet run.
  Plan& of(const data::Batch& batch);

 private:
  std::vector<std::unique_ptr<Plan>> plans_;
};

}  // namespace abax

// What the passes of compile() are worth: the time of a run with all of them, against all but one,
// none, and with nothing to run at all. Variants take turns; medians, and the ratio to all passes
// on.
//
//     build/benchmarks/plan_benchmark [threads]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "core/graph/gradients.h"
#include "core/plan/execution.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace {

using namespace abax;
using Clock = std::chrono::steady_clock;

struct Workload {
  std::string name;
  std::function<std::vector<Value>(Graph&)> build;
};

/// A network of `layers` layers `width` wide with a gated activation, its gradients and an update
/// by momentum, on a batch of 128.
std::vector<Value> train_network(Graph& g, std::int64_t width, int layers) {
  Value x = g.parameter("x", {128, width}, init::normal(1));
  for (int layer = 0; layer < layers; ++layer) {
    const auto scope = g.scope("layer", layer);
    const Value h = matmul(x, g.parameter("w", {width, width}, init::glorot())) +
                    g.parameter("b", {width}, init::zeros());
    x = x + h * sigmoid(1.7f * h);
  }
  const Value loss = mean(square(x - 1));
  const std::vector<Value> parameters = g.parameters(), slopes = gradients(loss, parameters);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto scope = g.scope("update", static_cast<int>(i));
    const Value m = g.saved_state("m", parameters[i].type(), init::zeros());
    const Value next = 0.9f * m + slopes[i];
    g.assign(m, next);
    g.assign(parameters[i], parameters[i] - 1e-4f * next);
  }
  return {loss};
}

/// Generation: nothing is updated, so that packed weights stay.
std::vector<Value> infer(Graph& g, std::int64_t width, int layers) {
  Value x = g.parameter("x", {4, width}, init::normal(1));
  for (int layer = 0; layer < layers; ++layer) {
    const auto scope = g.scope("layer", layer);
    x = tanh(matmul(x, g.parameter("w", {width, width}, init::glorot())) +
             g.parameter("b", {width}, init::zeros()));
  }
  return {x};
}

std::vector<Value> elementwise_chain(Graph& g) {
  const Value a = g.parameter("a", {1000, 1000}, init::normal(1)),
              b = g.parameter("b", {1000}, init::normal(1));
  Value y = a;
  for (int i = 0; i < 4; ++i) y = (y * a + b) * 0.5f;
  return {y};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void compare(const Workload& workload, Workers& workers) {
  const std::vector<std::pair<const char*, bool CompileOptions::*>> passes = {
      {"without merge", &CompileOptions::merge},
      {"without views", &CompileOptions::views},
      {"without fuse", &CompileOptions::fuse},
      {"without epilogues", &CompileOptions::epilogues},
      {"without pack", &CompileOptions::pack},
      {"without reuse", &CompileOptions::reuse},
      {"one after another", &CompileOptions::concurrent}};
  std::vector<std::pair<std::string, CompileOptions>> variants = {{"all passes", {}}};
  for (const auto& [name, pass] : passes) {
    variants.emplace_back(name, CompileOptions{});
    variants.back().second.*pass = false;
  }
  variants.emplace_back("no passes", CompileOptions::plain());

  Variables store(1);
  Graph g(store);
  const std::vector<Value> outputs = workload.build(g);
  std::vector<std::shared_ptr<const Plan>> plans;
  std::vector<Execution> executions;
  for (const auto& [name, options] : variants) {
    plans.push_back(compile(g, outputs, options));
    executions.emplace_back(plans.back(), store, workers);
    executions.back().run();
  }
  std::vector<std::vector<double>> times(variants.size());
  const Clock::time_point end = Clock::now() + std::chrono::seconds(3);
  while (Clock::now() < end) {
    for (std::size_t v = 0; v < variants.size(); ++v) {
      const Clock::time_point start = Clock::now();
      executions[v].run();
      times[v].push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
  }
  std::printf("%s, %d threads\n%24s%12s%8s%8s%12s\n", workload.name.c_str(), workers.threads(), "",
              "ms", "ratio", "steps", "KiB");
  for (std::size_t v = 0; v < variants.size(); ++v)
    std::printf("%24s%12.3f%8.2f%8d%12zu\n", variants[v].first.c_str(), 1e3 * median(times[v]),
                median(times[v]) / median(times[0]), step_count(*plans[v]),
                memory_bytes(*plans[v]) / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  Workers workers(argc > 1 ? std::atoi(argv[1]) : 0);
  compare({"training, 6 layers 256 wide", [](Graph& g) { return train_network(g, 256, 6); }},
          workers);
  compare({"training, 6 layers 32 wide", [](Graph& g) { return train_network(g, 32, 6); }},
          workers);
  compare({"inference, 6 layers 512 wide", [](Graph& g) { return infer(g, 512, 6); }}, workers);
  compare({"elementwise chain of 12", elementwise_chain}, workers);
}

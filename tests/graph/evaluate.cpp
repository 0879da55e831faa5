// Runs nodes in order of the graph; only those that the value needs.
#include "tests/graph/evaluate.h"

#include <vector>

#include "core/graph/leaf.h"

namespace abax::test {

Tensor evaluate(Value value, const std::map<std::string, const Tensor*>& inputs, Level level,
                Workers& workers) {
  const Graph& graph = value.graph();
  std::vector<bool> needed(graph.nodes().size());
  needed[static_cast<std::size_t>(value.node())] = true;
  for (std::size_t n = graph.nodes().size(); n-- > 0;)
    if (needed[n])
      for (const Value& input : graph.nodes()[n].inputs)
        needed[static_cast<std::size_t>(input.node())] = true;

  std::vector<std::vector<Tensor>> results(graph.nodes().size());
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    if (!needed[n]) continue;
    const Node& node = graph.nodes()[n];
    if (const Leaf* leaf = node.op->leaf()) {
      results[n].push_back(leaf->constant ? leaf->constant->clone()
                                          : inputs.at(leaf->name)->clone());
      continue;
    }
    Signature signature;
    std::vector<const void*> in;
    std::vector<void*> out;
    for (const Value& input : node.inputs) {
      signature.inputs.push_back(input.type());
      in.push_back(
          results[static_cast<std::size_t>(input.node())][static_cast<std::size_t>(input.output())]
              .data());
    }
    for (const TensorType& type : node.outputs) out.push_back(results[n].emplace_back(type).data());
    // emplace_back moves the tensors, but not their elements.
    signature.outputs = node.outputs;
    signature.level = level;
    signature.name = node.name;
    const Kernel kernel = node.op->compile(signature);
    const AlignedBytes scratch = allocate_aligned(kernel.scratch);
    const Call call{in.data(), out.data(), scratch.get(), &workers, 0, 0};
    workers.run([&] { kernel.run(call); });
  }
  return std::move(
      results[static_cast<std::size_t>(value.node())][static_cast<std::size_t>(value.output())]);
}

}  // namespace abax::test

// A plan for each length of lines, made when the first lines of that length come.
#include "models/generation/line_classifier.h"

#include <algorithm>

#include "models/data/text/sentence_batches.h"
#include "models/registry.h"
#include "ops/normalise.h"

namespace abax {
namespace {

constexpr std::int64_t lines_together = 64;  // lines that are read together

}  // namespace

LineClassifier::LineClassifier(Variables& store, const ModelSettings& settings,
                               const data::Tokenizer& tokenizer, Workers& workers)
    : settings_(settings), tokenizer_(tokenizer), plans_(store, workers, "classify") {}

std::vector<std::vector<float>> LineClassifier::classify(const std::vector<std::string>& lines) {
  std::vector<std::vector<float>> results(lines.size());
  // The lines that have any, with a label that nothing reads.
  data::LabelledText words;
  words.classes = {"lines"};
  std::vector<std::size_t> line;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (tokenizer_.encode(lines[i]).empty()) continue;
    words.sentences.push_back(lines[i]);
    words.labels.push_back(0);
    words.lines.push_back(static_cast<std::int64_t>(i) + 1);
    line.push_back(i);
  }
  if (line.empty()) return results;
  const ModelEntry& entry = settings_.entry();
  const data::LabelledSentences batches(words, tokenizer_,
                                        {.batches = {.rows = lines_together, .buckets = 6},
                                         .limit = entry.context ? entry.context(settings_) : 0,
                                         .cut = true,
                                         .shuffled = false});
  for (std::int64_t position = 0; position < batches.batches(); ++position) {
    const data::Batch batch = batches.make(position);
    const BatchShape& shape = batches.shapes()[static_cast<std::size_t>(batch.shape)];
    const auto build = [&](Graph& g) {
      return std::vector<Value>{softmax(entry.build(g, settings_, shape).output)};
    };
    auto& [graph, results_of_batch, execution] = plans_.of(named_tensors(batch.inputs), build);
    execution->run();
    const TensorView found = execution->get(results_of_batch[0]);  // [batch, classes]
    const auto classes = static_cast<std::size_t>(found.type.shape[1]);
    const std::vector<std::int64_t> items = batches.rows(position);
    for (std::size_t row = 0; row < items.size(); ++row) {
      const auto of_line = found.as<float>().subspan(row * classes, classes);
      results[line[static_cast<std::size_t>(items[row])]].assign(of_line.begin(), of_line.end());
    }
  }
  return results;
}

}  // namespace abax

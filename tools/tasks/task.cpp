// From options to tasks.
#include "tools/tasks/task.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"
#include "tools/tasks/language_task.h"

namespace abax {

std::unique_ptr<Task> make_task(const TrainOptions& options, const Files* known) {
  switch (model(options.model).task) {
    case TaskKind::language:
      return std::make_unique<LanguageTask>(options, known);
    case TaskKind::translation:
    case TaskKind::classification:
      break;
  }
  throw UsageError(text("no data for models such as ", options.model));
}

ModelConfig model_config(const TrainOptions& o) {
  return {.blocks = o.blocks,
          .width = o.width,
          .layers = o.layers,
          .decoder_layers = o.decoder_layers,
          .heads = o.heads,
          .feed_forward = o.feed_forward,
          .dropout = static_cast<float>(o.dropout),
          .label_smoothing = static_cast<float>(o.label_smoothing),
          .tied = o.tied,
          .shared_embeddings = o.shared_embeddings,
          .positions = o.positions,
          .context = o.length,
          .memory = o.memory,
          .bidirectional = o.bidirectional,
          .pooling = o.pooling};
}

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

Shares shares(const TrainOptions& o) {
  const double sum = o.split[0] + o.split[1] + o.split[2];
  return {o.valid.empty() ? o.split[1] / sum : 0, o.test.empty() ? o.split[2] / sum : 0};
}

}  // namespace abax

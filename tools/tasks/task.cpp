// From options to tasks.
#include "tools/tasks/task.h"

#include <cmath>
#include <filesystem>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"
#include "models/training/learner.h"
#include "tools/tasks/classification_task.h"
#include "tools/tasks/code_task.h"
#include "tools/tasks/image_task.h"
#include "tools/tasks/language_task.h"
#include "tools/tasks/translation_task.h"

namespace abax {

std::unique_ptr<Task> make_task(const TrainOptions& options, const Files* known, Use use) {
  switch (model(options.model).task) {
    case TaskKind::language:
      return std::make_unique<LanguageTask>(options, known, use);
    case TaskKind::translation:
      return std::make_unique<TranslationTask>(options, known, use);
    case TaskKind::classification:
      return std::make_unique<ClassificationTask>(options, known, use);
    case TaskKind::images:
      return std::make_unique<ImageTask>(options, known, use);
    case TaskKind::codes:
      break;
  }
  return std::make_unique<CodeTask>(options, known, use);
}

Results Task::results(const Evaluation& evaluation) const {
  Results results{{"loss", evaluation.loss.mean()}};
  if (has_perplexity()) results["perplexity"] = std::exp(evaluation.loss.mean());
  for (const auto& [name, tally] : evaluation.metrics) results[name] = tally.mean();
  return results;
}

namespace {

std::vector<std::int64_t> whole_numbers(std::string_view option, const Numbers& numbers) {
  std::vector<std::int64_t> result;
  for (const double number : numbers) {
    result.push_back(static_cast<std::int64_t>(number));
    if (static_cast<double>(result.back()) != number)
      throw UsageError(text("--", option, ": expected whole numbers, not ", number));
  }
  return result;
}

}  // namespace

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
          .pooling = o.pooling,
          .network = o.network,
          .hidden = whole_numbers("hidden", o.hidden),
          .channels = o.channels,
          .downsamplings = o.downsamplings,
          .residual_layers = o.residual_layers,
          .residual_channels = o.residual_channels,
          .likelihood = o.likelihood,
          .latents = o.latents,
          .categories = o.categories,
          .estimator = o.estimator,
          .samples = o.samples,
          .prior = o.prior,
          .posterior = o.posterior,
          .pixels = o.pixels,
          .quantiser = o.quantiser,
          .codes = o.codes,
          .code_width = o.code_width,
          .groups = o.groups,
          .stages = o.stages,
          .levels = whole_numbers("levels", o.levels),
          .commitment = static_cast<float>(o.commitment),
          .codebook_decay = static_cast<float>(o.codebook_decay),
          .cosine = o.cosine,
          .codebook_start = o.codebook_start,
          .restart_below = static_cast<float>(o.restart_below),
          .quantiser_dropout = static_cast<float>(o.quantiser_dropout)};
}

std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

data::SentenceOptions sentence_options(const TrainOptions& o, Part part) {
  return {.batches = {.tokens = o.batch_tokens,
                      .rows = o.batch_tokens > 0 ? 0 : o.batch,
                      .buckets = o.buckets},
          .limit = o.length,
          .cut = o.too_long == "cut",
          .shuffled = part == Part::train,
          .seed = static_cast<std::uint64_t>(o.seed)};
}

data::TextRules sentence_rules(const TrainOptions& o) {
  return {.lower_case = o.lower_case, .split_punctuation = o.tokens == "words"};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string result;
  for (const std::string& line : lines) result += line + "\n";
  return result;
}

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

Shares shares(const TrainOptions& o) {
  const double sum = o.split[0] + o.split[1] + o.split[2];
  return {o.valid.empty() ? o.split[1] / sum : 0, o.test.empty() ? o.split[2] / sum : 0};
}

}  // namespace abax

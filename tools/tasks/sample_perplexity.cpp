// A language model on sentences, sentences to train one on.
#include "tools/tasks/sample_perplexity.h"

#include <cmath>

#include "core/base/error.h"
#include "models/registry.h"
#include "models/training/fit.h"
#include "models/training/learner.h"
#include "tools/tasks/data_settings.h"
#include "tools/tasks/sentence_task.h"

namespace abax {
namespace {

double perplexity(Learner& learner, const data::Sentences& sentences) {
  return std::exp(learner.evaluate(sentences).loss.sum / static_cast<double>(sentences.counted()));
}

}  // namespace

Results sample_perplexities(const std::vector<std::string>& drawn, const data::Sentences& data,
                            const RunSettings& run, const ModelSettings& model,
                            const data::Tokenizer& tokenizer, Variables& store, Workers& workers) {
  if (model.name() != "text_vae" || model.entry().autoencoder.shape(model).positions > 0)
    throw UsageError(
        "--drawn: a language model of sentences says what drawn ones are worth, by the same "
        "decoder and without a latent: train one by --model text_vae --latents 0");
  data::SentenceOptions options =
      sentence_options(run.data_as<SentenceData>().sentences, Part::train, run.training.seed);
  options.cut = true;
  data::LabelledText text;
  text.sentences = drawn;
  text.labels.assign(drawn.size(), -1);
  text.classes = {"drawn"};
  const data::Sentences samples(text, tokenizer, options);

  LearnerConfig config{.model = model, .check_shapes = data.shapes()};
  for (const BatchShape& shape : samples.shapes()) config.check_shapes.push_back(shape);
  Learner language_model(store, config, workers);
  Results results{{"forward_perplexity", perplexity(language_model, samples)},
                  {"data_perplexity", perplexity(language_model, data)}};

  Variables anew(store.seed());
  Learner learner(anew,
                  {.model = model,
                   .optimiser = run.training.optimiser,
                   .train_shapes = samples.shapes(),
                   .check_shapes = data.shapes(),
                   .accumulate = run.training.accumulate > 1},
                  workers);
  const std::int64_t steps = run.training.steps;
  fit(learner, samples,
      {.steps = steps,
       .batches_a_step = run.training.accumulate,
       .schedule = [&](std::int64_t step) { return scheduled_scalars(run, step, steps); }});
  const AveragedParameters averaged(anew);
  results["reverse_perplexity"] = perplexity(learner, data);
  return results;
}

}  // namespace abax

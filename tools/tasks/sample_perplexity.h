// What sentences that a model drew are worth by a language model, and to one.
#pragma once

#include <string>
#include <vector>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/data/text/sentence_batches.h"
#include "models/data/text/tokenizer.h"
#include "tools/tasks/task.h"
#include "tools/training/run_settings.h"

namespace abax {

/// Of drawn sentences (Zhao et al. 2018, "Adversarially regularized autoencoders", section 5):
/// - "forward_perplexity": theirs, a token, under the language model of `run` that the store holds:
///   low where they are fluent, lowest where they are always the same;
/// - "reverse_perplexity": that of `data` under a language model of the same settings trained on
///   them, from new weights, for as many steps: low where they are fluent and as various as data;
/// - "data_perplexity": that of `data` under the store's, what both may be held against.
/// Longer ones than the run's limit are cut. Throws UsageError where the model is no language model
/// of sentences (a text_vae without latents), DataError without drawn sentences.
Results sample_perplexities(const std::vector<std::string>& drawn, const data::Sentences& data,
                            const RunSettings& run, const ModelSettings& model,
                            const data::Tokenizer& tokenizer, Variables& store, Workers& workers);

}  // namespace abax

// The conditional variational autoencoder of sentences (Sohn, Lee and Yan 2015; of dialogues Zhao,
// Zhao and Eskenazi 2017): sentences given another sequence (a translation's source, the line
// before a reply) or given a label, with a Gaussian latent for all that the condition leaves open.
//
// p(z|c) = N(m, d^2), whose m and d come of the condition c by layers of its own; q(z|x, c) of what
// the encoder makes of the sentence beside c. Both are told in the prior's measure: codes = (z - m)
// / d. So codes of the prior are standard normal whatever the condition, KL(q(z|x, c), p(z|c)) is
// that of the codes from N(0, 1), and all that models/latents/gaussian.h says of latents holds for
// them; their mean is what the sentence tells beyond the condition. (The posterior relative to the
// prior: Vahdat and Kautz 2020, section 3.2.)
//
// The decoder has z and the condition's vector at every step, and attends to the states of a
// source.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "core/graph/graph.h"
#include "models/autoencoder.h"
#include "models/latents/gaussian.h"
#include "models/layers/text_modality.h"
#include "models/model.h"
#include "models/settings/fields.h"
#include "models/step_decoder.h"

namespace abax {

/// The input "labels" [batch] i32, -1 for none, each label by a vector of its own. Without classes
/// there is no such input, and one condition for all.
struct LabelCondition {
  std::int64_t classes = 0;
};
void fields(Fields& f, LabelCondition& c);
/// The inputs "source" [length, batch] i32 and "source_lengths" [batch] i32, read by blocks as the
/// encoder's; the condition's vector is their pooled states.
struct SourceCondition {
  std::int64_t vocabulary = 0;  // of the source
};
void fields(Fields& f, SourceCondition& c);

struct ConditionalVae {
  TextModality text = {};
  std::variant<LabelCondition, SourceCondition> condition = {};
  GaussianLatent latent = {.latents = 32};
  std::int64_t width = 128;  // of the hidden layers of prior and posterior
};
void fields(Fields& f, ConditionalVae& s);

/// Of a batch {.batch, .length = of the sentences} by labels, {.batch, .length = of the sources,
/// .target_length = of the sentences} by sources. Loss and metrics, in nats a sentence: those of
/// models/latents/variational.h, and "tokens", the targets that count. Statistics:
/// gaussian_statistics() of the codes. Parameters: encoder/.., decoder/.., prior/.., and
/// condition/.. with an embedding and a source's blocks. Throws UsageError where the settings do
/// not fit together.
Model conditional_vae(Graph& graph, const ConditionalVae& settings, const BatchShape& shape);

/// Codes [batch, latents] f32 in the prior's measure; what reads sentences reads their conditions
/// too. `sample` is of N(0, 1), for any condition; codes of zeros are the prior's mean. There is no
/// `decode`: a sentence is written token by token.
Autoencoder conditional_vae_autoencoder();
/// Begins with the inputs "codes" and those of the condition.
StepDecoder conditional_vae_decoder();

Scalars schedule_conditional_vae(const ConditionalVae& settings, std::int64_t step,
                                 std::int64_t steps);
/// Tokens of the longest sentence or source, with its end; 0 where there is no limit.
std::int64_t conditional_vae_context(const ConditionalVae& settings);
/// What it learns, see models/model.h: "sentences" (by label), "pairs" (a source and a sentence).
std::string conditional_vae_task(const ConditionalVae& settings);

}  // namespace abax

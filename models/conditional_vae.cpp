// Sentences beside their conditions, a latent, sentences again.
#include "models/conditional_vae.h"

#include "core/base/text.h"
#include "core/graph/sum.h"
#include "models/layers/layers.h"
#include "models/layers/prediction.h"
#include "models/model_settings.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// What sentences are written for.
struct Condition {
  Value vector;             // [batch, encoder width]
  Value sequence, lengths;  // a source's states and how many count; empty of labels
};

Condition label_condition(Graph& g, const LabelCondition& c, std::int64_t batch,
                          std::int64_t width) {
  // The last row is of no label.
  const Value table = g.parameter("embedding", {c.classes + 1, width}, init::normal(1));
  const Value none = whole_number(g, static_cast<std::int32_t>(c.classes));
  Value rows = g.constant(Tensor({batch}, i32));
  if (c.classes > 0) {
    const Value labels = g.input("labels", {batch}, i32, values_in(-1, c.classes));
    rows = where(less(labels, 0), none, labels);
  }
  return {embedding(rows, table), {}, {}};
}

Condition source_condition(Graph& g, const ConditionalVae& c, std::int64_t batch,
                           std::int64_t length) {
  const std::int64_t vocabulary = std::get<SourceCondition>(c.condition).vocabulary;
  const Value source = g.input("source", {length, batch}, i32, values_in(0, vocabulary));
  const Value lengths = g.input("source_lengths", {batch}, i32, values_in(0, length + 1));
  const Value table = embedding_table(g, vocabulary, c.text.encoder);
  const Encoded encoded = encode(source, lengths, table, c.text.encoder);
  return {pooled(encoded, c.text.pooling), encoded.y, encoded.lengths};
}

/// `length` is that of the sources.
Condition condition_of(Graph& g, const ConditionalVae& c, std::int64_t batch, std::int64_t length) {
  const auto scope = g.scope("condition");
  if (const auto* labels = std::get_if<LabelCondition>(&c.condition))
    return label_condition(g, *labels, batch, c.text.encoder.width);
  return source_condition(g, c, batch, length);
}

bool has_source(const ConditionalVae& c) {
  return std::holds_alternative<SourceCondition>(c.condition);
}

/// Sentences, their conditions, and the codes' posterior.
struct Read {
  SentenceInputs inputs;
  Value table;  // of the decoder
  Condition condition;
  GaussianPosterior q;
};

SentenceInputs inputs_of(Graph& g, const ConditionalVae& c, const BatchShape& shape) {
  return sentence_inputs(g, c.text, shape.batch,
                         has_source(c) ? shape.target_length : shape.length);
}

Read read(Graph& g, const ConditionalVae& c, const BatchShape& shape) {
  Read r;
  r.inputs = inputs_of(g, c, shape);
  const TextTables tables = text_tables(g, c.text);
  r.table = tables.decoder;
  r.condition = condition_of(g, c, shape.batch, shape.length);
  const Value features = sentence_features(r.inputs, tables.encoder, c.text);
  Value hidden;
  {
    const auto scope = g.scope("encoder");
    hidden = tanh(linear(concat({features, r.condition.vector}, 1), c.width, "hidden"));
  }
  r.q = gaussian_posterior(hidden, c.latent, r.inputs.weights);
  return r;
}

/// z of codes in the prior's measure, both [batch, latents].
Value latent_of(Value codes, const Condition& condition, const ConditionalVae& c) {
  const auto scope = codes.graph().scope("prior");
  const Value hidden = tanh(linear(condition.vector, c.width, "hidden"));
  return reparameterise(linear(hidden, c.latent.latents, "mean"),
                        linear(hidden, c.latent.latents, "log_variance"), codes);
}

DecoderMemory memory_of(Value codes, const Condition& condition, const ConditionalVae& c) {
  const Value z = latent_of(codes, condition, c);
  DecoderMemory memory = latent_memory(concat({z, condition.vector}, 1), c.text);
  memory.sequence = condition.sequence;
  memory.lengths = condition.lengths;
  return memory;
}

Value logits_of(Value codes, const SentenceInputs& x, Value table, const Condition& condition,
                const ConditionalVae& c) {
  return sentence_logits(x.tokens, table, memory_of(codes, condition, c), codes.shape()[0], c.text);
}

CodeShape code_shape(const ConditionalVae& c) { return {c.latent.latents, 0}; }

Value encode_sentences(Graph& g, const ConditionalVae& c, const BatchShape& shape) {
  return read(g, c, shape).q.mean;
}

Value sample_posterior(Graph& g, const ConditionalVae& c, const BatchShape& shape) {
  return gaussian_sample(read(g, c, shape).q).z;
}

Value sample_prior(Graph& g, const ConditionalVae& c, std::int64_t batch) {
  return gaussian_prior(g, c.latent, {batch});
}

GaussianPosterior posterior(Graph& g, const ConditionalVae& c, const BatchShape& shape) {
  return read(g, c, shape).q;
}

Value log_weight(Graph& g, const ConditionalVae& c, const BatchShape& shape) {
  const Read r = read(g, c, shape);
  const GaussianSample sample = gaussian_sample(r.q);
  const Value logits = logits_of(sample.z, r.inputs, r.table, r.condition, c);
  return sentence_log_likelihood(logits, r.inputs.targets) +
         sum(gaussian_log_ratio(r.q, sample), {-1});
}

Value log_likelihood(Graph& g, const ConditionalVae& c, const BatchShape& shape, Value codes) {
  const SentenceInputs x = inputs_of(g, c, shape);
  const Value table = text_tables(g, c.text, /*with_encoder=*/false).decoder;
  const Condition condition = condition_of(g, c, shape.batch, shape.length);
  return sentence_log_likelihood(logits_of(codes, x, table, condition, c), x.targets);
}

void begin(Graph& g, const ConditionalVae& c, const DecodingShape& shape) {
  const Value codes = g.input("codes", {shape.batch, c.latent.latents});
  const Condition condition = condition_of(g, c, shape.batch, shape.length);
  const DecoderMemory memory = memory_of(codes, condition, c);
  begin_sentences(memory, text_tables(g, c.text, /*with_encoder=*/false).decoder, c.text, shape);
}

Value step(Graph& g, const ConditionalVae& c, const DecodingShape& shape) {
  return sentence_step(g, {.length = has_source(c) ? shape.length : 0, .vector = true}, c.text,
                       shape);
}

}  // namespace

void fields(Fields& f, LabelCondition& c) { classes_field(f, c.classes); }

void fields(Fields& f, SourceCondition& c) {
  f.derived("source-vocabulary-size", c.vocabulary).at_least(1);
}

void fields(Fields& f, ConditionalVae& s) {
  f.part(s.text);
  sentence_pooling_field(f, s.text);
  f.choice("condition", s.condition, {"label", "source"}, "what sentences are written for");
  f.part(s.latent);
  needs_latents(f, s.latent);
  width_field(f, s.width, "units of the hidden layers of posterior and prior");
  f.require(!has_source(s) || s.text.encoder.width == s.text.decoder.width,
            str_cat("a decoder attends to a source only where both have one width; theirs are ",
                    s.text.encoder.width, " and ", s.text.decoder.width));
}

Model conditional_vae(Graph& g, const ConditionalVae& c, const BatchShape& shape) {
  const Read r = read(g, c, shape);
  const Value weights = r.inputs.weights;
  // Latent.
  const Value codes = gaussian_sample(r.q).z, kl = gaussian_kl(r.q);
  // Decoder.
  const Value logits = logits_of(codes, r.inputs, r.table, r.condition, c);
  const Value log_likelihood = sentence_log_likelihood(logits, r.inputs.targets);
  const Bound bound = gaussian_bound(r.q, codes, kl, c.latent, log_likelihood, weights);
  Model model = variational_model(bound, logits, weights);
  model.metrics["tokens"] = sentence_lengths(r.inputs);
  g.name(r.q.mean, "codes");
  if (!g.training()) model.statistics = gaussian_statistics(r.q, kl, weights);
  return model;
}

Autoencoder conditional_vae_autoencoder() {
  return {.shape = erased<code_shape>,
          .encode = erased<encode_sentences>,
          .sample = erased<sample_prior>,
          .log_weight = erased<log_weight>,
          .log_likelihood = erased<log_likelihood>,
          .sample_posterior = erased<sample_posterior>,
          .posterior = erased<posterior>};
}

StepDecoder conditional_vae_decoder() { return {erased<begin>, erased<step>}; }

Scalars schedule_conditional_vae(const ConditionalVae& c, std::int64_t step, std::int64_t) {
  return gaussian_schedule(c.latent, step);
}

std::int64_t conditional_vae_context(const ConditionalVae& c) { return c.text.decoder.context; }

std::string conditional_vae_task(const ConditionalVae& c) {
  return has_source(c) ? "pairs" : "sentences";
}

}  // namespace abax

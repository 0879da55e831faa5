// Sentences, a latent, sentences again.
#include "models/text_vae.h"

#include "core/graph/gradients.h"
#include "core/graph/sum.h"
#include "models/layers/layers.h"
#include "models/model_settings.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

const GaussianLatent* gaussian(const TextVae& c) { return std::get_if<GaussianLatent>(&c.latent); }
const CategoricalLatent& categorical(const TextVae& c) {
  return std::get<CategoricalLatent>(c.latent);
}

CodeShape code_shape(const TextVae& c) {
  if (const GaussianLatent* latent = gaussian(c)) return {latent->latents, 0};
  return {categorical(c).latents, categorical(c).categories};
}

/// Sentences and what the encoder makes of them.
struct Read {
  SentenceInputs inputs;
  TextTables tables;
  Value features;  // [batch, width]
};
Read read(Graph& g, const TextVae& c, const BatchShape& shape) {
  // Without latents nothing is to be encoded: a language model of sentences.
  const bool encodes = code_shape(c).positions > 0;
  Read r{
      sentence_inputs(g, c.text, shape.batch, shape.length), text_tables(g, c.text, encodes), {}};
  r.features = encodes ? sentence_features(r.inputs, r.tables.encoder, c.text)
                       : g.constant(Tensor({shape.batch, 0}));
  return r;
}

/// Logits [time, rows, vocabulary] and log p(x|z) [rows] by each z [rows, size].
struct Written {
  Value logits, log_likelihood;
};
Written write(Value z, const SentenceInputs& x, Value table, const TextVae& c) {
  const std::int64_t rows = z.shape()[0];
  const Value logits = sentence_logits(x.tokens, table, latent_memory(z, c.text), rows, c.text);
  return {logits, sentence_log_likelihood(logits, x.targets)};
}

/// Of samples z [samples, batch or 1, ..] of categorical variables: log p(x|z) [samples, batch].
Written write(const CategoricalSamples& samples, const SentenceInputs& x, Value table,
              const TextVae& c) {
  const std::int64_t batch = x.weights.shape()[0];
  const Value z = samples.vectors();  // [samples, batch or 1, size]
  const std::int64_t count = z.shape()[0], size = z.shape()[2];
  const Value rows = reshape(broadcast_to(z, {count, batch, size}), {count * batch, size});
  const Written written = write(rows, x, table, c);
  return {written.logits, reshape(written.log_likelihood, {count, batch})};
}

Model gaussian_model(const Read& r, const TextVae& c, const GaussianLatent& latent) {
  Graph& g = r.features.graph();
  const Value weights = r.inputs.weights;
  const GaussianPosterior q = gaussian_posterior(r.features, latent, weights);
  const Value z = gaussian_sample(q).z, kl = gaussian_kl(q);
  const Written written = write(z, r.inputs, r.tables.decoder, c);
  const Bound bound = gaussian_bound(q, z, kl, latent, written.log_likelihood, weights);
  Model model = variational_model(bound, written.logits, weights);
  g.name(q.mean, "codes");
  if (!g.training()) model.statistics = gaussian_statistics(q, kl, weights);
  return model;
}

Model categorical_model(const Read& r, const TextVae& c, const CategoricalLatent& latent) {
  Graph& g = r.features.graph();
  const Conditionals q = categorical_posterior(r.features, latent, c.width);
  const Conditionals p = categorical_prior(g, latent, c.width);
  const CategoricalSamples samples = categorical_samples(q, p, latent);
  const Written written = write(samples, r.inputs, r.tables.decoder, c);
  const Value weights = r.inputs.weights;
  // A baseline reads what the encoder found, and does not train it.
  const Bound bound = categorical_bound(samples, latent, written.log_likelihood, kl_weight(g),
                                        stop_gradient(r.features), weights);
  Model model = variational_model(bound, written.logits, weights, makes_bound(g, latent));
  if (latent.estimator == "nvil") model.apart = {"baseline/"};
  const Value codes = g.name(likeliest_codes(q), "codes");
  if (!g.training()) model.statistics = categorical_statistics(samples, codes, latent, weights);
  return model;
}

/// What a decoder takes for codes [rows, positions].
Value vectors_of(Value codes, const TextVae& c) {
  return gaussian(c) ? codes : code_vectors(codes, categorical(c));
}

Value encode_sentences(Graph& g, const TextVae& c, const BatchShape& shape) {
  const Value features = read(g, c, shape).features;
  if (const GaussianLatent* latent = gaussian(c)) return gaussian_posterior(features, *latent).mean;
  return likeliest_codes(categorical_posterior(features, categorical(c), c.width));
}

Value sample_posterior(Graph& g, const TextVae& c, const BatchShape& shape) {
  const Value features = read(g, c, shape).features;
  if (const GaussianLatent* latent = gaussian(c))
    return gaussian_sample(gaussian_posterior(features, *latent)).z;
  return drawn_codes(categorical_posterior(features, categorical(c), c.width), {shape.batch});
}

Value sample_prior(Graph& g, const TextVae& c, std::int64_t batch) {
  if (const GaussianLatent* latent = gaussian(c)) return gaussian_prior(g, *latent, {batch});
  return drawn_codes(categorical_prior(g, categorical(c), c.width), {batch});
}

GaussianPosterior posterior(Graph& g, const TextVae& c, const BatchShape& shape) {
  const GaussianLatent* latent = gaussian(c);
  if (!latent) return {};
  return gaussian_posterior(read(g, c, shape).features, *latent);
}

Value log_weight(Graph& g, const TextVae& c, const BatchShape& shape) {
  const Read r = read(g, c, shape);
  if (const GaussianLatent* latent = gaussian(c)) {
    const GaussianPosterior q = gaussian_posterior(r.features, *latent);
    const GaussianSample sample = gaussian_sample(q);
    return write(sample.z, r.inputs, r.tables.decoder, c).log_likelihood +
           sum(gaussian_log_ratio(q, sample), {-1});
  }
  const CategoricalSamples s =
      hard_sample_of(categorical_posterior(r.features, categorical(c), c.width),
                     categorical_prior(g, categorical(c), c.width));
  const Value log_likelihood = write(s, r.inputs, r.tables.decoder, c).log_likelihood;
  return reshape(log_likelihood + s.log_p() - s.log_q(), {shape.batch});
}

Value log_likelihood(Graph& g, const TextVae& c, const BatchShape& shape, Value codes) {
  const SentenceInputs x = sentence_inputs(g, c.text, shape.batch, shape.length);
  return write(vectors_of(codes, c), x, text_tables(g, c.text, /*with_encoder=*/false).decoder, c)
      .log_likelihood;
}

void begin(Graph& g, const TextVae& c, const DecodingShape& shape) {
  const CodeShape each = code_shape(c);
  const Value codes = g.input("codes", {shape.batch, each.positions}, each.kinds > 0 ? i32 : f32,
                              each.kinds > 0 ? values_in(0, each.kinds) : Range{});
  const DecoderMemory memory = latent_memory(vectors_of(codes, c), c.text);
  begin_sentences(memory, text_tables(g, c.text, /*with_encoder=*/false).decoder, c.text, shape);
}

Value step(Graph& g, const TextVae& c, const DecodingShape& shape) {
  return sentence_step(g, {.vector = true}, c.text, shape);
}

}  // namespace

void fields(Fields& f, TextVae& s) {
  const bool encodes = code_shape(s).positions > 0;
  fields(f, s.text, encodes);
  if (encodes) sentence_pooling_field(f, s.text);
  f.choice("latent", s.latent, {"gaussian", "categorical"}, "what stands for a sentence");
  if (!gaussian(s) && has_conditionals(categorical(s)))
    width_field(f, s.width, "units of the conditionals of posterior and prior");
}

Model text_vae(Graph& g, const TextVae& c, const BatchShape& shape) {
  const Read r = read(g, c, shape);
  const GaussianLatent* latent = gaussian(c);
  Model model = latent ? gaussian_model(r, c, *latent) : categorical_model(r, c, categorical(c));
  model.metrics["tokens"] = sentence_lengths(r.inputs);
  return model;
}

Autoencoder text_vae_autoencoder() {
  return {.shape = erased<code_shape>,
          .encode = erased<encode_sentences>,
          .sample = erased<sample_prior>,
          .log_weight = erased<log_weight>,
          .log_likelihood = erased<log_likelihood>,
          .sample_posterior = erased<sample_posterior>,
          .posterior = erased<posterior>};
}

StepDecoder text_vae_decoder() { return {erased<begin>, erased<step>}; }

Scalars schedule_text_vae(const TextVae& c, std::int64_t step, std::int64_t steps) {
  if (const GaussianLatent* latent = gaussian(c)) return gaussian_schedule(*latent, step);
  return categorical_schedule(categorical(c), step, steps);
}

std::int64_t text_vae_context(const TextVae& c) { return c.text.decoder.context; }

}  // namespace abax

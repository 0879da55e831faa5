// Sentences, codes, sentences again.
#include "models/text_vqvae.h"

#include "core/graph/sum.h"
#include "models/latents/k_means.h"
#include "models/latents/quantised.h"
#include "models/latents/variational.h"
#include "models/layers/batch_normalisation.h"
#include "models/layers/layers.h"
#include "models/layers/prediction.h"
#include "models/model_settings.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// What is quantised, [batch, positions, width]. Sentences begin so near to each other that without
/// a normalisation all become one code: of codebooks that of a vector is enough, since they start
/// at the data; finite scalars stay where they are, so that vectors go there, in each dimension.
Value encoded(const SentenceInputs& inputs, Value table, const TextVqvae& c) {
  const Encoded states = sentence_states(inputs, table, c.text);
  const auto scope = table.graph().scope("encoder");
  const Value features = normalise(resampled(states, c.resampler), "code_norm");
  const Value z = vectors_to_quantise(features, c.resampler.latents, c.quantiser);
  if (!std::holds_alternative<Finite>(c.quantiser.kind)) return z;
  return normalise_over_batch(z, 1, inputs.weights, "text_vqvae");
}

/// What a decoder is given of the vectors of codes, [batch, positions, width].
DecoderMemory memory_of(Value vectors, const TextVqvae& c) {
  Graph& g = vectors.graph();
  const std::int64_t positions = c.resampler.latents, width = c.text.decoder.width;
  DecoderMemory memory{.start = latent_start(reshape(vectors, {vectors.shape()[0], -1}), c.text)};
  const auto decoder = g.scope("decoder");
  const Value each = transpose(linear(vectors, width, "codes"), {1, 0, 2});
  const auto scope = g.scope("codes");
  memory.sequence = each + g.parameter("position", {positions, 1, width}, init::normal(0.05f));
  return memory;
}

Value vectors_of(Value codes, const TextVqvae& c) {
  return lookup(reshape(codes, {-1, c.resampler.latents, codebooks(c.quantiser)}), c.quantiser);
}

CodeShape code_shape(const TextVqvae& c) {
  return {c.resampler.latents * codebooks(c.quantiser), code_kinds(c.quantiser)};
}

Value encode_sentences(Graph& g, const TextVqvae& c, const BatchShape& shape) {
  const SentenceInputs inputs = sentence_inputs(g, c.text, shape.batch, shape.length);
  const Value z = encoded(inputs, text_tables(g, c.text).encoder, c);
  const Value none = g.constant(Tensor(z.shape().without(-1)));  // is counted
  return reshape(quantise(z, none, c.quantiser).codes, {shape.batch, -1});
}

Value sample(Graph& g, const TextVqvae& c, std::int64_t batch) {
  const CodeShape shape = code_shape(c);
  return frequent_codes(g, batch, shape.positions, shape.kinds);
}

Value log_likelihood(Graph& g, const TextVqvae& c, const BatchShape& shape, Value codes) {
  const SentenceInputs x = sentence_inputs(g, c.text, shape.batch, shape.length);
  const Value table = text_tables(g, c.text, /*with_encoder=*/false).decoder;
  const DecoderMemory memory = memory_of(vectors_of(codes, c), c);
  return sentence_log_likelihood(sentence_logits(x.tokens, table, memory, shape.batch, c.text),
                                 x.targets);
}

void begin(Graph& g, const TextVqvae& c, const DecodingShape& shape) {
  const CodeShape each = code_shape(c);
  const Value codes =
      g.input("codes", {shape.batch, each.positions}, i32, values_in(0, each.kinds));
  const DecoderMemory memory = memory_of(vectors_of(codes, c), c);
  begin_sentences(memory, text_tables(g, c.text, /*with_encoder=*/false).decoder, c.text, shape);
}

Value step(Graph& g, const TextVqvae& c, const DecodingShape& shape) {
  return sentence_step(g, {.length = c.resampler.latents}, c.text, shape);
}

}  // namespace

void fields(Fields& f, TextVqvae& s) {
  f.part(s.text);
  f.part(s.resampler);
  f.part(s.quantiser);
  const std::string message = misfit(s.resampler, s.text.encoder.width);
  f.require(message.empty(), message);
}

Model text_vqvae(Graph& g, const TextVqvae& c, const BatchShape& shape) {
  const SentenceInputs inputs = sentence_inputs(g, c.text, shape.batch, shape.length);
  const TextTables tables = text_tables(g, c.text);
  // Encoder.
  const Value z = encoded(inputs, tables.encoder, c);
  // Latent.
  Quantised q = quantise(z, position_weights(inputs.weights, z), c.quantiser);
  q.loss = q.loss * c.resampler.latents;  // of which a mean will be taken: the sum over places
  // Decoder.
  const Value logits =
      sentence_logits(inputs.tokens, tables.decoder, memory_of(q.values, c), shape.batch, c.text);
  const Value distortion = -sentence_log_likelihood(logits, inputs.targets);
  Model model = quantised_model(distortion, logits, inputs.weights, {&q, 1}, c.quantiser);
  count_in_training(g.find("codes"), inputs.weights, code_kinds(c.quantiser));
  model.metrics["tokens"] = sentence_lengths(inputs);
  const Loss tokens{model.metrics.at("reconstruction").sum, model.metrics.at("tokens").sum};
  model.metrics.merge(prediction_metrics(logits, inputs.targets, tokens));
  return model;
}

void prepare_text_vqvae(Variables& store, const TextVqvae& c, std::span<const BatchInputs> batches,
                        Workers& workers) {
  const auto build = [&](Graph& g, const BatchShape& shape) { text_vqvae(g, c, shape); };
  start_codebooks(store, c.quantiser, build, batches, workers);
}

Autoencoder text_vqvae_autoencoder() {
  return {.shape = erased<code_shape>,
          .encode = erased<encode_sentences>,
          .sample = erased<sample>,
          .log_likelihood = erased<log_likelihood>};
}

StepDecoder text_vqvae_decoder() { return {erased<begin>, erased<step>}; }

std::int64_t text_vqvae_context(const TextVqvae& c) { return c.text.decoder.context; }

}  // namespace abax

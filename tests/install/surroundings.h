// What the examples of the headers take as given: names that are declared, never defined. An
// example of models/x.h stands in namespace surroundings::models_x, whose names go before the
// general ones.
#pragma once

#include <everything.h>

#include <cmath>
#include <iostream>
#include <vector>

namespace surroundings {

using namespace abax;
using namespace abax::data;

extern Variables store, other_store;
extern Graph &g, &graph;
extern Workers workers;
extern Random random;
extern const Value x, y, z, q, k, v, a, b, h, up, down, gate, logits, targets, target, output, ids,
    images, features, noise, weight, weights, items, scores, scale, shift, kernel, table, lengths,
    count, mask, book, moment, latent_value;
extern const std::int64_t batch, time, width, vocabulary;
extern const Loss loss, other_loss;
extern const ModelSettings settings;
extern const Tokenizer tokenizer, source_tokenizer, target_tokenizer;
extern const std::string train_text;
extern std::int32_t token;
Value decoder(Value z);
Value classifier(Value tokens, Value lengths);

namespace core_io_safetensors {
extern Tensor w;
}
namespace core_io_checkpoint {
extern CheckpointReader checkpoint;
}
namespace core_plan_execution {
extern const std::shared_ptr<const Plan> plan;
extern const Tensor tokens;
extern const Value loss_value;
}  // namespace core_plan_execution
namespace core_graph_elementwise_op {
namespace sse2 {
extern const TileFunction tanh_tile;
}
namespace avx2 {
extern const TileFunction tanh_tile;
}
namespace avx512 {
extern const TileFunction tanh_tile;
}
}  // namespace core_graph_elementwise_op
namespace models_data_batch_order {
extern const std::vector<ItemSize> sizes;
extern const BucketOptions options;
}  // namespace models_data_batch_order
namespace models_data_codes_code_batches {
extern const LabelledCodes codes;
extern const CodePrior prior;
}  // namespace models_data_codes_code_batches
namespace models_data_text_buckets {
extern const std::vector<ItemSize> sizes;
}
namespace models_data_text_sentence_batches {
extern const ParallelText text;
}
namespace models_data_text_token_stream {
extern const std::vector<std::int32_t> tokens;
}
namespace models_data_text_words {
extern const FunctionRef<void(std::string_view)> visit;
}
namespace models_generation_coder {
extern Batch batch;
}
namespace models_generation_interpolation {
extern const Tensor ends;
}
namespace models_generation_sequence_decoder {
extern const Tensor codes;
}
namespace models_generation_predictor {
Value network(Value x);
extern const Tensor x, tokens, lengths;
}  // namespace models_generation_predictor
namespace models_generation_shape_plans {
extern const std::vector<Batch> batches;
Value model(Graph& g, BatchShape shape);
BatchShape shape_of(const Batch& batch);
}  // namespace models_generation_shape_plans
namespace models_generation_translator {
extern const std::vector<std::vector<std::int32_t>> sources;
}
namespace models_latents_categorical {
extern const CategoricalLatent latent;
}
namespace models_latents_gaussian {
extern const GaussianLatent latent;
}
namespace models_latents_quantiser {
extern const Quantiser quantiser;
}
namespace models_layers_conditionals {
extern const Conditionals q;
extern const Choose choose;
}  // namespace models_layers_conditionals
namespace models_layers_image_network {
extern const ImageNetwork network;
extern const Value latent;
}  // namespace models_layers_image_network
namespace models_layers_decoder {
extern const Value tokens;
extern const Encoded encoded;
extern const SequenceBlocks blocks;
}  // namespace models_layers_decoder
namespace models_layers_transformer {
extern const TransformerConfig config;
extern const Value tokens;
}  // namespace models_layers_transformer
namespace models_metrics_homogeneity {
extern Coder coder;
extern const Sentences batches;
}  // namespace models_metrics_homogeneity
namespace models_rewards_reward_training {
extern const SentencePairs pairs;
std::string text_of(std::span<const std::int32_t> tokens);
}  // namespace models_rewards_reward_training
namespace ops_position {
extern const Value wq, wk, first;
extern const std::int64_t heads;
}  // namespace ops_position
namespace ops_random {
extern const Value mean, log_variance;
}
namespace ops_recurrent {
extern const Value input, recurrent, bias, h0, c0;
}
namespace ops_update {
extern const Value rate, step, weight_gradient;
extern const std::vector<Value> gradients;
}  // namespace ops_update
namespace models_training_export {
extern CheckpointReader checkpoint;
}
namespace models_training_fit {
extern const TokenStream source;
}
namespace models_training_learner {
extern const TokenStream source;
}

}  // namespace surroundings

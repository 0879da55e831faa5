// What autoencoders with quantised latents share, whatever their items are: from features to the
// vectors that a quantiser reads, and the loss of codes and reconstruction.
//
// Loss of an item: the mean of its distortion (what the modality says that a decoder loses) + the
// quantiser's terms, the mean over positions, added up over levels of codes.
#pragma once

#include <cstdint>
#include <span>

#include "core/graph/graph.h"
#include "models/latents/quantiser.h"
#include "models/model.h"

namespace abax {

/// Codes that stand for `units` of a dense layer: as many as code_width fits into them, at least 1.
std::int64_t dense_positions(std::int64_t units, const Quantiser& quantiser);
/// What is quantised, by the layer "code" in the current scope: of features [batch, .., width] of
/// positions, at least one axis of them, [batch, .., quantised_width()], a linear map of each; of
/// flat ones [batch, units] as [batch, positions, quantised_width()].
Value vectors_to_quantise(Value features, std::int64_t positions, const Quantiser& quantiser);
/// One weight a position of z [batch, positions.., width]: that of its item.
Value position_weights(Value weights, Value z);
/// `count` uniformly distributed codes of that many kinds for each item, [batch, count] i32.
Value uniform_codes(Graph& graph, std::int64_t batch, std::int64_t count, std::int64_t kinds);

/// How often each code comes at each of an item's positions in training, [positions, kinds] f32: a
/// moving average of decay 0.999, zeros at first, in the parameter prior/counts, which no optimiser
/// touches. A training graph moves it at the end of each run by codes [batch, positions] and the
/// weights [batch] of the items.
void count_in_training(Value codes, Value weights, std::int64_t kinds);
/// Codes [batch, positions] i32, each drawn by how often it came at its position, whatever the
/// others are; uniformly where none was counted.
Value frequent_codes(Graph& graph, std::int64_t batch, std::int64_t positions, std::int64_t kinds);

/// Sums over items of the mean of `terms` [batch, ..] over an item, and how many items count.
Loss mean_over_item(Value terms, Value weights);

/// `distortion` is [batch, ..], `mean` are the reconstructed items. Metrics: "reconstruction" (the
/// distortion), "commitment" (without its weight), and in training graphs "code_perplexity" of the
/// batch. Statistics: "code_counts" [levels * codebooks * kinds]; "posterior" [positions * kinds],
/// how often each code came at each of an item's positions: the sum over items of q(z|x), all of
/// whose weight is on one code. Items with weight 0 weigh nothing in any of them. The codes, those
/// of the first level first, are named "codes" [batch, positions].
Model quantised_model(Value distortion, Value mean, Value weights,
                      std::span<const Quantised> levels, const Quantiser& quantiser);

}  // namespace abax

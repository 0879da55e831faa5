// The modality of images: what a model with a latent needs of them, whatever the latent is. Inputs,
// features from the encoder, pixels and their likelihood from the decoder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/graph/graph.h"
#include "models/layers/image_network.h"
#include "models/layers/pixels.h"
#include "models/settings/fields.h"

namespace abax {

struct ImageModality {
  ImageNetwork network = {};
  Pixels pixels = {};
};
void fields(Fields& f, ImageModality& m);

struct ImageInputs {
  Value images;   // [batch, height, width, channels] f32 in [0, 1]
  Value weights;  // [batch] f32, 0 for rows that only fill the batch
};
/// The graph's inputs "images" and "weights".
ImageInputs image_inputs(Graph& graph, const ImageModality& modality, std::int64_t batch);

/// What the network of the encoder makes of images, flat: [batch, units].
Value encoded_features(Value images, const ImageModality& modality);

/// How the pixels of an image depend on each other given z: "independent", or "autoregressive",
/// each row conditional on those above it too (models/layers/conditionals.h with `width` units,
/// decoder/conditional/{hidden/weight, hidden/bias, embedding, output}). Both functions below throw
/// UsageError on another word.
struct PixelConditioning {
  std::string_view pixels = "independent";
  std::int64_t width = 128;
};
/// Declares the setting "pixels".
Field& pixels_field(Fields& f, std::string& pixels);

/// The parameters of the pixels (see models/layers/pixels.h) by the network of the decoder: from z
/// [.., size] to [.., height, width, outputs * channels]. Before convolutions stands a linear
/// layer, decoder/features/{weight,bias}. Rows that are conditional know those of `images` [..,
/// height, width, channels]; the leading axes broadcast.
Value decoded_pixels(Value z, Value images, const ImageModality& modality,
                     const PixelConditioning& conditioning);
/// The means of the pixels that z [batch, size] stands for, [batch, height, width, channels]. Of
/// autoregressive ones each row is drawn, and the means are those given the rows drawn above.
Value drawn_pixels(Value z, const ImageModality& modality, const PixelConditioning& conditioning);

}  // namespace abax

// What tests of autoencoders share: batches of images, models far from their beginnings.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/error.h"
#include "models/model.h"
#include "models/layers/image_modality.h"
#include "tests/models/run_model.h"

namespace abax::test {

/// Grey noise of a size (or one such image again and again), weights (ones where
/// none are given), and values for what a schedule says.
struct ImageBatch {
  Tensor images, weights;
  Tensor kl_weight = Tensor::of<float>({}, {1}), temperature = Tensor::of<float>({}, {0.8f});

  ImageBatch(std::int64_t batch, const ImageModality& modality, std::vector<float> given,
             bool same = false)
      : ImageBatch(batch, modality.network.size, std::move(given), same) {}
  ImageBatch(std::int64_t batch, const ImageSize& size_of, std::vector<float> given,
             bool same = false)
      : images({batch, size_of.height, size_of.width, size_of.channels}), weights({batch}) {
    given.resize(static_cast<std::size_t>(batch), 1.f);
    std::ranges::copy(given, weights.as<float>().begin());
    const auto pixels = images.as<float>();
    const auto size = pixels.size() / static_cast<std::size_t>(batch);
    Random random(stream_key(2, "test", "images"));
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = same && i >= size ? pixels[i - size] : static_cast<float>(random.uniform());
  }
  Inputs inputs() const {
    return {{"images", &images},
            {"weights", &weights},
            {"kl_weight", &kl_weight},
            {"temperature", &temperature}};
  }
};

/// The model's parameters, shaken.
template <class Settings>
void create(Variables& store, Model (*build)(Graph&, const Settings&, const BatchShape&),
            const std::type_identity_t<Settings>& settings, double deviation = 0.3) {
  Graph g(store, Mode::train, "create");
  build(g, settings, {.batch = 1});
  shake(store, deviation);
}

}  // namespace abax::test

// What tests of autoencoders share: batches of images, models far from their beginnings.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/error.h"
#include "models/data/batch.h"
#include "models/layers/image_modality.h"
#include "models/model.h"
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

/// `count` images of 4 x 3 x 2 with pixels of some levels, labels 0, 1, ...; a batch is padded with
/// black images of weight 0 and label -1.
class NumberedImages : public data::BatchSource {
 public:
  static constexpr ImageSize size{4, 3, 2};
  NumberedImages(std::int64_t count, std::int64_t batch)
      : count_(count), shapes_{{.batch = batch}} {}

  static float pixel(std::int64_t image, std::int64_t i) {
    const std::int64_t number = image * 24 + i;
    return static_cast<float>(number * number % 251) / 255.f;
  }
  const std::vector<BatchShape>& shapes() const override { return shapes_; }
  std::int64_t batches() const override {
    return (count_ + shapes_[0].batch - 1) / shapes_[0].batch;
  }
  void fill(std::int64_t position, data::Batch& batch) const override {
    const std::int64_t rows = shapes_[0].batch;
    const auto images = batch.prepare("images", {{rows, 4, 3, 2}, f32}).as<float>();
    const auto weights = batch.prepare("weights", {{rows}, f32}).as<float>();
    const auto labels = batch.prepare("labels", {{rows}, i32}).as<std::int32_t>();
    batch.position = position;
    batch.counted = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t image = position % batches() * rows + row;
      const bool there = image < count_;
      const auto at = static_cast<std::size_t>(row);
      batch.counted += there ? 1 : 0;
      weights[at] = there ? 1.f : 0.f;
      labels[at] = there ? static_cast<std::int32_t>(image) : -1;
      for (std::int64_t i = 0; i < 24; ++i)
        images[at * 24 + static_cast<std::size_t>(i)] = there ? pixel(image, i) : 0.f;
    }
  }

 private:
  std::int64_t count_;
  std::vector<BatchShape> shapes_;
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

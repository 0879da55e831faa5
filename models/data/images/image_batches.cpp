// Filling batches with images.
#include "models/data/images/image_batches.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {
namespace {

/// Images have one size, so that one bucket holds them all.
Buckets one_bucket(const Images& images, std::int64_t batch) {
  if (images.size() == 0) throw UsageError("no images to make batches of");
  if (batch < 1) throw UsageError(str_cat("a batch has at least one row, not ", batch));
  return {.shapes = {{.batch = batch}}, .bucket = std::vector<int>(images.size(), 0)};
}

}  // namespace

ImageBatches::ImageBatches(const Images& images, const Options& options)
    : images_(&images),
      options_(options),
      order_(one_bucket(images, options.batch), std::vector<ItemSize>(images.size()),
             options.shuffled, options.seed) {}

void ImageBatches::fill(std::int64_t position, Batch& batch) const {
  const std::vector<std::int64_t> items = rows(position);
  const Images& all = *images_;
  const std::int64_t size = options_.batch;
  // pixels is [batch, height, width, channels]
  const auto pixels =
      batch.prepare("images", {{size, all.height, all.width, all.channels}, f32}).as<float>();
  const auto weights = batch.prepare("weights", {{size}, f32}).as<float>();
  const auto labels = batch.prepare("labels", {{size}, i32}).as<std::int32_t>();
  std::ranges::fill(pixels, 0.f);
  std::ranges::fill(weights, 0.f);
  std::ranges::fill(labels, -1);
  batch.shape = 0;
  batch.position = position;
  batch.counted = std::ssize(items);
  Random random(stream_key(options_.seed, "data", "binarise"),
                static_cast<std::uint64_t>(position));
  auto pixel = pixels.begin();
  for (std::size_t row = 0; row < items.size(); ++row) {
    const auto item = static_cast<std::size_t>(items[row]);
    weights[row] = 1;
    if (!all.labels.empty()) labels[row] = all.labels[item];
    for (const std::uint8_t value : all.image(item))
      *pixel++ = options_.binarised ? static_cast<float>(random.below(255) < value)
                                    : static_cast<float>(value) / 255.f;
  }
}

}  // namespace abax::data

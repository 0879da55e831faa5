// Images as batches: each once a pass, padding without weight, binarised or not, resumable.
#include "models/data/images/image_batches.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"

namespace abax::data {
namespace {

/// Image i is [2, 1, 1] with the pixels 10 i and 255, its label i.
Images numbered(std::int32_t count) {
  Images images{.height = 2, .width = 1, .channels = 1};
  for (std::int32_t i = 0; i < count; ++i) {
    images.pixels.insert(images.pixels.end(), {static_cast<std::uint8_t>(10 * i), 255});
    images.labels.push_back(i);
  }
  return images;
}

}  // namespace

TEST_CASE("image batches: the last one of a pass is filled with rows of no weight") {
  const Images images = numbered(5);
  const ImageBatches source(images, {.batch = 3});
  REQUIRE(source.batches() == 2);
  CHECK(source.shapes() == std::vector<BatchShape>{{.batch = 3}});
  Batch batch = source.make(1);
  CHECK(batch.counted == 2);
  CHECK(batch.input("images").shape() == Shape{3, 2, 1, 1});
  const auto pixels = batch.input("images").as<float>();
  CHECK(pixels[0] == 30 / 255.f);
  CHECK(pixels[1] == 1);
  CHECK(pixels[2] == 40 / 255.f);
  CHECK(pixels[4] == 0);
  CHECK(pixels[5] == 0);
  CHECK(std::ranges::equal(batch.input("weights").as<float>(), std::vector<float>{1, 1, 0}));
  CHECK(std::ranges::equal(batch.input("labels").as<std::int32_t>(), std::vector<int>{3, 4, -1}));
  source.fill(2, batch);  // the next pass, in memory that held another batch
  CHECK(batch.counted == 3);
  CHECK(batch.input("labels").as<std::int32_t>()[2] == 2);
  CHECK_THROWS_AS(source.make(-1), UsageError);
  CHECK_THROWS_AS(ImageBatches(images, {.batch = 0}), UsageError);
  const Images none;
  CHECK_THROWS_AS(ImageBatches(none, {}), UsageError);
}

TEST_CASE("image batches: shuffled anew each pass, by the position alone") {
  const Images images = numbered(20);
  const ImageBatches source(images, {.batch = 7, .shuffled = true, .seed = 5});
  std::vector<std::vector<std::int64_t>> passes(3);
  for (std::int64_t position = 0; position < 9; ++position) {
    const auto rows = source.rows(position);
    auto& pass = passes[static_cast<std::size_t>(position / 3)];
    pass.insert(pass.end(), rows.begin(), rows.end());
    const Batch batch = source.make(position);
    for (std::size_t row = 0; row < rows.size(); ++row)
      CHECK(batch.input("labels").as<std::int32_t>()[row] == rows[row]);
  }
  for (const auto& pass : passes) {
    CHECK(pass.size() == 20);
    CHECK(std::set(pass.begin(), pass.end()).size() == 20);
  }
  CHECK(passes[0] != passes[1]);
  CHECK(source.rows(4) == ImageBatches(images, {.batch = 7, .shuffled = true, .seed = 5}).rows(4));
}

TEST_CASE("image batches: dynamic binarisation draws anew for each position, and repeats itself") {
  Images images{.height = 100, .width = 1, .channels = 1};
  images.pixels.assign(200, 100);
  const ImageBatches source(images, {.batch = 2, .binarised = true});
  const Batch batch = source.make(0), again = source.make(0), later = source.make(1);
  const auto pixels = batch.input("images").as<float>();
  CHECK(std::ranges::all_of(pixels, [](float pixel) { return pixel == 0 || pixel == 1; }));
  const auto bright = std::ranges::count(pixels, 1.f);
  CHECK(bright > 50);
  CHECK(bright < 110);
  CHECK(std::ranges::equal(pixels, again.input("images").as<float>()));
  CHECK_FALSE(std::ranges::equal(pixels, later.input("images").as<float>()));
  CHECK(batch.input("labels").as<std::int32_t>()[0] == -1);
}

}  // namespace abax::data

// The built-in images: what is drawn, and that their factors are true.
#include "models/data/corpora/glyphs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"

namespace abax::data {
namespace {

double brightness(std::span<const std::uint8_t> pixels) {
  return std::accumulate(pixels.begin(), pixels.end(), 0.0) / 255;
}

int pixel(const std::vector<std::uint8_t>& pixels, int x, int y) {
  return pixels[static_cast<std::size_t>(y * glyph_side + x)];
}

}  // namespace

TEST_CASE("glyphs: a bar is as thick and as long as its factors say") {
  const std::int64_t bar = 1;
  const auto pixels = draw_glyph(bar, {.slant = 0, .thickness = 2, .size = 16, .x = 14, .y = 14});
  for (const int y : {7, 14, 20}) {  // 6 to 22 along y, 13 to 15 along x
    CHECK(pixel(pixels, 13, y) == 255);
    CHECK(pixel(pixels, 14, y) == 255);
    CHECK(pixel(pixels, 12, y) == 0);
    CHECK(pixel(pixels, 15, y) == 0);
  }
  CHECK(pixel(pixels, 14, 4) == 0);
  CHECK(pixel(pixels, 14, 23) == 0);
  // Two wide, sixteen long, and a round end of radius 1 at both ends.
  CHECK(brightness(pixels) == doctest::Approx(2 * 16 + 3.14).epsilon(0.03));
  const auto moved = draw_glyph(bar, {.slant = 0, .thickness = 2, .size = 16, .x = 12, .y = 15});
  CHECK(pixel(moved, 11, 15) == pixel(pixels, 13, 14));
  CHECK(pixel(moved, 12, 7) == pixel(pixels, 14, 6));
  // Slanted to the right: the top is moved by 8 * 0.25 pixels, the bottom back.
  const auto slanted =
      draw_glyph(bar, {.slant = 0.25, .thickness = 2, .size = 16, .x = 14, .y = 14});
  CHECK(pixel(slanted, 15, 7) > 200);
  CHECK(pixel(slanted, 12, 20) > 200);
  CHECK(pixel(slanted, 12, 7) == 0);
  CHECK_THROWS_AS(draw_glyph(10, {}), UsageError);
  CHECK_THROWS_AS(draw_glyph(-1, {}), UsageError);
}

TEST_CASE("glyphs: images are drawn from their factors, and stay inside") {
  const GlyphSet set = glyphs(3, {.train = 300, .valid = 40, .test = 50});
  CHECK(set.train.images.size() == 300);
  CHECK(set.valid.images.size() == 40);
  CHECK(set.test.factors.size() == 50);
  CHECK(set.train.images.names.size() == 10);
  std::vector<int> counts(10);
  for (std::size_t i = 0; i < set.train.images.size(); ++i) {
    const std::int32_t label = set.train.images.labels[i];
    ++counts[static_cast<std::size_t>(label)];
    const auto image = set.train.images.image(i);
    CHECK(std::ranges::equal(image, draw_glyph(label, set.train.factors[i])));
    for (int edge = 0; edge < glyph_side; ++edge) {
      CHECK(image[static_cast<std::size_t>(edge)] == 0);
      CHECK(image[static_cast<std::size_t>(edge * glyph_side)] == 0);
    }
  }
  CHECK(std::ranges::min(counts) > 10);
  const GlyphSet other = glyphs(3, {.train = 7, .valid = 40, .test = 50});
  CHECK(other.test.images.pixels == set.test.images.pixels);
  CHECK(glyphs(4, {.train = 0, .valid = 0, .test = 50}).test.images.pixels !=
        set.test.images.pixels);
  CHECK(set.valid.images.pixels != set.test.images.pixels);
}

TEST_CASE("glyphs: shapes of different classes differ by far") {
  for (std::int64_t a = 0; a < glyph_classes; ++a)
    for (std::int64_t b = 0; b < a; ++b) {
      CAPTURE(a);
      CAPTURE(b);
      const auto left = draw_glyph(a, {}), right = draw_glyph(b, {});
      double different = 0;
      for (std::size_t i = 0; i < left.size(); ++i) different += std::abs(left[i] - right[i]);
      CHECK(different / 255 > 12);
    }
}

}  // namespace abax::data

// The built-in images: ten simple shapes drawn with a pen, whose factors of variation are known.
//
//     const GlyphSet set = glyphs(/*seed=*/1);
//     set.train.images.names[set.train.images.labels[0]];     // "triangle"
//     set.train.factors[0].slant;
#pragma once

#include <cstdint>
#include <vector>

#include "models/data/images/images.h"

namespace abax::data {

/// What an image is made from, beside its class. All but the class are drawn evenly from their
/// range; lengths are in pixels.
struct GlyphFactors {
  double slant = 0;       // x grows by this much a pixel upwards: -0.35 to 0.35
  double thickness = 2;   // of the pen: 1.4 to 3.2
  double size = 16;       // of the square that the shape fills before it is slanted: 12 to 18
  double x = 14, y = 14;  // of its middle: 11.5 to 16.5
};

struct Glyphs {
  Images images;                      // [images, 28, 28, 1], with labels and names
  std::vector<GlyphFactors> factors;  // one an image
};

/// Side of an image in pixels, and the number of classes.
inline constexpr std::int64_t glyph_side = 28;
inline constexpr std::int64_t glyph_classes = 10;

/// The brightness 0 to 255 of each pixel [28, 28]: how far its middle lies from the strokes, with
/// an edge of one pixel. Throws UsageError on a class outside 0 to 9.
std::vector<std::uint8_t> draw_glyph(std::int64_t label, const GlyphFactors& factors);

struct GlyphCounts {
  std::int64_t train = 6000, valid = 1000, test = 1000;
};
struct GlyphSet {
  Glyphs train, valid, test;
};
/// All classes are equally likely. The parts are drawn apart: the test part is the same whatever
/// the number of images to train on.
GlyphSet glyphs(std::uint64_t seed, const GlyphCounts& counts = {});

}  // namespace abax::data

// Drawing glyphs: each shape is a few lines through points, arcs among them as short pieces.
#include "models/data/corpora/glyphs.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"

namespace abax::data {
namespace {

/// In the square from (-1, -1), top left, to (1, 1).
struct Point {
  double x = 0, y = 0;
};
using Line = std::vector<Point>;

struct Shape {
  std::string_view name;
  std::vector<Line> strokes;
};

/// An arc of an ellipse around (x, y); angles in turns, from the right by way of below.
Line arc(Point middle, double width, double height, double from, double to) {
  constexpr double piece = 1.0 / 24;  // of a turn: within 0.1 pixels of the true arc
  const int pieces = static_cast<int>(std::ceil(std::abs(to - from) / piece));
  Line line;
  for (int i = 0; i <= pieces; ++i) {
    const double angle = 2 * std::numbers::pi * (from + (to - from) * i / pieces);
    line.push_back({middle.x + width * std::cos(angle), middle.y + height * std::sin(angle)});
  }
  return line;
}

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all{
      {"ring", {arc({0, 0}, 0.8, 1, 0, 1)}},
      {"bar", {{{0, -1}, {0, 1}}}},
      {"cross", {{{-0.9, 0}, {0.9, 0}}, {{0, -1}, {0, 1}}}},
      {"corner", {{{-0.7, -1}, {-0.7, 1}, {0.8, 1}}}},
      {"tee", {{{-0.9, -1}, {0.9, -1}}, {{0, -1}, {0, 1}}}},
      {"zigzag", {{{-0.8, -1}, {0.8, -1}, {-0.8, 1}, {0.8, 1}}}},
      {"arch",
       {{{-0.8, 1}, {-0.8, -0.2}}, arc({0, -0.2}, 0.8, 0.8, 0.5, 1), {{0.8, -0.2}, {0.8, 1}}}},
      {"hook", {{{0.4, -1}, {0.4, 0.4}}, arc({-0.2, 0.4}, 0.6, 0.6, 0, 0.5)}},
      {"triangle", {{{0, -1}, {0.95, 0.9}, {-0.95, 0.9}, {0, -1}}}},
      {"fork", {{{-0.8, -1}, {0, 0}, {0.8, -1}}, {{0, 0}, {0, 1}}}},
  };
  return all;
}

/// The distance of p from the piece of line between a and b.
double distance(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length = dx * dx + dy * dy;
  const double along =
      length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0;
  const double x = p.x - a.x - along * dx, y = p.y - a.y - along * dy;
  return std::sqrt(x * x + y * y);
}

/// Brightens the pixels near the piece of line between a and b, which are in pixels.
void draw_piece(std::vector<std::uint8_t>& pixels, Point a, Point b, double thickness) {
  const double reach = thickness / 2 + 1;
  const auto first = [&](double low) {
    return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(low - reach)));
  };
  const auto last = [&](double high) {
    return std::min(glyph_side - 1, static_cast<std::int64_t>(std::ceil(high + reach)));
  };
  for (std::int64_t y = first(std::min(a.y, b.y)); y <= last(std::max(a.y, b.y)); ++y)
    for (std::int64_t x = first(std::min(a.x, b.x)); x <= last(std::max(a.x, b.x)); ++x) {
      const Point middle{static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5};
      const double cover = std::clamp(thickness / 2 + 0.5 - distance(middle, a, b), 0.0, 1.0);
      std::uint8_t& pixel = pixels[static_cast<std::size_t>(y * glyph_side + x)];
      pixel = std::max(pixel, static_cast<std::uint8_t>(std::lround(255 * cover)));
    }
}

Glyphs draw_part(std::uint64_t seed, std::string_view part, std::int64_t count) {
  Glyphs glyphs;
  glyphs.images = {.height = glyph_side, .width = glyph_side, .channels = 1};
  for (const Shape& shape : shapes()) glyphs.images.names.emplace_back(shape.name);
  Random random(stream_key(seed, "glyphs", part));
  const auto between = [&](double low, double high) {
    return low + (high - low) * random.uniform();
  };
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = random.below(glyph_classes);
    GlyphFactors factors;
    factors.slant = between(-0.35, 0.35);
    factors.thickness = between(1.4, 3.2);
    factors.size = between(12, 18);
    factors.x = between(11.5, 16.5);
    factors.y = between(11.5, 16.5);
    const std::vector<std::uint8_t> pixels = draw_glyph(label, factors);
    glyphs.images.pixels.insert(glyphs.images.pixels.end(), pixels.begin(), pixels.end());
    glyphs.images.labels.push_back(static_cast<std::int32_t>(label));
    glyphs.factors.push_back(factors);
  }
  return glyphs;
}

}  // namespace

std::vector<std::uint8_t> draw_glyph(std::int64_t label, const GlyphFactors& factors) {
  if (label < 0 || label >= glyph_classes)
    throw UsageError(
        str_cat("there are ", glyph_classes, " classes of glyphs, 0 to 9, not ", label));
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(glyph_side * glyph_side));
  const auto placed = [&](Point p) {
    const double up = -p.y * factors.size / 2;  // from the middle, in pixels
    return Point{factors.x + p.x * factors.size / 2 + factors.slant * up, factors.y - up};
  };
  for (const Line& line : shapes()[static_cast<std::size_t>(label)].strokes)
    for (std::size_t i = 0; i + 1 < line.size(); ++i)
      draw_piece(pixels, placed(line[i]), placed(line[i + 1]), factors.thickness);
  return pixels;
}

GlyphSet glyphs(std::uint64_t seed, const GlyphCounts& counts) {
  return {draw_part(seed, "train", counts.train), draw_part(seed, "valid", counts.valid),
          draw_part(seed, "test", counts.test)};
}

}  // namespace abax::data

// Putting images into a grid, enlarged.
#include "tools/images/picture.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/data/images/png.h"

namespace abax {
namespace {

constexpr std::int64_t gap = 2;       // pixels between images
constexpr std::int64_t legible = 56;  // images of fewer rows are enlarged to about so many
constexpr std::uint8_t gap_brightness = 128;

std::uint8_t byte_of(float value) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.f, 1.f)));
}

}  // namespace

data::Images image_grid(const Tensor& images, std::int64_t columns) {
  const Shape& shape = images.shape();
  if (shape.rank() != 4)
    throw ShapeError(str_cat("expected images [n, height, width, channels], not ", shape));
  const std::int64_t count = shape[0], height = shape[1], width = shape[2], channels = shape[3];
  if (images.size() == 0 || columns < 1)
    throw UsageError(str_cat("a grid takes images and columns, not ", shape, " in ", columns));
  const std::int64_t shown = channels == 3 ? 3 : 1;
  const std::int64_t scale = std::max<std::int64_t>(1, legible / height);
  columns = std::min(columns, count);
  const std::int64_t rows = (count + columns - 1) / columns;
  data::Images picture{.height = rows * (height * scale + gap) - gap,
                       .width = columns * (width * scale + gap) - gap,
                       .channels = shown};
  picture.pixels.assign(picture.image_bytes(), gap_brightness);
  const auto values = images.as<float>();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t top = i / columns * (height * scale + gap);
    const std::int64_t left = i % columns * (width * scale + gap);
    for (std::int64_t y = 0; y < height * scale; ++y)
      for (std::int64_t x = 0; x < width * scale; ++x)
        for (std::int64_t c = 0; c < shown; ++c) {
          const std::int64_t from = ((i * height + y / scale) * width + x / scale) * channels + c;
          const std::int64_t to = ((top + y) * picture.width + left + x) * shown + c;
          picture.pixels[static_cast<std::size_t>(to)] =
              byte_of(values[static_cast<std::size_t>(from)]);
        }
  }
  return picture;
}

void check_picture_name(const std::filesystem::path& path) {
  const std::string kind = path.extension().string();
  if (!kind.empty() && kind != ".png" && kind != ".PNG")
    throw UsageError(str_cat("'", path.string(), "': pictures are written as PNG; name it ",
                             path.stem().string(), ".png"));
}

void write_picture(const std::filesystem::path& path, const data::Images& picture) {
  write_file_atomically(path, data::png_of(picture));
}

Tensor alternating(const Tensor& a, const Tensor& b) {
  if (a.type() != b.type() || a.shape().rank() == 0)
    throw ShapeError(
        str_cat("expected two tensors of one shape, not ", a.type(), " and ", b.type()));
  const std::int64_t count = a.shape()[0];
  Tensor both(a.shape().with(0, 2 * count));
  const std::int64_t each = count > 0 ? a.size() / count : 0;
  auto to = both.as<float>().begin();
  for (std::int64_t i = 0; i < count; ++i)
    for (const Tensor* tensor : {&a, &b})
      to = std::copy_n(tensor->as<float>().begin() + i * each, each, to);
  return both;
}

}  // namespace abax

// Pictures for people: images in a grid, as a PNG file.
//
//     write_picture("samples.png", image_grid(samples, /*columns=*/8));
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/base/tensor.h"
#include "models/data/images/images.h"

namespace abax {

/// One picture of images [n, height, width, channels] f32, row by row, with grey gaps of two
/// pixels. Values outside [0, 1] are cut off; small images are enlarged by a whole factor. Of other
/// than 1 or 3 channels the first alone is shown. Throws ShapeError on other shapes, UsageError
/// where there are no images or no columns.
data::Images image_grid(const Tensor& images, std::int64_t columns);

/// Throws UsageError where the name is that of another kind of file, such as "a.jpg": to be asked
/// before long work.
void check_picture_name(const std::filesystem::path& path);

/// Throws DiskError.
void write_picture(const std::filesystem::path& path, const data::Images& picture);

/// Images [n, ..] one after the other: a[0], b[0], a[1], b[1], .. as [2 n, ..]. Throws ShapeError
/// where the shapes differ.
Tensor alternating(const Tensor& a, const Tensor& b);

}  // namespace abax

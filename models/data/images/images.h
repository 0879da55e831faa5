// Images of one size with their labels, and the formats that they are read from.
//
//     Images train = read_images({"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"});
//     train.pixels[train.image_bytes() * 5];      // the first pixel of image 5
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abax::data {

struct Images {
  std::int64_t height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels = {};  // [images, height, width, channels], 0 dark, 255 bright
  std::vector<std::int32_t> labels = {};  // one an image, at least 0; or none at all
  std::vector<std::string> names = {};    // of the labels, where they are known

  /// Bytes of one image.
  std::size_t image_bytes() const { return static_cast<std::size_t>(height * width * channels); }
  std::size_t size() const { return pixels.empty() ? 0 : pixels.size() / image_bytes(); }
  std::span<const std::uint8_t> image(std::size_t i) const {
    return std::span(pixels).subspan(i * image_bytes(), image_bytes());
  }
  /// Values of a label: above the greatest one, and as many as there are names. 0 without labels.
  std::int64_t classes() const;
};

/// The images at these positions, in this order.
Images select(const Images& images, std::span<const std::size_t> positions);

/// Adds images of the same size. Throws DataError, with both `name`s, where sizes differ or only
/// one of the two has labels.
void append(Images& images, const Images& more, std::string_view name);

/// What a file holds: images, or the labels of images.
struct ImageFile {
  Images images = {};                     // none where the file holds labels
  std::vector<std::int32_t> labels = {};  // of IDX label files
};

/// The IDX format of MNIST: unsigned bytes in 3 axes [images, height, width], 4 [images, height,
/// width, channels], or 1 (labels). Big-endian sizes, no gaps.
bool is_idx(std::string_view bytes);
ImageFile read_idx(std::string_view bytes, const std::string& name);
/// Writes images [images, height, width] or, with more than one channel, in 4 axes. Throws
/// DiskError.
void write_idx(const std::filesystem::path& path, const Images& images);

/// The binary CIFAR-10 format: records of a label byte and the red, green and blue planes of 32 x
/// 32 pixels. It has no signature; whole records with labels 0 to 9 count as one.
bool is_cifar10(std::string_view bytes);
Images read_cifar10(std::string_view bytes, const std::string& name);

/// Reads files one after the other, each told by its content, also compressed with gzip: IDX,
/// CIFAR-10, PNG. An IDX file of labels is for the images of the file before it. A folder stands
/// for all its PNG files in order of their names; where it holds folders, each of these is a class
/// of its own. Throws DataError with the name of the file, the offset and the reason where one is
/// damaged, truncated, of another size than the others, or of no known format.
Images read_images(const std::vector<std::string>& paths);

/// Each pixel 0 or 255, the latter with probability pixel / 255 (Salakhutdinov and Murray 2008,
/// section 5): the same for an image at the same position whenever the seed is.
Images binarised(const Images& images, std::uint64_t seed);

/// Of all pixels as numbers in [0, 1].
struct PixelMoments {
  double mean = 0, variance = 0;
};
PixelMoments pixel_moments(const Images& images);

}  // namespace abax::data

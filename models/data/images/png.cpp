// PNG through libpng's simplified interface. Chunks are checked here first, since libpng tells no
// offset where a file is damaged.
#include "models/data/images/png.h"

#include <png.h>
#include <zlib.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"

namespace abax::data {
namespace {

constexpr std::string_view png_magic = "\x89PNG\r\n\x1A\n";

[[noreturn]] void fail(const std::string& name, std::size_t offset, const std::string& reason) {
  throw DataError(str_cat("'", name, "', a PNG file, at byte ", offset, ": ", reason));
}

std::size_t number_at(std::string_view bytes, std::size_t offset) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number = number << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return number;
}

/// Walks over the chunks (length, type, data, CRC of type and data) up to IEND, checking all.
/// Returns the offset of the first image data.
std::size_t check_chunks(std::string_view bytes, const std::string& name) {
  std::size_t image_data = bytes.size();
  for (std::size_t at = png_magic.size();;) {
    if (bytes.size() - at < 12) fail(name, bytes.size(), "it ends early");
    const std::size_t length = number_at(bytes, at);
    const std::string_view type = bytes.substr(at + 4, 4);
    if (bytes.size() - at - 12 < length)
      fail(name, bytes.size(),
           str_cat("it ends in a chunk of ", length, " bytes that began at ", at));
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(bytes.data() + at + 4),
                           static_cast<uInt>(length + 4));
    if (sum != number_at(bytes, at + 8 + length))
      fail(name, at, "a chunk is damaged: its checksum does not match");
    if (type == "IDAT") image_data = std::min(image_data, at);
    if (type == "IEND") return image_data;
    at += 12 + length;
  }
}

/// Refuses a header (width, height, bits, colour, .. at byte 16) of more pixels than the file's
/// data can hold: Deflate makes at most 1,032 bytes of one. And, as a bomb, more than any input may
/// hold.
void check_size(std::string_view bytes, const std::string& name) {
  constexpr std::size_t header = 16, most_ratio = 1032;
  if (bytes.size() < header + 10 || bytes.substr(12, 4) != "IHDR") return;  // libpng says more
  const std::size_t width = number_at(bytes, header), height = number_at(bytes, header + 4);
  const auto bits = static_cast<unsigned char>(bytes[header + 8]);
  const auto colour = static_cast<unsigned char>(bytes[header + 9]);
  // At least: a palette's index, or grey; three or more numbers where there is colour without one.
  const std::size_t numbers = colour == 2 || colour == 6 ? 3 : 1;
  const std::size_t row = width / 8 * bits * numbers;
  if (height > most_ratio * bytes.size() / std::max<std::size_t>(row, 1))
    fail(name, header,
         str_cat("its header promises ", width, " x ", height,
                 " pixels, more than the data of its ", bytes.size(), " bytes can hold"));
  const std::uint64_t most = most_input_bytes();
  if (width > 0 && height > most / width / 3) refuse_input_size(name, most);
}

/// libpng's state, freed at the end.
struct PngImage {
  PngImage() { image.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
  png_image image{};
};

}  // namespace

bool is_png(std::string_view bytes) { return bytes.starts_with(png_magic); }

Images read_png(std::string_view bytes, const std::string& name) {
  const std::size_t image_data = check_chunks(bytes, name);
  check_size(bytes, name);
  PngImage png;
  if (!png_image_begin_read_from_memory(&png.image, bytes.data(), bytes.size()))
    fail(name, png_magic.size(), png.image.message);
  const bool colour = (png.image.format & PNG_FORMAT_FLAG_COLOR) != 0;
  png.image.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  Images result{.height = png.image.height, .width = png.image.width, .channels = colour ? 3 : 1};
  result.pixels.resize(PNG_IMAGE_SIZE(png.image));
  const png_color black{0, 0, 0};
  if (!png_image_finish_read(&png.image, &black, result.pixels.data(), 0, nullptr))
    fail(name, image_data, png.image.message);
  return result;
}

std::string png_of(const Images& images, std::size_t position) {
  if (images.channels != 1 && images.channels != 3)
    throw UsageError(str_cat("a PNG has 1 or 3 channels here, not ", images.channels));
  PngImage png;
  png.image.width = static_cast<png_uint_32>(images.width);
  png.image.height = static_cast<png_uint_32>(images.height);
  png.image.format = images.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  const void* pixels = images.image(position).data();
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png.image);
  std::string file(size, '\0');
  if (!png_image_write_to_memory(&png.image, file.data(), &size, 0, pixels, 0, nullptr))
    throw MemoryError(str_cat("libpng could not write an image: ", png.image.message));
  file.resize(size);
  return file;
}

}  // namespace abax::data

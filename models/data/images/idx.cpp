// IDX, the format of MNIST: http://yann.lecun.com/exdb/mnist
#include <array>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/data/images/images.h"

namespace abax::data {
namespace {

constexpr std::string_view idx_bytes{"\0\0\x08", 3};  // the start of the signature: unsigned bytes

/// A whole number of four bytes, the highest first.
std::uint64_t number_at(std::string_view bytes, std::size_t offset) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number = number << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return number;
}

void append_number(std::string& to, std::uint64_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(number >> shift & 0xFF);
}

}  // namespace

bool is_idx(std::string_view bytes) {
  if (bytes.size() < 4 || !bytes.starts_with(idx_bytes)) return false;
  const char axes = bytes[3];
  return axes == 1 || axes == 3 || axes == 4;
}

ImageFile read_idx(std::string_view bytes, const std::string& name) {
  const auto fail = [&](std::size_t offset, const std::string& reason) {
    throw DataError(str_cat("'", name, "', an IDX file, at byte ", offset, ": ", reason));
  };
  const auto axes = static_cast<std::size_t>(bytes[3]);
  const std::size_t header = 4 + 4 * axes;
  if (bytes.size() < header)
    fail(bytes.size(), str_cat("it ends in its header, which takes ", header, " bytes"));
  std::array<std::uint64_t, 4> sizes{1, 1, 1, 1};
  // What is left of the file bounds each size, so that no product can overflow.
  std::uint64_t expected = 1;
  const std::uint64_t found = bytes.size() - header;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    sizes[axis] = number_at(bytes, 4 + 4 * axis);
    if (axis > 0 && sizes[axis] == 0) fail(4 + 4 * axis, "images of no pixels");
    if (sizes[axis] > 0 && expected > 4 * found / sizes[axis] + 4)
      fail(bytes.size(), str_cat("it ends after ", found, " bytes of data; its header promises ",
                                 expected, " x ", sizes[axis], " or more"));
    expected *= sizes[axis];
  }
  if (expected > found)
    fail(bytes.size(),
         str_cat("it ends after ", found, " bytes of data; its header promises ", expected));
  if (expected < found)
    fail(header + expected, str_cat(found - expected, " bytes more than its header promises"));

  ImageFile file;
  const std::string_view data = bytes.substr(header);
  if (axes == 1) {
    for (const char label : data) file.labels.push_back(static_cast<unsigned char>(label));
    return file;
  }
  file.images.height = static_cast<std::int64_t>(sizes[1]);
  file.images.width = static_cast<std::int64_t>(sizes[2]);
  file.images.channels = static_cast<std::int64_t>(sizes[3]);
  file.images.pixels.assign(data.begin(), data.end());
  return file;
}

void write_idx(const std::filesystem::path& path, const Images& images) {
  std::string header(idx_bytes);
  header += images.channels == 1 ? '\3' : '\4';
  append_number(header, images.size());
  append_number(header, static_cast<std::uint64_t>(images.height));
  append_number(header, static_cast<std::uint64_t>(images.width));
  if (images.channels != 1) append_number(header, static_cast<std::uint64_t>(images.channels));
  AtomicFile file(path);
  file.write(header);
  file.write(std::as_bytes(std::span(images.pixels)));
  file.commit();
}

}  // namespace abax::data

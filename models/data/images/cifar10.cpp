// The binary format of CIFAR-10: https://www.cs.toronto.edu/~kriz/cifar.html
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/images/images.h"

namespace abax::data {
namespace {

constexpr std::size_t side = 32, planes = 3;
constexpr std::size_t plane_bytes = side * side;
constexpr std::size_t record_bytes = 1 + planes * plane_bytes;
constexpr int classes = 10;

int label_at(std::string_view bytes, std::size_t offset) {
  return static_cast<unsigned char>(bytes[offset]);
}

}  // namespace

bool is_cifar10(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % record_bytes != 0) return false;
  for (std::size_t at = 0; at < bytes.size(); at += record_bytes)
    if (label_at(bytes, at) >= classes) return false;
  return true;
}

Images read_cifar10(std::string_view bytes, const std::string& name) {
  Images images{.height = side, .width = side, .channels = planes};
  images.names = {"airplane", "automobile", "bird",  "cat",  "deer",
                  "dog",      "frog",       "horse", "ship", "truck"};
  images.pixels.resize(bytes.size() / record_bytes * planes * plane_bytes);
  auto pixel = images.pixels.begin();
  for (std::size_t at = 0; at < bytes.size(); at += record_bytes) {
    if (bytes.size() - at < record_bytes)
      throw DataError(str_cat("'", name, "', taken for CIFAR-10, at byte ", at,
                              ": a record begins of which only ", bytes.size() - at, " of ",
                              record_bytes, " bytes are there"));
    if (label_at(bytes, at) >= classes)
      throw DataError(str_cat("'", name, "', taken for CIFAR-10, at byte ", at, ": the label ",
                              label_at(bytes, at), " is not in 0 to 9"));
    images.labels.push_back(label_at(bytes, at));
    const std::string_view record = bytes.substr(at + 1, planes * plane_bytes);
    for (std::size_t i = 0; i < plane_bytes; ++i)
      for (std::size_t plane = 0; plane < planes; ++plane)
        *pixel++ = static_cast<std::uint8_t>(record[plane * plane_bytes + i]);
  }
  return images;
}

}  // namespace abax::data

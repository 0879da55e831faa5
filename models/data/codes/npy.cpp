// NPY format 1.0: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "models/data/codes/npy.h"

#include <charconv>
#include <cstring>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"

namespace abax {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t prefix = 10;  // magic, two bytes of version, two of the header's length

struct NamedType {
  std::string_view name;
  DType dtype;
};
constexpr NamedType types[] = {{"<f4", f32}, {"<i4", i32}, {"|u1", u8}};

/// What stands between `before` and `after` in the header.
std::string_view between(std::string_view header, std::string_view before, std::string_view after) {
  const std::size_t at = header.find(before);
  if (at == header.npos) return {};
  header.remove_prefix(at + before.size());
  return header.substr(0, header.find(after));
}

}  // namespace

void write_npy(const std::filesystem::path& path, const Tensor& tensor, std::string_view comment) {
  std::string_view type;
  for (const NamedType& known : types)
    if (known.dtype == tensor.dtype()) type = known.name;
  std::string header = str_cat("{'descr': '", type, "', 'fortran_order': False, 'shape': (");
  for (const std::int64_t size : tensor.shape().sizes()) header += str_cat(size, ", ");
  header += "), }";
  if (!comment.empty()) header += str_cat(" # ", comment);
  // The data begins at a multiple of 64 bytes.
  header.append(63 - (prefix + header.size()) % 64, ' ');
  header += '\n';
  std::string start(magic);
  start += '\1';
  start += '\0';
  start += static_cast<char>(header.size() & 0xFF);
  start += static_cast<char>(header.size() >> 8);
  AtomicFile file(path);
  file.write(start + header);
  file.write(std::span(static_cast<const std::byte*>(tensor.data()), tensor.bytes()));
  file.commit();
}

bool is_npy(std::string_view bytes) { return bytes.starts_with(magic); }

NpyFile read_npy(std::string_view bytes, const std::string& name) {
  const auto fail = [&](std::size_t offset, const std::string& reason) {
    throw DataError(str_cat("'", name, "', an NPY file, at byte ", offset, ": ", reason));
  };
  if (!is_npy(bytes)) fail(0, "it does not begin as one");
  if (bytes.size() < prefix) fail(bytes.size(), "it ends in its header");
  if (bytes[6] != 1) fail(6, str_cat("format ", int{bytes[6]}, ".0, but only 1.0 is read"));
  const std::size_t length =
      static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  if (bytes.size() < prefix + length) fail(bytes.size(), "it ends in its header");
  std::string_view header = bytes.substr(prefix, length);
  header = header.substr(0, header.find('\n'));
  NpyFile file;
  if (const std::size_t hash = header.find('#'); hash != header.npos) {
    std::string_view comment = header.substr(hash + 1);
    while (comment.starts_with(' ')) comment.remove_prefix(1);
    while (comment.ends_with(' ')) comment.remove_suffix(1);
    file.comment = comment;
    header = header.substr(0, hash);
  }

  const std::string_view descr = between(header, "'descr': '", "'");
  const NamedType* type = nullptr;
  for (const NamedType& known : types)
    if (known.name == descr) type = &known;
  if (!type) fail(prefix, str_cat("elements of type '", descr, "'; known are <f4, <i4, |u1"));
  if (!between(header, "'fortran_order': ", ",").starts_with("False"))
    fail(prefix, "its order is not that of C");
  std::vector<std::int64_t> sizes;
  std::uint64_t expected = size_of(type->dtype);
  const std::size_t data = prefix + length;
  const std::uint64_t found = bytes.size() - data;
  std::string_view list = between(header, "'shape': (", ")");
  while (!list.empty()) {
    if (list.front() == ' ' || list.front() == ',') {
      list.remove_prefix(1);
      continue;
    }
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(list.data(), list.data() + list.size(), size);
    if (error != std::errc{} || sizes.size() == Shape::max_rank)
      fail(prefix, str_cat("its shape is no list of at most 8 sizes: (", list, ")"));
    // The file bounds each size, so that no product can overflow.
    if (size > 0 && expected > (4 * found + 64) / size)
      fail(bytes.size(), str_cat("it ends after ", found, " bytes of data"));
    expected *= size;
    sizes.push_back(static_cast<std::int64_t>(size));
    list.remove_prefix(static_cast<std::size_t>(end - list.data()));
  }
  if (expected != found)
    fail(bytes.size(), str_cat("it has ", found, " bytes of data; its shape takes ", expected));
  file.tensor = Tensor(Shape(sizes), type->dtype);
  std::memcpy(file.tensor.data(), bytes.data() + data, found);
  return file;
}

}  // namespace abax

// Reading, checking and splitting plain text.
#include "tools/data/text.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iomanip>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "tools/data/utf8.h"

namespace abax::data {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view gzip_magic = "\x1F\x8B";

/// zlib's state, freed at the end.
class Inflater {
 public:
  Inflater() {
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, gzip_only) != Z_OK)
      throw MemoryError("zlib could not allocate its state");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Decompresses the members of a gzip file, one after the other. False where it is damaged.
  bool inflate_all(std::string_view compressed, std::string& result) {
    std::array<char, 1 << 16> buffer;
    std::size_t given = 0;
    int status = Z_OK;
    while (true) {
      if (stream_.avail_in == 0 && given < compressed.size()) {
        const std::size_t piece = std::min<std::size_t>(compressed.size() - given, 1u << 30);
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data() + given));
        stream_.avail_in = static_cast<uInt>(piece);
        given += piece;
      }
      if (status == Z_STREAM_END) {
        if (stream_.avail_in == 0) return true;
        if (inflateReset(&stream_) != Z_OK) return false;
      }
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = static_cast<uInt>(buffer.size());
      status = inflate(&stream_, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END) return false;  // Z_BUF_ERROR: it ends early
      result.append(buffer.data(), buffer.size() - stream_.avail_out);
    }
  }

 private:
  z_stream stream_{};
};

std::size_t cut_at(std::string_view text, double fraction) {
  const auto size = static_cast<double>(text.size());
  auto cut = std::min(text.size(), static_cast<std::size_t>(std::llround(size * fraction)));
  if (cut == 0 || cut == text.size()) return cut;
  const std::size_t line = text.find('\n', cut - 1);
  if (line != text.npos && line + 1 - cut <= text.size() / 10) return line + 1;
  while (cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xC0u) == 0x80u) ++cut;
  return cut;
}

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  std::string contents = read_file(path);
  const bool compressed = contents.starts_with(gzip_magic);
  if (compressed) {
    std::string inflated;
    if (!Inflater().inflate_all(contents, inflated))
      throw DataError(
          text("cannot read '", path.string(), "': its gzip data is damaged or ends early"));
    contents = std::move(inflated);
  }
  if (const std::size_t offset = find_invalid_utf8(contents); offset != contents.npos)
    throw DataError(text("'", path.string(), "' is not UTF-8: byte ", offset, " (0x", std::hex,
                         std::setw(2), std::setfill('0'),
                         int{static_cast<unsigned char>(contents[offset])}, ")",
                         compressed ? " of the decompressed text" : "",
                         " starts no valid character; convert it, for example with iconv"));
  if (contents.starts_with(byte_order_mark)) contents.erase(0, byte_order_mark.size());
  return contents;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

TextSplit split_text(std::string_view text_to_split, double valid, double test) {
  if (!(valid >= 0) || !(test >= 0) || !(valid + test < 1))
    throw UsageError(
        text("the fractions for validation and test must be at least 0 and together less "
             "than 1, not ",
             valid, " and ", test));
  const std::size_t first = cut_at(text_to_split, 1 - valid - test);
  const std::size_t second = std::max(first, cut_at(text_to_split, 1 - test));
  return {text_to_split.substr(0, first), text_to_split.substr(first, second - first),
          text_to_split.substr(second)};
}

}  // namespace abax::data

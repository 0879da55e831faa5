// Decompression with zlib, member after member.
#include "models/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"

namespace abax::data {
namespace {

constexpr std::string_view gzip_magic = "\x1F\x8B";

/// zlib's state, freed at the end.
class Inflater {
 public:
  explicit Inflater(std::string_view compressed) : compressed_(compressed) {
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, gzip_only) != Z_OK)
      throw MemoryError("zlib could not allocate its state");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Decompresses the members of a gzip file, one after the other. False where it is damaged.
  bool inflate_all(std::string& result, const std::string& name) {
    const std::uint64_t most = most_input_bytes();
    std::array<char, 1 << 16> buffer;
    int status = Z_OK;
    while (true) {
      if (stream_.avail_in == 0 && given_ < compressed_.size()) {
        const std::size_t piece = std::min<std::size_t>(compressed_.size() - given_, 1u << 30);
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed_.data() + given_));
        stream_.avail_in = static_cast<uInt>(piece);
        given_ += piece;
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
      if (result.size() > most) refuse_input_size(name, most);
    }
  }

  /// Compressed bytes that were read.
  std::size_t consumed() const { return given_ - stream_.avail_in; }
  std::string reason() const {
    if (consumed() == compressed_.size()) return "it ends early";
    return stream_.msg ? stream_.msg : "damaged data";
  }

 private:
  std::string_view compressed_;
  std::size_t given_ = 0;  // to zlib so far
  z_stream stream_{};
};

}  // namespace

std::string read_bytes(const std::filesystem::path& path, bool* compressed) {
  std::string contents = read_input(path);
  const bool zipped = contents.starts_with(gzip_magic);
  if (compressed) *compressed = zipped;
  if (!zipped) return contents;
  std::string inflated;
  Inflater inflater(contents);
  if (!inflater.inflate_all(inflated, path.string() + ", decompressed"))
    throw DataError(str_cat(
        "cannot read '", path.string(), "': its gzip data is damaged or ends early, at byte ",
        inflater.consumed(), " of ", contents.size(), " (", inflater.reason(), ")"));
  return inflated;
}

}  // namespace abax::data

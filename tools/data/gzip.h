// Files that may be compressed with gzip, read whole.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace abax::data {

/// Whether the first bytes are those of gzip.
bool is_gzip(std::string_view bytes);

/// The bytes of a file, decompressed where they are gzip's. Throws DataError with the path and the
/// system's reason, or with the offset in the compressed file where that is damaged or ends early.
std::string read_bytes(const std::filesystem::path& path);

}  // namespace abax::data

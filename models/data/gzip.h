// Files that may be compressed with gzip, read whole.
#pragma once

#include <filesystem>
#include <string>

namespace abax::data {

/// The bytes of a file, decompressed where they are gzip's, as `compressed` then tells. Throws
/// DataError with the path and the system's reason, or with the offset in the compressed file where
/// that is damaged or ends early.
std::string read_bytes(const std::filesystem::path& path, bool* compressed = nullptr);

}  // namespace abax::data

// Files that may be compressed with gzip, read whole.
#pragma once

#include <filesystem>
#include <string>

namespace abax::data {

/// The bytes of a file, pipe, device or of standard input ("-"), as read_input() reads them,
/// decompressed where they are gzip's, as `compressed` then tells. Throws DataError with the path
/// and the system's reason, with the offset in the compressed file where that is damaged or ends
/// early, or where it holds more than most_input_bytes().
std::string read_bytes(const std::filesystem::path& path, bool* compressed = nullptr);

}  // namespace abax::data

// NPY, the format of numpy.save: one tensor a file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/tensor.h"

namespace abax {

/// `comment`, without line feeds, stands behind the header's dictionary after a "#", where NumPy's
/// reader passes over it. Throws DiskError.
void write_npy(const std::filesystem::path& path, const Tensor& tensor,
               std::string_view comment = {});

struct NpyFile {
  Tensor tensor;
  std::string comment;
};
/// Little-endian float32, int32 and uint8 in C order. Throws DataError with the path, the offset
/// and the reason on all else, and where the file is damaged or truncated.
NpyFile read_npy(const std::filesystem::path& path);

}  // namespace abax

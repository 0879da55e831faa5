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
/// Whether bytes begin as a file of the format does.
bool is_npy(std::string_view bytes);
/// Little-endian float32, int32 and uint8 in C order. Throws DataError with the file's name, the
/// offset and the reason on all else, and where it is damaged or truncated.
NpyFile read_npy(std::string_view bytes, const std::string& name);

}  // namespace abax

// Files of the codes of images, which tell of what model they are.
//
// JSON lines (NAME.jsonl): a header {"abax":"codes","model":"vqvae","hash":"0123456789abcdef",
// "positions":49,"kinds":512}, then a line an image: {"codes":[3,1,...],"label":7}, without the
// label where there is none. NPY (NAME.npy): the codes [images, positions], i32, or f32 where they
// are real numbers; model, hash and kinds stand in a comment of the header, where NumPy does not
// mind them, and labels are left out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/tensor.h"
#include "models/autoencoder.h"

namespace abax {

struct CodeFile {
  std::string model;  // the registry's name
  std::string hash;   // of the model's variables: CheckpointReader::hash()
  CodeShape shape = {};
  Tensor codes;                           // [images, positions]
  std::vector<std::int32_t> labels = {};  // one an image, -1 where there is none; or none at all
};

/// Throws UsageError on a name that ends neither with .npy nor .jsonl: to be asked before long
/// work.
void check_codes_name(const std::filesystem::path& path);

/// Throws UsageError on a name that ends neither with .npy nor .jsonl, DiskError.
void write_codes(const std::filesystem::path& path, const CodeFile& codes);

/// Of either format, whatever the name. Throws DataError with the path and the line or offset where
/// the file is damaged or holds no codes.
CodeFile read_codes(const std::filesystem::path& path);

}  // namespace abax

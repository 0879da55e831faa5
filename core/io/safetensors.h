// The safetensors format of Hugging Face: named tensors in one file, read without running any code.
//
//     write_safetensors("weights.safetensors", {{{"weight", w.view()}}, {{"made by", "abax"}}});
//     SafetensorsFile file("weights.safetensors");
//     Tensor w = file.read("weight");
//
// A file is: the length of the header (8 bytes, little-endian), the header (JSON: name -> element
// type, shape, offsets), the elements. Reading checks all that the published format asks for: a
// header of at most 100 MB, no equal keys, offsets inside the file, no overlap, no hole, nothing
// behind the end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/tensor.h"
#include "core/io/file.h"

namespace abax {

/// What to write. Views must stay valid during the call.
struct SafetensorsContents {
  std::vector<std::pair<std::string, TensorView>> tensors;
  std::map<std::string, std::string> metadata;
};

/// Writes atomically (see AtomicFile): wider element types first, so that each tensor is aligned to
/// its elements, and otherwise in the given order. Throws UsageError on a name that is repeated or
/// reserved ("__metadata__"), DataError on one that is not UTF-8, DiskError where it cannot be
/// written.
FileSummary write_safetensors(const std::filesystem::path& path,
                              const SafetensorsContents& contents);

/// A tensor as the header describes it.
struct SafetensorsEntry {
  std::string name;
  std::string stored;    // the file's name of the element type: "F32", "BF16", "I64", ...
  TensorType type;       // as which it is read: f32 for F32, F64, F16, BF16; i32 for I32, I64; u8
  bool readable = true;  // false for element types that have no such counterpart (I8, BOOL, ...)
  std::uint64_t offset = 0;  // of the first byte in the file
  std::uint64_t bytes = 0;
};

/// Opens a file and checks its whole header. Everything throws CheckpointError, naming the file,
/// the tensor, what was expected and what was found.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  /// In the order of their bytes.
  const std::vector<SafetensorsEntry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Null where there is none.
  const SafetensorsEntry* find(std::string_view name) const;

  /// Reads one tensor, converting F64, F16 and BF16 to f32 (F64 is rounded to nearest, the others
  /// are exact) and I64 to i32. Throws on an unknown name, an unreadable element type and an I64
  /// value beyond 32 bits.
  Tensor read(std::string_view name) const;
  /// The same into memory of the entry's type.
  void read(const SafetensorsEntry& entry, Tensor& into) const;

 private:
  FileReader file_;
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace abax

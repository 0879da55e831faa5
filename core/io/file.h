// Files, read whole or in pieces, and written so that a reader sees the old file or the new one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace abax {

/// Size and XXH3 hash of a file's bytes.
struct FileSummary {
  std::uint64_t bytes = 0;
  std::uint64_t hash = 0;
  friend bool operator==(const FileSummary&, const FileSummary&) = default;
};
FileSummary summary_of(std::string_view bytes);
/// As 16 hexadecimal digits.
std::string hash_text(std::uint64_t hash);

/// Reads a regular file. Everything throws DataError with the path and the system's reason.
class FileReader {
 public:
  explicit FileReader(std::filesystem::path path);
  ~FileReader();
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// In bytes, when it was opened.
  std::uint64_t size() const { return size_; }
  /// Fills `bytes` from `offset` on; a file that has become shorter is an error.
  void read(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// Reads all of it.
  FileSummary summary() const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// False also where that cannot be found out; whoever opens the path then gets the reason.
bool path_exists(const std::filesystem::path& path);

/// The whole file. Throws DataError.
std::string read_file(const std::filesystem::path& path);

/// At most so many bytes are read of a file whole, and made of a compressed one: 4 GiB, or as many
/// MiB as the environment variable ABAX_MOST_MIB says. Throws UsageError where that is no number.
std::uint64_t most_input_bytes();
/// What is thrown (DataError) where `name` holds more than `most` bytes.
[[noreturn]] void refuse_input_size(const std::string& name, std::uint64_t most);
/// All of what a person named as a file. A FIFO or another pipe, a device and "-", which is
/// standard input, are read to their end. Throws DataError with the path and the reason, and where
/// it holds more than `most` bytes; UsageError where standard input is asked for twice.
std::string read_input(const std::filesystem::path& path, std::uint64_t most = most_input_bytes());

/// Writes a file under a temporary name beside its own, and renames it in commit(), so that at
/// every moment the path holds the whole old file, the whole new one, or nothing where there was
/// nothing. A link is followed. What is no regular file (a device, a FIFO), and the file that
/// standard output goes to, is never replaced but written as it comes. Everything throws DiskError
/// with the path and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  /// Without commit() the temporary file is removed and the old one stays.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  /// fsync, rename, fsync of the folder.
  FileSummary commit();

 private:
  struct Hash;
  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty where the path is written through
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
  std::unique_ptr<Hash> hash_;
};

/// The same in one call.
FileSummary write_file_atomically(const std::filesystem::path& path, std::string_view contents);

/// Throws DiskError where a file could not be written there, because its folder is missing or takes
/// none: to be asked before long work. A disk may still be full in the end.
void check_writable(const std::filesystem::path& path);

/// Makes the folder's entries (new files, renames) survive a power cut. Throws DiskError.
void sync_folder(const std::filesystem::path& folder);

/// Renames; `to`, if it exists, is replaced as rename(2) says. Throws DiskError.
void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);

/// Exchanges two existing paths in one step. False where the file system or the system cannot.
/// Throws DiskError on any other failure.
bool exchange_paths(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace abax

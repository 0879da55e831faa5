// Files over the system's calls, with errors that say path and reason.
#include "core/io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail_read(const std::filesystem::path& path, int error) {
  throw DataError(str_cat("cannot read '", path.string(), "': ", reason(error)));
}

[[noreturn]] void fail_write(const std::filesystem::path& path, int error) {
  throw DiskError(str_cat("cannot write '", path.string(), "': ", reason(error)));
}

/// A call again when a signal interrupted it.
template <class Call>
auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Where a path leads: the file that a link names is written, also one that is not there yet.
std::filesystem::path target_of(std::filesystem::path path) {
  constexpr int most_links = 40;  // as the system has it
  std::error_code error;
  for (int links = 0; links < most_links && std::filesystem::is_symlink(path, error); ++links)
    path = folder_of(path) / std::filesystem::read_symlink(path, error);
  return path;
}

/// A descriptor for what a file cannot replace: devices, FIFOs, and what this process's standard
/// output and error lead to, whose place in it they share ("/dev/stdout" of a shell's "> FILE").
/// -1 where the path holds a regular file of its own, or nothing.
int open_through(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) < 0) return -1;
  for (const int standard : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat other {};
    if (fstat(standard, &other) == 0 && other.st_dev == status.st_dev &&
        other.st_ino == status.st_ino)
      return retried([&] { return fcntl(standard, F_DUPFD_CLOEXEC, 0); });
  }
  if (S_ISREG(status.st_mode)) return -1;
  const int descriptor = retried([&] { return open(path.c_str(), O_WRONLY | O_CLOEXEC); });
  if (descriptor < 0) fail_write(path, errno);
  return descriptor;
}

/// Closes a descriptor at the end.
struct Descriptor {
  explicit Descriptor(int number) : number(number) {}
  ~Descriptor() { close(number); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

struct FreeHash {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

/// A hash of bytes that come in pieces.
class RunningHash {
 public:
  RunningHash() : state_(XXH3_createState()) {
    if (!state_) throw MemoryError("could not allocate the state of a hash");
    XXH3_64bits_reset(state_.get());
  }
  void add(std::span<const std::byte> bytes) {
    XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
  }
  std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  std::unique_ptr<XXH3_state_t, FreeHash> state_;
};

}  // namespace

FileSummary summary_of(std::string_view bytes) {
  return {bytes.size(), XXH3_64bits(bytes.data(), bytes.size())};
}

std::string hash_text(std::uint64_t hash) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (int shift = 60; shift >= 0; shift -= 4) result += digits[hash >> shift & 15];
  return result;
}

FileReader::FileReader(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = retried([&] { return open(path_.c_str(), O_RDONLY | O_CLOEXEC); });
  if (descriptor_ < 0) fail_read(path_, errno);
  struct stat status {};
  const int error = fstat(descriptor_, &status) < 0 ? errno : 0;
  if (error || !S_ISREG(status.st_mode)) {
    close(descriptor_);
    if (error) fail_read(path_, error);
    throw DataError(
        str_cat("cannot read '", path_.string(),
                "': ", S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file"));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

FileReader::~FileReader() { close(descriptor_); }

void FileReader::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = retried(
        [&] { return pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (count < 0) fail_read(path_, errno);
    if (count == 0)
      throw DataError(str_cat("cannot read '", path_.string(), "': it ends at byte ", offset, ", ",
                              bytes.size(), " bytes early"));
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

FileSummary FileReader::summary() const {
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  RunningHash hash;
  for (std::uint64_t offset = 0; offset < size_; offset += buffer.size()) {
    const std::uint64_t left = size_ - offset;
    const auto piece = std::span(buffer).first(std::min<std::uint64_t>(left, buffer.size()));
    read(offset, piece);
    hash.add(piece);
  }
  return {size_, hash.value()};
}

bool path_exists(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string read_file(const std::filesystem::path& path) {
  const FileReader file(path);
  std::string contents(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(contents)));
  return contents;
}

std::uint64_t most_input_bytes() {
  constexpr std::uint64_t standard = 4096;  // MiB
  const char* const given = std::getenv("ABAX_MOST_MIB");
  if (!given) return standard << 20;
  const std::string_view digits = given;
  std::uint64_t mebibytes = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), mebibytes);
  if (error != std::errc() || end != digits.data() + digits.size() || mebibytes == 0 ||
      mebibytes > UINT64_MAX >> 20)
    throw UsageError(str_cat("ABAX_MOST_MIB: expected a whole number of MiB, not '", given, "'"));
  return mebibytes << 20;
}

void refuse_input_size(const std::string& name, std::uint64_t most) {
  const char* const remedy =
      most == most_input_bytes() ? "; ABAX_MOST_MIB=N in the environment allows N MiB" : "";
  throw DataError(str_cat("cannot read '", name, "': it holds more than ", most >> 20,
                          " MiB, which is taken for a mistake", remedy));
}

std::string read_input(const std::filesystem::path& path, std::uint64_t most) {
  const bool standard = path == "-";
  const std::string name = standard ? "standard input" : path.string();
  if (standard) {
    static std::atomic<bool> taken = false;
    if (taken.exchange(true))
      throw UsageError("standard input ('-') can be read once: name it once");
  }
  const int descriptor = retried([&] {
    return standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                    : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  });
  if (descriptor < 0) fail_read(name, errno);
  const Descriptor closed{descriptor};
  struct stat status {};
  if (fstat(descriptor, &status) < 0) fail_read(name, errno);
  if (S_ISDIR(status.st_mode)) throw DataError(str_cat("cannot read '", name, "': it is a folder"));
  // A size that is told saves moving what was read; files below /proc tell 0.
  const std::uint64_t told =
      S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  if (told > most) refuse_input_size(name, most);
  std::string contents;
  for (std::size_t held = 0;;) {
    constexpr std::size_t piece = std::size_t{1} << 16;
    // One byte more than told tells the end from a file that grows.
    if (contents.size() == held)
      contents.resize(held == 0 ? std::max<std::size_t>(told + 1, piece) : 2 * held);
    const ssize_t count =
        retried([&] { return ::read(descriptor, contents.data() + held, contents.size() - held); });
    if (count < 0) fail_read(name, errno);
    held += static_cast<std::size_t>(count);
    if (held > most) refuse_input_size(name, most);
    if (count > 0) continue;
    contents.resize(held);
    return contents;
  }
}

struct AtomicFile::Hash : RunningHash {};

AtomicFile::AtomicFile(const std::filesystem::path& path)
    : path_(target_of(path)), descriptor_(open_through(path)), hash_(std::make_unique<Hash>()) {
  if (descriptor_ >= 0) return;
  // Numbered, so that two threads that write one path do not write one temporary file.
  static std::atomic<std::uint64_t> count = 0;
  temporary_ = str_cat(path_.string(), ".tmp-", getpid(), "-", count++);
  descriptor_ = retried(
      [&] { return open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666); });
  if (descriptor_ < 0) fail_write(path_, errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  hash_->add(bytes);
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t count = retried([&] { return ::write(descriptor_, bytes.data(), bytes.size()); });
    if (count < 0) fail_write(path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

FileSummary AtomicFile::commit() {
  const bool through = temporary_.empty();
  if (!through && retried([&] { return fsync(descriptor_); }) < 0) fail_write(path_, errno);
  const int closed = close(descriptor_);
  descriptor_ = -1;
  if (closed < 0) fail_write(path_, errno);
  if (through) return {bytes_, hash_->value()};
  rename_path(temporary_, path_);
  temporary_.clear();
  sync_folder(folder_of(path_));
  return {bytes_, hash_->value()};
}

FileSummary write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  AtomicFile file(path);
  file.write(contents);
  return file.commit();
}

void check_writable(const std::filesystem::path& path) {
  struct stat status {};
  const bool there = stat(path.c_str(), &status) == 0;
  if (there && S_ISDIR(status.st_mode)) fail_write(path, EISDIR);
  // A regular file is replaced, for which its folder must take a new one.
  const bool replaced = !there || S_ISREG(status.st_mode);
  const auto asked = replaced ? folder_of(target_of(path)) / "." : path;
  if (access(asked.c_str(), replaced ? W_OK | X_OK : W_OK) < 0) fail_write(path, errno);
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor =
      retried([&] { return open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor < 0) fail_write(folder, errno);
  const int error = retried([&] { return fsync(descriptor); }) < 0 ? errno : 0;
  close(descriptor);
  // Some file systems cannot sync a folder and say so with EINVAL; there is nothing more to do
  // there.
  if (error && error != EINVAL) fail_write(folder, error);
}

void rename_path(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (std::rename(from.c_str(), to.c_str()) < 0) fail_write(to, errno);
}

bool exchange_paths(const std::filesystem::path& a, const std::filesystem::path& b) {
  if (renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return true;
  if (errno == EINVAL || errno == ENOSYS) return false;
  fail_write(b, errno);
}

}  // namespace abax

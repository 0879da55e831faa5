// A folder of a test's own, gone at its end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace abax {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// What lies in it, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

/// Writes plainly, without the library under test.
void write_plainly(const std::filesystem::path& path, const std::string& contents);

}  // namespace abax

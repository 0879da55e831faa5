// Standard output whose errors are noticed: a full disk, a pipe that nobody reads.
#pragma once

#include <array>
#include <ios>
#include <streambuf>

namespace abax {

/// What std::cout throws where a write failed; StandardOutput::finish() says why.
struct OutputError {};

/// While one lives, std::cout writes through it to descriptor 1 and throws OutputError on a
/// failure. A tool that goes on without a screen turns this off by
/// std::cout.exceptions(std::ios::goodbit). One at a time.
class StandardOutput : private std::streambuf {
 public:
  StandardOutput();
  ~StandardOutput() override;
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

  /// Writes what is left; std::cout throws no more. Returns the system's error number of the first
  /// write that failed, or 0.
  int finish();

 private:
  int_type overflow(int_type c) override;
  int sync() override;
  void write_all();

  std::array<char, 1 << 13> buffer_;
  std::streambuf* before_;
  int error_ = 0;
};

}  // namespace abax

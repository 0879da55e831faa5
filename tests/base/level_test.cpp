// SIMD levels: detection, forcing one, errors.
#include "core/base/level.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/base/error.h"

namespace abax {
namespace {

// Sets ABAX_SIMD while it lives.
class Forced {
 public:
  explicit Forced(const char* level) {
    if (const char* before = std::getenv("ABAX_SIMD")) before_ = before;
    ::setenv("ABAX_SIMD", level, 1);
  }
  ~Forced() {
    before_.empty() ? ::unsetenv("ABAX_SIMD") : ::setenv("ABAX_SIMD", before_.c_str(), 1);
  }

 private:
  std::string before_;
};

}  // namespace

TEST_CASE("at_level: that level's of three, functions too") {
  CHECK(at_level(Level::sse2, 1, 2, 3) == 1);
  CHECK(at_level(Level::avx2, 1, 2, 3) == 2);
  CHECK(at_level(Level::avx512, 1, 2, 3) == 3);
  const auto name = at_level(Level::sse2, name_of, name_of, name_of);
  CHECK(name(Level::avx2) == "avx2");
}

TEST_CASE("level: sse2 is always there, levels rise") {
  REQUIRE(!available_levels().empty());
  CHECK(available_levels().front() == Level::sse2);
  CHECK(std::ranges::is_sorted(available_levels()));
}

TEST_CASE("level: ABAX_SIMD forces one") {
  for (const Level level : {Level::sse2, Level::avx2, Level::avx512}) {
    const Forced forced(std::string(name_of(level)).c_str());
    if (std::ranges::count(available_levels(), level))
      CHECK(default_level() == level);
    else
      CHECK_THROWS_AS(default_level(), UsageError);
  }
  const Forced empty("");
  CHECK(default_level() == available_levels().back());
}

TEST_CASE("level: an unknown name is an error that lists the known ones") {
  const Forced forced("avx3");
  CHECK_THROWS_WITH_AS(default_level(), "ABAX_SIMD is 'avx3'; it may be sse2, avx2 or avx512",
                       UsageError);
}

}  // namespace abax

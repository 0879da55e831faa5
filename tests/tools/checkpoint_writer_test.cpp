// When a run saves by time, and what becomes of a save that fails.
#include "tools/training/checkpoint_writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "core/base/error.h"

namespace abax {

TEST_CASE("saving by time takes less than 1 %, and is at least two seconds apart") {
  for (const double cost : {0.001, 0.5, 3.0}) {
    double time = 100, saving = 0, longest = 0, last = time;
    int saves = 0;
    CheckpointWriter writer([&] { return time; });
    for (; time < 50'000; time += 0.25) {
      if (!writer.due()) continue;
      longest = std::max(longest, time - last);
      writer.begin([&] { time += cost, saving += cost, ++saves; });
      writer.finish();
      last = time;
    }
    CHECK(saves > 50'000 / (100 * cost + 2.5) / 2);
    CHECK(saving < 0.01 * time);
    CHECK(longest <= std::max(2.0, 100 * cost) + 0.26);
  }
}

TEST_CASE("while a checkpoint is written the training goes on, and none is due") {
  std::atomic<bool> began = false, may_end = false, ended = false;
  std::atomic<double> time = 0;
  CheckpointWriter writer([&] { return time.load(); });
  CHECK_FALSE(writer.due());
  writer.begin([&] {
    began = true;
    while (!may_end) std::this_thread::yield();
    ended = true;
  });
  while (!began) std::this_thread::yield();
  time = 1000;
  CHECK_FALSE(writer.due());
  CHECK_FALSE(ended);
  may_end = true;
  writer.finish();
  CHECK(ended);
  time = 2000;  // it took 1,000 seconds
  CHECK_FALSE(writer.due());
  time = 101'000;
  CHECK(writer.due());
}

TEST_CASE("a save that fails is told, at the next save or at the end") {
  CheckpointWriter writer;
  const auto fail = [] { throw DiskError("full"); };
  writer.begin(fail);
  CHECK_THROWS_AS(writer.finish(), DiskError);
  CHECK_NOTHROW(writer.finish());
  writer.begin(fail);
  CHECK_THROWS_AS(writer.begin([] {}), DiskError);
}

}  // namespace abax

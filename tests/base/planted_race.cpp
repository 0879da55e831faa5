// A race on purpose: several parts of a loop write to one number. tests/sanitize wants it reported.
#include "core/base/parallel.h"

int main() {
  abax::Workers workers(2);
  int written = 0;
  workers.run(
      [&] { workers.loop(10000, [&](std::int64_t i) { written += static_cast<int>(i); }); });
  return written == 1 ? 1 : 0;
}

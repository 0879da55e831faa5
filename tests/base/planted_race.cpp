// A race on purpose: two parts of a loop, each on a thread of its own, write to one number.
// tests/sanitize wants it reported.
#include <atomic>
#include <chrono>

#include "core/base/parallel.h"

int main() {
  abax::Workers workers(2);
  std::atomic<int> arrived = 0;
  int written = 0;
  workers.run([&] {
    workers.loop(2, [&](std::int64_t) {
      // Relaxed: the wait, which keeps one thread from taking both parts, orders nothing.
      arrived.fetch_add(1, std::memory_order_relaxed);
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
      while (arrived.load(std::memory_order_relaxed) < 2 &&
             std::chrono::steady_clock::now() < end) {
      }
      ++written;
    });
  });
  return written == 0 ? 1 : 0;
}

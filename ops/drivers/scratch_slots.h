// Which slot of an op's scratch a running part works in.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

namespace abax {

/// Scratch slots, of which each running part takes one: the lowest that is free, so that few
/// are touched when there are few threads.
class ScratchSlots {
 public:
  /// How many can be taken at a time.
  static constexpr int most = 31;

  int take() {
    std::uint32_t taken = taken_.load(std::memory_order_relaxed);
    for (;;) {
      const int slot = std::countr_one(taken);
      if (taken_.compare_exchange_weak(taken, taken | 1u << slot, std::memory_order_acquire,
                                       std::memory_order_relaxed))
        return slot;
    }
  }
  void give_back(int slot) { taken_.fetch_and(~(1u << slot), std::memory_order_release); }

 private:
  std::atomic<std::uint32_t> taken_{0};
};

}  // namespace abax

// Shuffling with the library's own random numbers: the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/base/random.h"

namespace abax::data {

/// Each order is equally likely (Fisher and Yates 1938; Durstenfeld 1964).
template <class T>
void shuffle(std::span<T> items, Random& random) {
  for (std::size_t left = items.size(); left > 1; --left) {
    const auto chosen = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(left)));
    std::swap(items[chosen], items[left - 1]);
  }
}

}  // namespace abax::data

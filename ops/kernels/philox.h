// Philox over SIMD registers, for kernel sources: blocks of random words, the same at every level.
//
//     for_each_random_block(first, count, stream, [&](std::int64_t i, I words, auto lanes) {
//       store(mask + i, as_int(upper_24(words) < I(threshold)), lanes);
//     });
#pragma once

#include "core/base/simd.h"
#include "ops/kernels/random.h"

namespace abax::ABAX_LEVEL {
namespace {

/// Ten rounds for `width` counters at once (Salmon et al. 2011, section 3.3); see
/// core/base/random.h.
inline void philox_rounds(I (&counter)[4], std::uint64_t key) {
  auto key0 = static_cast<std::uint32_t>(key), key1 = static_cast<std::uint32_t>(key >> 32);
  const I multiplier0(static_cast<std::int32_t>(0xD2511F53u));
  const I multiplier1(static_cast<std::int32_t>(0xCD9E8D57u));
  for (int round = 0; round < 10; ++round) {
    I high0, low0, high1, low1;
    multiply_wide(counter[0], multiplier0, high0, low0);
    multiply_wide(counter[2], multiplier1, high1, low1);
    counter[0] = high1 ^ counter[1] ^ I(static_cast<std::int32_t>(key0));
    counter[1] = low1;
    counter[2] = high0 ^ counter[3] ^ I(static_cast<std::int32_t>(key1));
    counter[3] = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

/// Calls body(i, words, lanes) for the elements first + i, 0 <= i < count; `first` is a multiple of
/// random_block. Element 64 b + 16 w + l gets word w of the counter 16 b + l, whatever the width.
template <class Body>
inline void for_each_random_block(std::int64_t first, std::int64_t count, RandomStream stream,
                                  Body&& body) {
  std::int32_t lane_numbers[width];
  for (std::int64_t l = 0; l < width; ++l) lane_numbers[l] = static_cast<std::int32_t>(l);
  const I lanes_up = load(lane_numbers);
  for (std::int64_t begin = 0; begin < count; begin += random_block) {
    const auto block = static_cast<std::uint64_t>((first + begin) / random_block);
    for (std::int64_t l = 0; l < 16; l += width) {
      const std::uint64_t number = block * 16 + static_cast<std::uint64_t>(l);
      // The 16 counters of a block share their high word: they begin at a multiple of 16.
      I words[4] = {I(static_cast<std::int32_t>(number)) + lanes_up,
                    I(static_cast<std::int32_t>(number >> 32)),
                    I(static_cast<std::int32_t>(stream.run)),
                    I(static_cast<std::int32_t>(stream.run >> 32))};
      philox_rounds(words, stream.key);
      for (std::int64_t w = 0; w < 4; ++w) {
        const std::int64_t i = begin + 16 * w + l;
        if (i + width <= count)
          body(i, words[w], Whole{});
        else if (i < count)
          body(i, words[w], Part{count - i});
      }
    }
  }
}

/// The upper 24 or 23 bits of random words, as integers that are not negative.
inline I upper_24(I words) { return (words >> 8) & I(0xffffff); }
inline I upper_23(I words) { return (words >> 9) & I(0x7fffff); }

}  // namespace
}  // namespace abax::ABAX_LEVEL

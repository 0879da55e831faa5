// Kernel source: the nearest code of each vector, over tiles of vectors and blocks of codes.
#include "ops/kernels/quantise.h"

#include <math.h>
#include <string.h>

#include "core/base/simd.h"

namespace abax::ABAX_LEVEL {
namespace {

// A tile of registers: the products of `tile_rows` vectors with `tile_columns` registers of codes,
// which leaves registers for the operands.
constexpr int tile_rows = width == 16 ? 8 : 6;
constexpr int tile_columns = width == 16 ? 3 : 2;
constexpr std::int64_t book_block = tile_columns * width;
// Vectors that go through a block of codes while it lies in the first cache.
constexpr std::int64_t group_rows = 48;

void pack(const float* book, std::int64_t codes, std::int64_t size, std::int64_t number,
          float* packed, float* half_norms) {
  for (std::int64_t j = 0; j < book_block; ++j) {
    const std::int64_t code = number * book_block + j;
    double square = 0;
    for (std::int64_t k = 0; k < size; ++k) {
      const float x = code < codes ? book[code * size + k] : 0.f;
      square += double{x} * double{x};
      packed[(number * size + k) * book_block + j] = x;
    }
    half_norms[code] = code < codes ? static_cast<float>(0.5 * square) : INFINITY;
  }
}

/// The best codes so far of one vector, a code a lane: what scores less, the earlier of equals.
struct Best {
  float scores[width];
  float codes[width];  // the bits of integers, so that they are selected like scores
};

/// Scores of all codes of a block for tile_rows vectors (`rows` of them real), against the best.
void score_block(const float* z, std::int64_t rows, std::int64_t size, const float* packed,
                 const float* half_norms, std::int32_t first_code, Best* best) {
  const float* row[tile_rows];
  for (int r = 0; r < tile_rows; ++r) row[r] = z + (r < rows ? r : rows - 1) * size;
  F product[tile_rows][tile_columns];
  unrolled<tile_rows>(
      [&](auto r) { unrolled<tile_columns>([&](auto c) { product[r][c] = F(0.f); }); });
  for (std::int64_t k = 0; k < size; ++k, packed += book_block) {
    F b[tile_columns];
    unrolled<tile_columns>([&](auto c) { b[c] = load(packed + c * width); });
    unrolled<tile_rows>([&](auto r) __attribute__((always_inline)) {
      const F x(row[r][k]);
      unrolled<tile_columns>([&](auto c) { product[r][c] = fma(x, b[c], product[r][c]); });
    });
  }
  std::int32_t numbers[width];
  for (std::int64_t l = 0; l < width; ++l) numbers[l] = first_code + static_cast<std::int32_t>(l);
  const I lane_codes = load(numbers);
  unrolled<tile_rows>([&](auto r) __attribute__((always_inline)) {
    if (r >= rows) return;
    F score = load(best[r].scores), code = load(best[r].codes);
    unrolled<tile_columns>([&](auto c) {
      const F other = load(half_norms + c * width) - product[r][c];
      const M nearer = other < score;
      code = select(nearer, from_bits(lane_codes + I(static_cast<std::int32_t>(c * width))), code);
      score = select(nearer, other, score);
    });
    store(best[r].scores, score);
    store(best[r].codes, code);
  });
}

std::int32_t best_code(const Best& best) {
  float score = best.scores[0];
  std::int32_t code = 0;
  memcpy(&code, &best.codes[0], sizeof code);
  for (std::int64_t l = 1; l < width; ++l) {
    std::int32_t other;
    memcpy(&other, &best.codes[l], sizeof other);
    if (best.scores[l] < score || (best.scores[l] == score && other < code)) {
      score = best.scores[l];
      code = other;
    }
  }
  return code;
}

void nearest(const float* z, std::int64_t rows, std::int64_t size, const float* packed,
             const float* half_norms, std::int64_t blocks, std::int32_t* codes) {
  Best best[group_rows];
  for (std::int64_t begin = 0; begin < rows; begin += group_rows) {
    const std::int64_t count = rows - begin < group_rows ? rows - begin : group_rows;
    for (std::int64_t r = 0; r < count; ++r) {
      store(best[r].scores, F(INFINITY));
      store(best[r].codes, from_bits(I(0)));
    }
    for (std::int64_t b = 0; b < blocks; ++b)
      for (std::int64_t r = 0; r < count; r += tile_rows)
        score_block(z + (begin + r) * size, count - r, size, packed + b * size * book_block,
                    half_norms + b * book_block, static_cast<std::int32_t>(b * book_block),
                    best + r);
    for (std::int64_t r = 0; r < count; ++r) codes[begin + r] = best_code(best[r]);
  }
}

}  // namespace

extern const QuantiseKernels quantise_kernels;
const QuantiseKernels quantise_kernels = {book_block, pack, nearest};

}  // namespace abax::ABAX_LEVEL

// Finite scalar quantisation: each dimension of a vector is bounded and rounded to a few levels.
#pragma once

#include <cstdint>
#include <vector>

#include "core/graph/graph.h"

namespace abax {

/// Throws UsageError unless there is a level count for at least one dimension, each at least 2, and
/// the product is at most 2^24.
void check_levels(const std::vector<std::int64_t>& levels);
std::int64_t kinds_of_levels(const std::vector<std::int64_t>& levels);

struct FiniteScalars {
  Value codes;   // [n] i32: the numbers of the levels in mixed radix, the first dimension lowest
  Value values;  // [n, dimensions] in [-1, 1]; the gradient is that of the bounded, unrounded value
};

/// z is f32 [n, dimensions]. Mentzer et al. 2024, section 3.1, with the bound of their listing in
/// appendix A: with L levels, f(z) = tanh(z + tan(o / h)) h - o, where h = (L - 1) (1 - 1e-3) / 2
/// and o is 1/2 for even L, else 0; the values are round(f(z)) / floor(L / 2), so that the levels
/// of odd L lie in [-1, 1], those of even L in [-1, 1 - 2 / L].
FiniteScalars finite_scalars(Value z, const std::vector<std::int64_t>& levels);

/// The values of all codes, [kinds, dimensions].
Tensor finite_codebook(const std::vector<std::int64_t>& levels);

}  // namespace abax

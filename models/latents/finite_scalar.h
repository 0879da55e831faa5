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
  Value codes;    // [n] i32: the numbers of the levels in mixed radix, the first dimension lowest
  Value bounded;  // [n, dimensions]: f(z) / floor(L / 2), which the values stand for
  Value values;   // [n, dimensions] in [-1, 1]; no gradient flows through them
};

/// z is f32 [n, dimensions]. Mentzer et al. 2024, section 3.1, with the bound of their listing in
/// appendix A: with L levels, f(z) = tanh(z + tan(o / h)) h - o, where h = (L - 1) (1 - 1e-3) / 2
/// and o is 1/2 for even L, else 0; the values are round(f(z)) / floor(L / 2), so that the levels
/// of odd L lie in [-1, 1], those of even L in [-1, 1 - 2 / L].
FiniteScalars finite_scalars(Value z, const std::vector<std::int64_t>& levels);

/// A further stage, from 1: what the stages before it left of the bounded values, f32 [n,
/// dimensions]. It cuts the interval that rounds to one level into L equal parts and takes the
/// middle of the nearest, so that after S stages nothing more than 1 / (2 floor(L / 2) L^(S - 1))
/// is left: the codes are digits of base L. `bounded` is what came.
FiniteScalars finite_remainders(Value left, const std::vector<std::int64_t>& levels,
                                std::int64_t stage);

/// The values of all codes of a stage, [kinds, dimensions].
Tensor finite_codebook(const std::vector<std::int64_t>& levels, std::int64_t stage = 0);

}  // namespace abax

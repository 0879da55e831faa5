// Other libraries' matrix products, for comparison on one thread. Each source that is linked in
// adds one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace abax::benchmarks {

/// c [m, n] = op(a) op(b), row-major.
struct GemmProblem {
  std::int64_t m, n, k;
  bool transpose_a, transpose_b;
  bool constant_b;  // b stays: a library may bring it to its own layout once
  const float* a;
  const float* b;
  float* c;
};

struct GemmPeer {
  std::string name;
  /// Prepares a problem (untimed); the result computes it once.
  std::function<std::function<void()>(const GemmProblem&)> prepare;
};

/// All peers that are linked in.
std::vector<GemmPeer>& gemm_peers();

/// Adds a peer at start-up: `const AddGemmPeer added{{"name", prepare}};`.
struct AddGemmPeer {
  explicit AddGemmPeer(GemmPeer peer) { gemm_peers().push_back(std::move(peer)); }
};

}  // namespace abax::benchmarks

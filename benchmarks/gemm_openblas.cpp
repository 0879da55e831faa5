// OpenBLAS as a peer of the matrix product. Unset OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE: they slow
// it down.
#include <cblas.h>

#include "benchmarks/gemm_peer.h"

namespace abax::benchmarks {
namespace {

std::function<void()> prepare(const GemmProblem& p) {
  openblas_set_num_threads(1);
  return [p] {
    const auto size = [](std::int64_t x) { return static_cast<blasint>(x); };
    cblas_sgemm(CblasRowMajor, p.transpose_a ? CblasTrans : CblasNoTrans,
                p.transpose_b ? CblasTrans : CblasNoTrans, size(p.m), size(p.n), size(p.k), 1, p.a,
                size(p.transpose_a ? p.m : p.k), p.b, size(p.transpose_b ? p.k : p.n), 0, p.c,
                size(p.n));
  };
}

const AddGemmPeer added{{"OpenBLAS", prepare}};

}  // namespace
}  // namespace abax::benchmarks

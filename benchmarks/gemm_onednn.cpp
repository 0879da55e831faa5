// oneDNN as a peer of the matrix product. A constant b is reordered once, outside the timing.
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>

#include "benchmarks/gemm_peer.h"

// Of the OpenMP library that oneDNN runs on.
extern "C" void omp_set_num_threads(int count);

namespace abax::benchmarks {
namespace {

std::function<void()> prepare(const GemmProblem& p) {
  omp_set_num_threads(1);
  using dnnl::memory;
  using Tag = memory::format_tag;
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const auto stream = std::make_shared<dnnl::stream>(engine);
  const auto f32 = memory::data_type::f32;
  const memory::desc a({p.m, p.k}, f32, p.transpose_a ? Tag::ba : Tag::ab);
  const memory::desc b({p.k, p.n}, f32, p.transpose_b ? Tag::ba : Tag::ab);
  const memory::desc any({p.k, p.n}, f32, Tag::any);
  const memory::desc c({p.m, p.n}, f32, Tag::ab);
  const dnnl::matmul::desc description(a, p.constant_b ? any : b, c);
  const dnnl::matmul::primitive_desc primitive(description, engine);
  const memory a_memory(a, engine, const_cast<float*>(p.a));
  const memory c_memory(c, engine, p.c);
  memory b_memory(b, engine, const_cast<float*>(p.b));
  if (p.constant_b) {
    memory own(primitive.weights_desc(), engine);
    dnnl::reorder(b_memory, own).execute(*stream, b_memory, own);
    stream->wait();
    b_memory = own;
  }
  const dnnl::matmul matmul(primitive);
  return [=] {
    matmul.execute(
        *stream,
        {{DNNL_ARG_SRC, a_memory}, {DNNL_ARG_WEIGHTS, b_memory}, {DNNL_ARG_DST, c_memory}});
    stream->wait();
  };
}

const AddGemmPeer added{{"oneDNN", prepare}};

}  // namespace
}  // namespace abax::benchmarks

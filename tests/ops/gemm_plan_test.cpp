// Whole matrix products against a plain loop: transposes, batches, k blocks, packs, epilogues,
// threads.
#include "ops/drivers/gemm_plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/base/tensor.h"
#include "core/base/text.h"
#include "core/graph/elementwise_op.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

Tensor numbers(Shape shape, std::uint32_t seed) {
  Tensor result(shape);
  std::uint32_t state = seed * 2654435761u + 1;
  for (float& value : result.as<float>()) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<std::int32_t>(state)) / 2147483648.f;
  }
  return result;
}

struct Product {
  std::int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  std::int64_t items = 1;
  bool shared_b = false;  // one b for all items
};

/// The definition: chains of at most 1024 terms, added in order; transposed and laid out by hand.
Tensor by_definition(const Product& p, const Tensor& a, const Tensor& b, Level level) {
  Tensor c({p.items, p.m, p.n});
  const auto *x = a.as<float>().data(), *y = b.as<float>().data();
  float* to = c.as<float>().data();
  const std::int64_t blocks = std::max<std::int64_t>(1, (p.k + 1023) / 1024);
  for (std::int64_t item = 0; item < p.items; ++item)
    for (std::int64_t i = 0; i < p.m; ++i)
      for (std::int64_t j = 0; j < p.n; ++j) {
        float total = 0;
        for (std::int64_t block = 0; block < blocks; ++block) {
          float sum = 0;
          for (std::int64_t t = p.k * block / blocks; t < p.k * (block + 1) / blocks; ++t) {
            const std::int64_t at_a = p.transpose_a ? t * p.m + i : i * p.k + t;
            const std::int64_t at_b = p.transpose_b ? j * p.k + t : t * p.n + j;
            const float left = x[item * p.m * p.k + at_a];
            const float right = y[(p.shared_b ? 0 : item) * p.k * p.n + at_b];
            sum = level == Level::sse2 ? left * right + sum : std::fma(left, right, sum);
          }
          total = block == 0 ? sum : total + sum;
        }
        to[(item * p.m + i) * p.n + j] = total;
      }
  return c;
}

/// What a plain loop in double gives, for the check that the definition itself is right.
double in_double(const Product& p, const Tensor& a, const Tensor& b, std::int64_t i,
                 std::int64_t j) {
  double sum = 0;
  for (std::int64_t t = 0; t < p.k; ++t)
    sum += static_cast<double>(
               a.as<float>()[static_cast<std::size_t>(p.transpose_a ? t * p.m + i : i * p.k + t)]) *
           b.as<float>()[static_cast<std::size_t>(p.transpose_b ? j * p.k + t : t * p.n + j)];
  return sum;
}

GemmShape shape_of(const Product& p, bool packed) {
  GemmShape shape{p.m, p.n, p.k, p.transpose_a, p.transpose_b, packed, {}, {}};
  shape.a_offsets.clear();
  shape.b_offsets.clear();
  for (std::int64_t item = 0; item < p.items; ++item) {
    shape.a_offsets.push_back(item * p.m * p.k);
    shape.b_offsets.push_back(p.shared_b ? 0 : item * p.k * p.n);
  }
  return shape;
}

void run(const GemmPlan& plan, Workers& workers, std::vector<const void*> inputs, Tensor& output) {
  const AlignedBytes scratch = allocate_aligned(plan.scratch());
  // Garbage in the scratch memory must not matter.
  std::memset(scratch.get(), 0xff, plan.scratch());
  void* outputs[] = {output.data()};
  const Call call{inputs.data(), outputs, scratch.get(), &workers, 0, 0};
  workers.run([&] { plan.run(call); });
}

bool same(const Tensor& x, const Tensor& y) {
  return std::memcmp(x.data(), y.data(), x.bytes()) == 0;
}

Tensor packed_form(const Product& p, const Tensor& b, Level level, Workers& workers) {
  Tensor packed({packed_b_floats(p.k, p.n)});
  const MatrixView view = p.transpose_b ? MatrixView{b.as<float>().data(), 1, p.k}
                                        : MatrixView{b.as<float>().data(), p.n, 1};
  const Call call{nullptr, nullptr, nullptr, &workers, 0, 0};
  workers.run(
      [&] { pack_b_whole(*kernels(level).gemm, view, p.k, p.n, packed.as<float>().data(), call); });
  return packed;
}

void check(const Product& p, Workers& workers) {
  CAPTURE(p.m);
  CAPTURE(p.n);
  CAPTURE(p.k);
  CAPTURE(p.transpose_a);
  CAPTURE(p.transpose_b);
  CAPTURE(p.items);
  const Tensor a = numbers({p.items * p.m * p.k}, 1);
  const Tensor b = numbers({(p.shared_b ? 1 : p.items) * p.k * p.n}, 2);
  const Tensor bias = numbers({p.n}, 3), old = numbers({p.items, p.m, p.n}, 4);
  // (product + bias) + old
  const auto epilogue = std::make_shared<const TileProgram>(
      old.shape(), std::vector<TensorType>{old.type(), bias.type(), old.type()},
      std::vector<TileProgram::Instruction>{{&tile_add, {0, 1}, {}, f32},
                                            {&tile_add, {3, 2}, {}, f32}},
      std::vector<int>{4});
  for (const Level level : available_levels()) {
    CAPTURE(name_of(level));
    const Tensor expected = by_definition(p, a, b, level);
    Tensor with_epilogue = expected.clone();
    for (std::int64_t i = 0; i < expected.size(); ++i) {
      const std::size_t at = static_cast<std::size_t>(i);
      with_epilogue.as<float>()[at] =
          (expected.as<float>()[at] + bias.as<float>()[at % static_cast<std::size_t>(p.n)]) +
          old.as<float>()[at];
    }
    Tensor c = numbers(expected.shape(), 5);
    run(GemmPlan(shape_of(p, false), level, nullptr), workers, {a.data(), b.data()}, c);
    CHECK(same(c, expected));
    c = old.clone();  // the epilogue reads and writes the same memory
    run(GemmPlan(shape_of(p, false), level, epilogue), workers,
        {a.data(), b.data(), bias.data(), c.data()}, c);
    CHECK(same(c, with_epilogue));
    if (p.items != 1) continue;  // what is packed is one b
    const Tensor packed = packed_form(p, b, level, workers);
    run(GemmPlan(shape_of(p, true), level, nullptr), workers, {a.data(), packed.data()}, c);
    CHECK(same(c, expected));
    c = old.clone();
    run(GemmPlan(shape_of(p, true), level, epilogue), workers,
        {a.data(), packed.data(), bias.data(), c.data()}, c);
    CHECK(same(c, with_epilogue));
  }
}

}  // namespace

TEST_CASE("gemm: every transpose and many sizes agree with the definition bit for bit") {
  Workers workers(2);
  const std::int64_t sizes[][3] = {{0, 3, 2},    {3, 0, 2},     {2, 3, 0},     {1, 1, 1},
                                   {1, 33, 7},   {1, 200, 300}, {5, 9, 2},     {14, 32, 16},
                                   {20, 80, 25}, {29, 65, 33},  {61, 130, 70}, {300, 7, 12}};
  for (const auto& [m, n, k] : sizes)
    for (const bool transpose_a : {false, true})
      for (const bool transpose_b : {false, true})
        check({m, n, k, transpose_a, transpose_b}, workers);
}

TEST_CASE("gemm: sizes beyond every block") {
  Workers workers(2);
  check({3, 40, 2050}, workers);                  // three blocks of k
  check({40, 70, 1025, true, true}, workers);     // a and b packed, two blocks
  check({35, 600, 130, true, false}, workers);    // several column groups
  check({31, 100, 1024, false, false}, workers);  // rows of a share cache sets
  check({200, 300, 520, false, true}, workers);   // many partitions
}

TEST_CASE("gemm: batches, broadcast and not, small and large") {
  Workers workers(2);
  check({5, 7, 9, false, false, 6}, workers);
  check({5, 7, 9, true, true, 40, true}, workers);
  check({33, 70, 1030, true, false, 3}, workers);
  check({210, 200, 200, false, true, 2}, workers);  // partitions inside the items
  check({17, 40, 60, false, false, 0}, workers);
}

TEST_CASE("gemm: the definition agrees with a sum in double") {
  const Product p{6, 5, 3000, true, true};
  const Tensor a = numbers({p.m * p.k}, 1), b = numbers({p.k * p.n}, 2);
  for (const Level level : available_levels()) {
    const Tensor c = by_definition(p, a, b, level);
    for (std::int64_t i = 0; i < p.m; ++i)
      for (std::int64_t j = 0; j < p.n; ++j)
        CHECK(static_cast<double>(c.as<float>()[static_cast<std::size_t>(i * p.n + j)]) ==
              doctest::Approx(in_double(p, a, b, i, j)).epsilon(1e-5).scale(30));
  }
}

TEST_CASE("gemm: the same bits with 1, 2, 4 and 8 threads") {
  const Product products[] = {{150, 333, 1100, false, true},
                              {64, 900, 128, true, false},
                              {20, 800, 200},
                              {30, 40, 50, false, false, 50}};
  for (const Product& p : products) {
    const Tensor a = numbers({p.items * p.m * p.k}, 1), b = numbers({p.items * p.k * p.n}, 2);
    for (const Level level : available_levels()) {
      const GemmPlan plan(shape_of(p, false), level, nullptr);
      Tensor first;
      for (const int threads : {1, 2, 4, 8}) {
        Workers workers(threads);
        Tensor c({p.items, p.m, p.n});
        run(plan, workers, {a.data(), b.data()}, c);
        if (threads == 1)
          first = std::move(c);
        else
          CHECK(same(c, first));
      }
    }
  }
}

TEST_CASE("gemm: a row's bits do not depend on how many rows there are") {
  Workers workers(1);
  const Product one{1, 130, 1500}, many{64, 130, 1500};
  const Tensor a = numbers({many.m * many.k}, 1), b = numbers({many.k * many.n}, 2);
  for (const Level level : available_levels()) {
    Tensor row({one.n}), rows({many.m, many.n});
    run(GemmPlan(shape_of(one, false), level, nullptr), workers, {a.data(), b.data()}, row);
    run(GemmPlan(shape_of(many, false), level, nullptr), workers, {a.data(), b.data()}, rows);
    CHECK(std::memcmp(row.data(), rows.data(), row.bytes()) == 0);
  }
}

}  // namespace abax

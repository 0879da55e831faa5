// Every super-op of the elementwise family: found by the tile program, and equal in bits to its
// pair.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/base/random.h"
#include "ops/drivers/elementwise_tiles.h"

namespace abax::elementwise {
namespace {

constexpr std::int64_t size = 77;  // not a multiple of any SIMD width

/// Random numbers, among them some that are special.
std::vector<std::vector<float>> operands(int count) {
  Random random(stream_key(1, "super-ops", ""));
  std::vector<std::vector<float>> result;
  for (int i = 0; i < count; ++i) {
    result.emplace_back();
    for (std::int64_t j = 0; j < size; ++j)
      result.back().push_back(static_cast<float>(4 * random.uniform() - 2));
    result.back()[3] = 0;
    result.back()[static_cast<std::size_t>(5 + i)] = INFINITY;
  }
  return result;
}

std::vector<float> run(const TileProgram& program, Level level,
                       const std::vector<std::vector<float>>& inputs) {
  std::vector<const void*> in;
  for (const auto& input : inputs) in.push_back(input.data());
  std::vector<float> result(static_cast<std::size_t>(size));
  void* const out[] = {result.data()};
  program.run(level, in.data(), out, 0, size);
  return result;
}

void check_pair(const TilePair& pair) {
  INFO(pair.fused->name, " at operand ", pair.position);
  const int first = pair.producer->arity, others = pair.consumer->arity - 1;
  const int inputs = first + others;
  TileProgram::Instruction producer{pair.producer, {0, 1}, {1.25f}, f32};
  TileProgram::Instruction consumer{pair.consumer, {}, {-0.75f}, f32};
  for (int i = 0, next = first; i < pair.consumer->arity; ++i)
    consumer.in[static_cast<std::size_t>(i)] = i == pair.position ? inputs : next++;
  const std::vector<TensorType> types(static_cast<std::size_t>(inputs), {Shape{size}, f32});
  const TileProgram fused({size}, types, {producer, consumer}, {inputs + 1});
  CHECK(fused.kernel_count() == 1);

  // The same in two programs, which cannot be joined.
  const std::vector<TensorType> first_types(static_cast<std::size_t>(first), {Shape{size}, f32});
  const TileProgram alone({size}, first_types, {producer}, {first});
  for (int i = 0, next = 1; i < pair.consumer->arity; ++i)
    consumer.in[static_cast<std::size_t>(i)] = i == pair.position ? 0 : next++;
  const std::vector<TensorType> second_types(static_cast<std::size_t>(1 + others),
                                             {Shape{size}, f32});
  const TileProgram after({size}, second_types, {consumer}, {1 + others});
  for (const Level level : available_levels()) {
    const auto values = operands(inputs);
    std::vector<std::vector<float>> rest(values.begin() + first, values.end());
    rest.insert(rest.begin(), run(alone, level, {values.begin(), values.begin() + first}));
    const std::vector<float> expected = run(after, level, rest);
    const std::vector<float> got = run(fused, level, values);
    CHECK(std::memcmp(got.data(), expected.data(), got.size() * sizeof(float)) == 0);
  }
}

template <class... Forms>
int check_all(List<Forms...>) {
  int count = 0;
  const auto check = [&](const TileOp& op) {
    for (const TilePair& pair : op.pairs) {
      check_pair(pair);
      ++count;
    }
  };
  (check(Tiles::get().form<Forms>()), ...);
  return count;
}

}  // namespace

TEST_CASE("elementwise: each super-op is found and keeps the bits of its pair") {
  // 10 cheap forms, each before each of the 13 operands of such; but core's addition is followed by
  // itself as the first operand only.
  CHECK(check_all(CheapForms{}) == 129);
}

}  // namespace abax::elementwise

// Tile programs beside loops fused by hand, and beside one pass over memory for each operation.
//
//   build/benchmarks/tile_benchmark --benchmark_repetitions=9
//   --benchmark_enable_random_interleaving=true
//     --benchmark_report_aggregates_only=true --benchmark_min_time=0.05
//
// Compare medians of one run: hand (1), program (the bar is 1.4), plain (without super-ops),
// unfused.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "benchmarks/tile_kernels.h"
#include "core/base/tensor.h"

namespace abax {
namespace {

using Kernels = TileBenchmarkKernels;
using Instructions = std::vector<TileProgram::Instruction>;

// The operations twice: with super-ops and without.
struct Ops {
  explicit Ops(bool pairs)
      : mul_add{.name = "mul_add", .arity = 3, .functions = at_levels(&Kernels::mul_add)},
        add_mul{.name = "add_mul", .arity = 3, .functions = at_levels(&Kernels::add_mul)},
        mul_sub{.name = "mul_sub", .arity = 3, .functions = at_levels(&Kernels::mul_sub)},
        all_pairs{{&mul, &add, 0, &mul_add}, {&add, &mul, 0, &add_mul}, {&mul, &sub, 0, &mul_sub}},
        add{.name = "add", .arity = 2, .functions = at_levels(&Kernels::add)},
        sub{.name = "sub", .arity = 2, .functions = at_levels(&Kernels::sub)},
        mul{.name = "mul", .arity = 2, .functions = at_levels(&Kernels::mul)},
        sigmoid{.name = "sigmoid", .arity = 1, .functions = at_levels(&Kernels::sigmoid)},
        tanh{.name = "tanh", .arity = 1, .functions = at_levels(&Kernels::tanh)} {
    if (pairs) mul.pairs = all_pairs;
  }
  TileOp mul_add, add_mul, mul_sub;
  std::vector<TilePair> all_pairs;
  TileOp add, sub, mul, sigmoid, tanh;

  // ((a b + c) d - a) b + d of operands 0 to 3
  Instructions chain() const {
    return {{&mul, {0, 1}}, {&add, {4, 2}}, {&mul, {5, 3}},
            {&sub, {6, 0}}, {&mul, {7, 1}}, {&add, {8, 3}}};
  }
  // Operands i, f, g, o, c; results c in register 11, h in register 13.
  Instructions cell() const {
    return {{&sigmoid, {0}}, {&sigmoid, {1}}, {&tanh, {2}},  {&sigmoid, {3}}, {&mul, {5, 7}},
            {&mul, {6, 4}},  {&add, {10, 9}}, {&tanh, {11}}, {&mul, {8, 12}}};
  }
};

struct Data {
  explicit Data(std::int64_t size, std::size_t operands, std::size_t results) {
    for (std::size_t i = 0; i < operands; ++i) {
      tensors.emplace_back(Shape{size});
      float x = -2.f + static_cast<float>(i);
      for (float& element : tensors.back().as<float>()) element = x = x > 2 ? x - 4 : x + 0.37f;
      in.push_back(tensors.back().data());
      floats_in.push_back(tensors.back().as<float>().data());
    }
    for (std::size_t i = 0; i < results; ++i) {
      tensors.emplace_back(Shape{size});
      out.push_back(tensors.back().data());
      floats_out.push_back(tensors.back().as<float>().data());
    }
  }
  std::vector<Tensor> tensors;
  std::vector<const void*> in;
  std::vector<void*> out;
  std::vector<const float*> floats_in;
  std::vector<float*> floats_out;
};

void count(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void hand(benchmark::State& state, Level level, bool cell) {
  Data data(state.range(0), cell ? 5 : 4, cell ? 2 : 1);
  const Kernels& kernels = tile_benchmark_kernels(level);
  for (auto _ : state) {
    if (cell)
      kernels.cell(data.floats_in.data(), data.floats_out.data(), state.range(0));
    else
      kernels.chain(data.floats_in.data(), data.floats_out[0], state.range(0));
    benchmark::ClobberMemory();
  }
  count(state);
}

void program(benchmark::State& state, Level level, bool cell, bool pairs) {
  Data data(state.range(0), cell ? 5 : 4, cell ? 2 : 1);
  const Ops ops(pairs);
  const Shape shape{state.range(0)};
  const TileProgram tiles(shape, std::vector(data.in.size(), TensorType{shape, f32}),
                          cell ? ops.cell() : ops.chain(),
                          cell ? std::vector{11, 13} : std::vector{9});
  for (auto _ : state) {
    tiles.run(level, data.in.data(), data.out.data(), 0, state.range(0));
    benchmark::ClobberMemory();
  }
  count(state);
}

// Each operation a pass over memory of its own.
void unfused(benchmark::State& state, Level level, bool cell) {
  const Ops ops(false);
  const Instructions instructions = cell ? ops.cell() : ops.chain();
  const std::size_t operands = cell ? 5 : 4;
  Data data(state.range(0), operands, instructions.size());
  for (auto _ : state) {
    for (std::size_t k = 0; k < instructions.size(); ++k) {
      const void* in[4];
      for (std::size_t i = 0; i < static_cast<std::size_t>(instructions[k].op->arity); ++i)
        in[i] = data.tensors[static_cast<std::size_t>(instructions[k].in[i])].data();
      instructions[k].op->functions[static_cast<std::size_t>(level)](data.out[k], in, nullptr,
                                                                     state.range(0));
    }
    benchmark::ClobberMemory();
  }
  count(state);
}

void add_benchmarks() {
  for (const Level level : available_levels())
    for (const bool cell : {false, true})
      for (const std::int64_t size : {4096, 32768, 1 << 20}) {
        const std::string name = std::string(name_of(level)) + (cell ? "/cell/" : "/chain/");
        const auto add = [&](const char* variant, auto function) {
          benchmark::RegisterBenchmark((name + variant).c_str(), function)->Arg(size);
        };
        add("hand", [=](benchmark::State& state) { hand(state, level, cell); });
        add("program", [=](benchmark::State& state) { program(state, level, cell, true); });
        add("plain", [=](benchmark::State& state) { program(state, level, cell, false); });
        add("unfused", [=](benchmark::State& state) { unfused(state, level, cell); });
      }
}

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  abax::add_benchmarks();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}

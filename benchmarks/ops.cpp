// The speed of each op: every row of the case table, forward and with its gradients, and some rows
// of realistic sizes. Rows without "large" are small: they show what a step costs at the least.
//
//     build/benchmarks/ops_benchmark --benchmark_filter=matmul --threads=2
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string_view>

#include "core/base/text.h"
#include "ops/attention.h"
#include "ops/convolution.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/gated.h"
#include "ops/lookup.h"
#include "ops/loss.h"
#include "ops/matmul.h"
#include "ops/normalise.h"
#include "ops/position.h"
#include "ops/quantise.h"
#include "ops/random.h"
#include "ops/recurrent.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/update.h"
#include "tests/cases/instance.h"

namespace abax::cases {
namespace {

/// Runs the row; counts FLOP and the bytes of arguments and results.
void run(benchmark::State& state, const Case& row, bool with_gradients, Workers& workers) {
  Instance instance(row, with_gradients);
  const auto plan = instance.plan({});
  Execution execution(plan, instance.store(), workers);
  instance.bind(execution);
  execution.run();  // the first run touches the memory
  for (auto _ : state) execution.run();
  double bytes = 0;
  for (const Tensor& argument : instance.arguments())
    bytes += static_cast<double>(argument.bytes());
  for (const Value& result : instance.results())
    bytes += static_cast<double>(result.type().bytes());
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["FLOP/s"] = benchmark::Counter(flops(*plan), rate);
  state.counters["bytes/s"] = benchmark::Counter(bytes, rate);
}

/// Sizes of a language model with 2 LSTM layers 650 wide, batch 20, length 35, vocabulary 10,000.
std::vector<Case> realistic() {
  std::vector<Case> rows;
  const auto add = [&](std::string name, std::vector<Argument> arguments, auto build) {
    rows.push_back({.name = name,
                    .arguments = std::move(arguments),
                    .build = [=](auto x) { return std::vector<Value>{build(x)}; },
                    .reference = {}});
  };
  const Argument activations{{700, 650}}, logits{{700, 10000}}, narrow{{2000, 10}};
  add("operator+/large bias", {activations, {{650}}}, [](auto x) { return x[0] + x[1]; });
  add("operator*/large chain", {activations, activations},
      [](auto x) { return relu((x[0] * x[1] + x[0]) * 2 - x[1]); });
  add("tanh/large", {activations}, [](auto x) { return tanh(x[0]); });
  add("sigmoid/large", {activations}, [](auto x) { return sigmoid(x[0]); });
  add("exp/large", {activations}, [](auto x) { return exp(x[0]); });
  add("softplus/large", {activations}, [](auto x) { return softplus(x[0]); });
  add("gelu/large", {activations}, [](auto x) { return gelu(x[0]); });
  add("sum/large columns", {activations}, [](auto x) { return sum(x[0], {0}); });
  add("sum/large rows", {logits}, [](auto x) { return sum(x[0], {1}); });
  add("max/large rows", {logits}, [](auto x) { return max(x[0], {1}); });
  add("logsumexp/large rows", {logits}, [](auto x) { return logsumexp(x[0], {1}); });
  add("logsumexp/large columns", {logits}, [](auto x) { return logsumexp(x[0], {0}); });
  add("transpose/large", {{{650, 2600}}}, [](auto x) { return transpose(x[0]); });
  add("concat/large", {activations, activations}, [](auto x) { return concat({x[0], x[1]}, 1); });
  add("embedding/large", {{{35, 20}, i32, 0, 10000}, {{10000, 650}}},
      [](auto x) { return embedding(x[0], x[1]); });
  add("random_uniform/large", {activations},
      [](auto x) { return random_uniform(x[0].graph(), x[0].shape()) + x[0]; });
  add("random_normal/large", {activations},
      [](auto x) { return random_normal(x[0].graph(), x[0].shape()) + x[0]; });
  add("matmul/large", {activations, {{650, 2600}}}, [](auto x) { return matmul(x[0], x[1]); });
  add("softmax/large", {logits}, [](auto x) { return softmax(x[0]); });
  add("softmax/narrow", {narrow}, [](auto x) { return softmax(x[0]); });
  add("log_softmax/narrow", {narrow}, [](auto x) { return log_softmax(x[0]); });
  add("log_softmax/large", {logits}, [](auto x) { return log_softmax(x[0]); });
  add("cross_entropy/large", {logits, {{700}, i32, 0, 10000}},
      [](auto x) { return cross_entropy(x[0], x[1]).sum; });
  add("cross_entropy/large, smoothed", {logits, {{700}, i32, 0, 10000}},
      [](auto x) { return cross_entropy(x[0], x[1], {.smoothing = 0.1f}).sum; });
  add("cross_entropy_rows/large", {logits, {{700}, i32, 0, 10000}},
      [](auto x) { return cross_entropy_rows(x[0], x[1]).loss; });
  add("cross_entropy_rows/large, out of others", {logits, {{700}, i32, 0, 10000}},
      [](auto x) { return logsumexp(x[0], -1) - sum(x[0] * one_hot(x[1], 10000), -1); });
  add("binary_cross_entropy/large", {activations, {{700, 650}, f32, 0, 1}},
      [](auto x) { return binary_cross_entropy(x[0], x[1]).sum; });
  add("mse/large", {activations, activations}, [](auto x) { return mse(x[0], x[1]).sum; });
  add("swiglu/large", {activations, activations}, [](auto x) { return swiglu(x[0], x[1]); });
  add("swiglu/large, out of others", {activations, activations},
      [](auto x) { return x[0] * sigmoid(x[0]) * x[1]; });
  add("layer_norm/large", {{{3072, 384}}, {{384}}, {{384}}},
      [](auto x) { return layer_norm(x[0], x[1], x[2]); });
  // 8 x 8 codes of 32 images, in 512 of width 64.
  add("nearest/large", {{{2048, 64}}, {{512, 64}}}, [](auto x) { return nearest(x[0], x[1]); });
  add("matmul/as large as nearest", {{{2048, 64}}, {{512, 64}}},
      [](auto x) { return matmul(x[0], x[1], {.transpose_b = true}); });
  add("scatter_add/large, into 512 codes", {{{2048, 64}}, {{2048}, i32, 0, 512}},
      [](auto x) { return scatter_add(x[0], x[1], 512); });
  add("random_rows/large", {{{2048}}}, [](auto x) { return random_rows(x[0], 512); });
  add("dropout/large", {activations}, [](auto x) { return dropout(x[0], 0.5f); });
  for (const std::int64_t n : {200, 650})
    add(str_cat("lstm/large ", n),
        {{{35, 20, n}}, {{20, n}}, {{20, n}}, {{n, 4 * n}}, {{n, 4 * n}}, {{4 * n}}}, [](auto x) {
          return lstm(x[0], {x[1], x[2]}, {x[3], x[4], x[5]}).y;
        });
  for (const std::int64_t n : {200, 650})
    add(str_cat("gru/large ", n),
        {{{35, 20, n}}, {{20, n}}, {{n, 3 * n}}, {{n, 3 * n}}, {{3 * n}}, {{n}}}, [](auto x) {
          return gru(x[0], x[1], {x[2], x[3], x[4], x[5]}).y;
        });
  const Argument sequence{{256, 12, 384}}, start{.shape = {}, .dtype = i32, .values = {0}};
  add("operator+/large sequence", {sequence, sequence}, [](auto x) { return x[0] + x[1]; });
  add("rotary/large", {sequence, start}, [](auto x) { return rotary(x[0], 6, x[1]); });
  add("reverse/large", {sequence}, [](auto x) { return reverse(x[0]); });
  add("gather/large along 1", {sequence, {{12}, i32, 0, 12}},
      [](auto x) { return gather(x[0], x[1], 1); });
  // [time, batch, width] of nanoGPT's small and middle settings, a translation model, generation.
  const auto attention_row = [&](std::string name, const Argument& q, const Argument& keys,
                                 const AttentionOptions& options) {
    add("attention/large " + name, {q, keys, keys},
        [=](auto x) { return attention(x[0], x[1], x[2], options); });
  };
  const Argument small{{64, 12, 128}}, middle{{256, 12, 384}}, pairs{{30, 128, 256}};
  attention_row("causal 64", small, small, {.heads = 4, .causal = true});
  attention_row("causal 256", middle, middle, {.heads = 6, .causal = true});
  attention_row("30", pairs, pairs, {.heads = 8});
  attention_row("one query", {{1, 1, 384}}, {{256, 1, 384}}, {.heads = 6});
  // The layers of a VQ-VAE of CIFAR-10 (van den Oord et al. 2017, section 4.1), batch 32.
  const auto convolution_row = [&](std::int64_t size, std::int64_t in, std::int64_t out,
                                   std::int64_t kernel, std::int64_t stride) {
    add(str_cat("conv2d/large ", in, " to ", out, ", ", kernel, " x ", kernel, " of ", size),
        {{{32, size, size, in}}, {{kernel, kernel, in, out}}}, [=](auto x) {
          return conv2d(x[0], x[1], {stride, same_padding(size, size, kernel, kernel, stride)});
        });
  };
  convolution_row(32, 3, 64, 4, 2);
  convolution_row(16, 64, 128, 4, 2);
  convolution_row(8, 128, 128, 3, 1);
  convolution_row(8, 128, 32, 3, 1);
  convolution_row(8, 32, 128, 1, 1);
  const auto transposed_row = [&](std::int64_t size, std::int64_t in, std::int64_t out) {
    add(str_cat("conv2d_transposed/large ", in, " to ", out, ", 4 x 4 of ", size),
        {{{32, size, size, in}}, {{4, 4, in, out}}}, [=](auto x) {
          return conv2d_transposed(x[0], x[1], 2 * size, 2 * size,
                                   {2, same_padding(2 * size, 2 * size, 4, 4, 2)});
        });
  };
  transposed_row(8, 128, 64);
  transposed_row(16, 64, 3);
  const Argument parameter{{5, 1000, 1000}}, scalar{.shape = {}, .values = {0.5}};
  add("global_norm/large", {parameter}, [](auto x) { return global_norm(x); });
  rows.back().gradient = false;
  add("adam/large", {parameter, parameter, parameter, {{5, 1000, 1000}, f32, 0, 1}, scalar},
      [](auto x) {
        return adam({x[0], x[2], x[3]}, x[1], {x[4], x[4], x[4]}).parameter;
      });
  rows.back().gradient = false;
  return rows;
}

void register_row(const Case& row, Workers& workers) {
  const auto add = [&](const std::string& name, bool with_gradients) {
    benchmark::RegisterBenchmark(name.c_str(), [&row, with_gradients, &workers](auto& state) {
      run(state, row, with_gradients, workers);
    })->UseRealTime();
  };
  add(row.name, false);
  if (row.gradient) add(row.name + " with gradients", true);
}

}  // namespace
}  // namespace abax::cases

int main(int argc, char** argv) {
  using namespace abax;
  // Our own option; Google Benchmark takes the others.
  int threads = 0;
  constexpr std::string_view option = "--threads=";
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]).starts_with(option)) {
      threads = std::atoi(argv[i] + option.size());
      for (int j = i; j + 1 < argc; ++j) argv[j] = argv[j + 1];
      --argc;
      --i;
    }
  Workers workers(threads);
  const std::vector<cases::Case> large = cases::realistic();
  for (const cases::Family& family : cases::families())
    for (const cases::Case& row : family.cases) cases::register_row(row, workers);
  for (const cases::Case& row : large) cases::register_row(row, workers);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}

// Speed of the matrix product on one thread: as a share of the core's multiply-add rate, which is
// measured beside it, and beside the other libraries that were found when this was built. One
// process, interleaved, medians. Usage: gemm [level [words of the shapes to run]].
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "benchmarks/fma_peak.h"
#include "benchmarks/gemm_peer.h"
#include "core/base/tensor.h"
#include "ops/drivers/gemm_plan.h"
#include "ops/kernels/table.h"

namespace abax::benchmarks {

std::vector<GemmPeer>& gemm_peers() {
  static std::vector<GemmPeer> peers;
  return peers;
}

namespace {

struct Shape2 {
  const char* name;
  std::int64_t m, n, k;
  bool transpose_a = false, transpose_b = false, constant_b = true;
};

constexpr Shape2 shapes[] = {
    {"256 cubed", 256, 256, 256},
    {"1024 cubed", 1024, 1024, 1024},
    {"2048 cubed", 2048, 2048, 2048},
    {"LSTM 200 step", 20, 800, 200},
    {"LSTM 650 step", 20, 2600, 650},
    {"logits 200", 700, 10000, 200},
    {"logits 650", 700, 10000, 650},
    {"small transformer", 768, 512, 128},
    {"large transformer", 3072, 1536, 384},
    {"input gradient", 700, 650, 10000, false, true},
    {"weight gradient", 650, 10000, 700, true, false, false},
    {"weight gradient 200", 200, 10000, 700, true, false, false},
    {"step, b not constant", 20, 800, 200, false, false, false},
    {"logits, b not constant", 700, 10000, 200, false, false, false},
    {"one row", 1, 10000, 650},
    {"one row, b transposed", 1, 10000, 650, false, true},
    {"one row, b not constant", 1, 10000, 650, false, false, false},
    {"one row, transposed, not constant", 1, 10000, 650, false, true, false},
};

/// CPU time of this process, which other processes on the machine do not stretch.
double seconds_now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// The value below which the share `q` of all lies.
double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

struct Contender {
  std::string name;
  std::function<void()> run;
  double flops;  // a run
  std::vector<double> rates = {};
};

void measure(std::vector<Contender>& contenders, int rounds) {
  for (Contender& c : contenders) c.run();
  for (int round = 0; round < rounds; ++round)
    for (Contender& c : contenders) {
      // Repeated for some milliseconds, so that the clock's resolution does not matter.
      const int repeats = std::max(1, static_cast<int>(2e8 / c.flops));
      const double start = seconds_now();
      for (int i = 0; i < repeats; ++i) c.run();
      c.rates.push_back(c.flops * repeats / (seconds_now() - start));
    }
}

Tensor numbers(std::int64_t count) {
  Tensor result({count});
  std::uint32_t state = 1;
  for (float& value : result.as<float>()) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<std::int32_t>(state)) / 2147483648.f;
  }
  return result;
}

double difference(const Tensor& x, const Tensor& y) {
  double most = 0;
  for (std::size_t i = 0; i < x.as<float>().size(); ++i)
    most = std::max(most, static_cast<double>(std::fabs(x.as<float>()[i] - y.as<float>()[i])));
  return most;
}

void compare(const Shape2& s, Level level) {
  const Tensor a = numbers(s.m * s.k), b = numbers(s.k * s.n);
  Tensor c({s.m, s.n}), other({s.m, s.n}), packed({packed_b_floats(s.k, s.n)});
  Workers workers(1);
  GemmShape shape{s.m, s.n, s.k, s.transpose_a, s.transpose_b, s.constant_b, {0}, {0}};
  const GemmPlan plan(shape, level, nullptr);
  const AlignedBytes scratch = allocate_aligned(plan.scratch());
  if (s.constant_b) {
    const MatrixView view = s.transpose_b ? MatrixView{b.as<float>().data(), 1, s.k}
                                          : MatrixView{b.as<float>().data(), s.n, 1};
    const Call call{nullptr, nullptr, nullptr, &workers, 0, 0};
    workers.run([&] {
      pack_b_whole(*kernels(level).gemm, view, s.k, s.n, packed.as<float>().data(), call);
    });
  }
  const void* inputs[] = {a.data(), s.constant_b ? packed.data() : b.data()};
  void* outputs[] = {c.data()};
  const Call call{inputs, outputs, scratch.get(), &workers, 0, 0};
  const double flops = 2. * static_cast<double>(s.m * s.n) * static_cast<double>(s.k);

  float sink = 0;
  constexpr std::int64_t steps = 200000;
  const double peak_flops = run_fma_chains(level, steps, sink);
  std::vector<Contender> contenders;
  contenders.push_back({"peak", [&] { run_fma_chains(level, steps, sink); }, peak_flops});
  contenders.push_back({"Abax", [&] { workers.run([&] { plan.run(call); }); }, flops});
  std::string wrong;
  for (const GemmPeer& peer : gemm_peers()) {
    contenders.push_back(
        {peer.name,
         peer.prepare({s.m, s.n, s.k, s.transpose_a, s.transpose_b, s.constant_b,
                       a.as<float>().data(), b.as<float>().data(), other.as<float>().data()}),
         flops});
    contenders[1].run();
    contenders.back().run();
    if (difference(c, other) > 1e-3 * std::sqrt(static_cast<double>(s.k)))
      wrong += " (" + peer.name + " disagrees)";
  }
  measure(contenders, flops > 5e9 ? 11 : 41);
  const auto report = [&](const char* what, double q) {
    const double peak = quantile(contenders[0].rates, q);
    std::printf("  %-6s peak %5.1f", what, peak * 1e-9);
    for (std::size_t i = 1; i < contenders.size(); ++i) {
      const double rate = quantile(contenders[i].rates, q);
      std::printf(" | %s %5.1f (%2.0f %%)", contenders[i].name.c_str(), rate * 1e-9,
                  100 * rate / peak);
    }
    if (s.m == 1) std::printf(" | b at %.1f GB/s", quantile(contenders[1].rates, q) * 2e-9);
    std::printf("\n");
  };
  std::printf("%s, %lldx%lldx%lld%s\n", s.name, static_cast<long long>(s.m),
              static_cast<long long>(s.n), static_cast<long long>(s.k), wrong.c_str());
  report("median", 0.5);
  report("best", 0.9);
  std::fflush(stdout);
}

}  // namespace
}  // namespace abax::benchmarks

int main(int argc, char** argv) {
  using namespace abax;
  Level level = default_level();
  for (const Level available : available_levels())
    if (argc > 1 && name_of(available) == argv[1]) level = available;
  std::printf("level %s, one thread, GFLOP/s and share of the measured multiply-add peak\n",
              std::string(name_of(level)).c_str());
  for (const auto& shape : benchmarks::shapes)
    if (argc < 3 || std::strstr(shape.name, argv[2])) benchmarks::compare(shape, level);
}

// Chains of elementwise ops: a fused plan against the same work as one loop by hand, and against
// the plan without fusion. Measured in turn, medians of the processor time of one thread, at the
// best SIMD level.
//
//     build/benchmarks/chains
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <vector>

#include "benchmarks/chain_loops.h"
#include "core/base/random.h"
#include "core/plan/execution.h"
#include "ops/elementwise.h"

namespace abax {

namespace sse2 {
extern const ChainLoops chain_loops;
}
namespace avx2 {
extern const ChainLoops chain_loops;
}
namespace avx512 {
extern const ChainLoops chain_loops;
}

const ChainLoops& chain_loops(Level level) {
  return level == Level::avx512 ? avx512::chain_loops
         : level == Level::avx2 ? avx2::chain_loops
                                : sse2::chain_loops;
}

namespace {

using Loop = void (*)(const float* a, const float* b, float* y, std::int64_t count);

struct Chain {
  const char* name;
  std::function<Value(Value, Value)> build;
  Loop loop;
};

double processor_time() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double median(std::vector<double> times) {
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

/// A line of the table: microseconds, and ratios to the loop by hand.
void measure(const Chain& chain, std::int64_t count) {
  Variables store;
  Graph graph(store);
  const Value y = chain.build(graph.input("a", {count}), graph.input("b", {count}));
  Tensor a({count}), b({count}), by_hand({count});
  Random random(1);
  for (float& x : a.as<float>()) x = static_cast<float>(random.uniform() * 4 - 2);
  for (float& x : b.as<float>()) x = static_cast<float>(random.uniform());

  Workers workers(1);
  CompileOptions unfused;
  unfused.fuse = false;
  Execution plans[] = {{compile(graph, {y}), store, workers},
                       {compile(graph, {y}, unfused), store, workers}};
  for (Execution& plan : plans) {
    plan.set("a", a);
    plan.set("b", b);
  }
  const std::function<void()> ways[] = {[&] {
                                          chain.loop(a.as<float>().data(), b.as<float>().data(),
                                                     by_hand.as<float>().data(), count);
                                        },
                                        [&] { plans[0].run(); }, [&] { plans[1].run(); }};
  const auto repeats = std::max<std::int64_t>(1, 400'000 / count);
  std::vector<double> times[3];
  for (int round = 0; round < 101; ++round)
    for (std::size_t way = 0; way < 3; ++way) {
      const double start = processor_time();
      for (std::int64_t i = 0; i < repeats; ++i) ways[way]();
      times[way].push_back((processor_time() - start) / static_cast<double>(repeats));
    }
  const double hand = median(times[0]), fused = median(times[1]), plain = median(times[2]);
  const bool same = std::memcmp(plans[0].get(y).data, by_hand.data(), by_hand.bytes()) == 0;
  std::printf("%-8s %9lld %9.1f %9.1f %9.1f %8.2f %8.2f  %s\n", chain.name,
              static_cast<long long>(count), 1e6 * hand, 1e6 * fused, 1e6 * plain, fused / hand,
              plain / hand, same ? "same bits" : "DIFFERENT BITS");
}

}  // namespace
}  // namespace abax

int main() {
  using namespace abax;
  const ChainLoops& loops = chain_loops(default_level());
  const Chain chains[] = {
      {"cheap", [](Value a, Value b) { return relu((a * b + a) * 2 - b); }, loops.cheap},
      {"gates", [](Value a, Value b) { return sigmoid(a) * tanh(b) + a * b; }, loops.gates},
      {"update", [](Value a, Value b) { return a / (sqrt(b) + 1e-8f) * 0.001f + b * 0.9f; },
       loops.update}};
  std::printf("%-8s %9s %9s %9s %9s %8s %8s\n", "chain", "elements", "hand us", "fused us",
              "plain us", "fused/h", "plain/h");
  for (const Chain& chain : chains)
    for (const std::int64_t count : {4096, 65536, 455000, 4000000}) measure(chain, count);
}

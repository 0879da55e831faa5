// Plans as text, profiles as tables, and the figures of a plan.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/text.h"
#include "core/plan/plan.h"
#include "tests/plan/test_ops.h"

namespace abax::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Fixture {
  Variables store;
  Graph g{store};
  Value x = g.input("x", {4, 6}, f32, values_in(0, 2));
  Value w = g.parameter("w", {4, 6}, init::constant(1));
  Value mixed, gate, sum;
  std::shared_ptr<const Plan> plan;

  Fixture() {
    const auto scope = g.scope("layer", 0);
    mixed = plus(mix(x, g.parameter("p", {2}, init::constant(1))), w);
    gate = times(scaled(window(mixed, {24}, 0), 2), g.constant(3.f));
    const auto inner = g.scope("loss");
    sum = total(gate);
    g.assign(w, scaled(w, 2));
    plan = compile(g, {sum, gate});
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "report: a plan's text shows shapes, scopes, fused groups, offsets") {
  const std::string shown = to_text(*plan);
  CAPTURE(shown);
  CHECK(contains(shown, str_cat("plan 'train': ", step_count(*plan), " steps, arena ",
                                plan->memory.arena_bytes, " bytes")));
  CHECK(contains(shown, "input 'x': f32[4, 6] in [0, 2)"));
  CHECK(contains(shown, "pack layer0/p"));
  CHECK(contains(shown, "mix_packed(input:x f32[4, 6]"));
  CHECK(contains(shown, "with {t2 = plus(t0, t1)}"));
  CHECK(contains(shown, "layer0/mix layer0/plus"));
  CHECK(contains(shown, "{t2 = scaled(t0, 2); t3 = times(t2, t1)}"));
  CHECK(contains(shown, "f32[24] @"));
  CHECK(contains(shown, "assign w = "));
  CHECK(contains(shown, "@w = "));
  CHECK(contains(shown, "output layer0/loss/total = "));
}

TEST_CASE_FIXTURE(Fixture, "report: FLOP and bytes of a plan") {
  // plus 24 with the mix, scaled and times 48, the update's scaled 24; the test ops count none.
  CHECK(flops(*plan) == 24 + 48 + 24);
  CHECK(flops(*compile(g, {sum, gate}, CompileOptions::plain())) == flops(*plan));
  CHECK(memory_bytes(*plan) ==
        plan->memory.arena_bytes + 64 + sizeof(float));  // a pack, a constant
  const auto bytes = [](const Plan& p) {
    double result = 0;
    for (const PlanStep& step : p.steps) result += step.cost.bytes;
    return result;
  };
  CHECK(bytes(*plan) < bytes(*compile(g, {sum, gate}, CompileOptions::plain())));
}

TEST_CASE_FIXTURE(Fixture, "report: profiles by step, op and scope") {
  Workers workers(1);
  Execution run(plan, store, workers);
  const Tensor input(Shape{4, 6});
  run.set("x", input);
  run.run();
  CHECK(run.profile().empty());
  run.set_profiling(true);
  for (int i = 0; i < 3; ++i) run.run();
  run.set_profiling(false);
  run.run();
  const auto profile = run.profile();
  CHECK(profile.size() == plan->steps.size() + plan->packs.size());
  double sum_flops = 0;
  for (std::size_t s = 0; s < plan->steps.size(); ++s) {
    CHECK(profile[s].runs == 3);
    CHECK(profile[s].seconds > 0);
    sum_flops += profile[s].flops;
  }
  CHECK(sum_flops == 3 * flops(*plan));
  CHECK(profile.back().runs == 0);  // p never changed: packed in the first run
  const std::string by_op = profile_table(run, ProfileBy::op);
  const std::string by_scope = profile_table(run, ProfileBy::scope);
  const std::string by_step = profile_table(run, ProfileBy::step);
  CAPTURE(by_step);
  CHECK(contains(by_op, "mix_packed + plus\n"));
  CHECK(contains(by_op, "scaled + times\n"));
  CHECK(contains(by_scope, "layer0\n"));
  CHECK(contains(by_scope, "layer0/loss\n"));
  CHECK(contains(by_scope, "total\n"));
  CHECK(contains(by_step, "layer0: mix_packed + plus\n"));
  CHECK(std::ranges::count(by_step, '\n') == static_cast<long>(plan->steps.size()) + 2);
}

}  // namespace abax::test

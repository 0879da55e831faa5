// The progress of a run, drawn with a clock of the test's own.
#include "tools/training/progress.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

using namespace abax;

namespace {

struct Run {
  double now = 100;
  std::ostringstream out;
  Progress progress;
  Run(std::int64_t first, std::int64_t last, ProgressStyle style)
      : progress(out, first, last, style, [this] { return now; }) {}
  void steps(std::int64_t from, std::int64_t to, double seconds, double loss = 1) {
    for (std::int64_t step = from; step <= to; ++step) {
      now += seconds;
      progress.step(step, loss, 500);
    }
  }
};

std::ptrdiff_t lines(const std::string& text) { return std::ranges::count(text, '\n'); }

}  // namespace

TEST_CASE("plain: a line every tenth of the run") {
  Run run(0, 100, {});
  run.steps(1, 100, 0.01);
  CHECK(lines(run.out.str()) == 10);
  CHECK(
      run.out.str().starts_with("step 10/100  loss 1.0000  ppl 2.72  50.0k tokens/s  0:01 left\n"));
  CHECK(run.out.str().find("step 100/100") != std::string::npos);
  CHECK(run.out.str().find('\r') == std::string::npos);
}

TEST_CASE("plain: a slow run speaks every ten seconds") {
  Run run(0, 1000, {});
  run.steps(1, 8, 6);
  CHECK(lines(run.out.str()) == 4);
}

TEST_CASE("a resumed run counts its own time, from its first step on") {
  Run run(50, 100, {});
  run.steps(51, 60, 1);
  CHECK(run.out.str().find("step 60/100") != std::string::npos);
  CHECK(run.out.str().find("0:40 left") != std::string::npos);
}

TEST_CASE("plain: lines are cut to the width of a terminal") {
  Run run(0, 100, {.columns = 20});
  run.steps(1, 10, 0.01);
  CHECK(run.out.str() == "step 10/100  loss 1.\n");
}

TEST_CASE("a bar needs a terminal that can move back, and room") {
  CHECK(has_room_for_bar("xterm", 80));
  CHECK_FALSE(has_room_for_bar("xterm", 40));
  CHECK_FALSE(has_room_for_bar("xterm", 0));  // no terminal
  CHECK_FALSE(has_room_for_bar("dumb", 80));
  CHECK_FALSE(has_room_for_bar("", 80));
  CHECK_FALSE(has_room_for_bar(nullptr, 80));
}

TEST_CASE("bar: one line that is rewritten, within the terminal's width") {
  Run run(0, 50, {.bar = true, .columns = 90});
  run.steps(1, 50, 0.2);
  run.progress.finish();
  const std::string drawn = run.out.str();
  CHECK(lines(drawn) == 1);
  CHECK(std::ranges::count(drawn, '\r') == 50);
  std::istringstream pieces(drawn);
  std::string piece;
  std::getline(pieces, piece, '\r');
  while (std::getline(pieces, piece, '\r')) {
    CHECK(piece.starts_with("\x1b[K["));
    CHECK(piece.substr(3, piece.find('\n') - 3).size() == 89);
  }
  CHECK(piece.find('.', piece.find('[', 3)) > piece.find(']'));  // the last one is full
}

TEST_CASE("bar: not more than ten a second, and narrow terminals get the text alone") {
  Run run(0, 1000, {.bar = true, .columns = 30});
  run.steps(1, 500, 0.01);
  const auto drawn = std::ranges::count(run.out.str(), '\r');
  CHECK(drawn >= 45);
  CHECK(drawn <= 50);
  CHECK(run.out.str().find("[#") == std::string::npos);
}

TEST_CASE("figures of a model stand beside the loss, smoothed as it is, without a perplexity") {
  Run run(0, 10, {.perplexity = false, .unit = "images"});
  for (std::int64_t step = 1; step <= 10; ++step) {
    run.now += 1;
    run.progress.step(step, 105.5, 500, {{"kl", 25.25}, {"temperature", step == 1 ? 0.25 : 0.5}});
  }
  CHECK(run.out.str().starts_with(
      "step 1/10  loss 105.50  kl 25.25  temperature 0.2500  500 images/s  0:09 left\n"));
  CHECK(run.out.str().find("ppl") == std::string::npos);
  // 0.05 a step: the first of ten steps weighs 0.95^9 * 0.05 of 1 - 0.95^10.
  CHECK(run.out.str().find("temperature 0.4804") != std::string::npos);
}

TEST_CASE("the loss is left out where another figure says it") {
  Run run(0, 10, {.perplexity = false, .unit = "images"});
  run.now += 1;
  run.progress.step(1, 105.5, 500, {{"elbo", -105.5}}, /*loss_shown=*/false);
  CHECK(run.out.str() == "step 1/10  elbo -105.5  500 images/s  0:09 left\n");
}

TEST_CASE("notes stand above the bar") {
  Run run(0, 10, {.bar = true, .columns = 90});
  run.steps(1, 1, 1);
  run.progress.note("hello");
  const std::string drawn = run.out.str();
  const auto hello = drawn.find("\r\x1b[Khello\n");
  REQUIRE(hello != std::string::npos);
  CHECK(drawn.find("1/10", hello) != std::string::npos);
}

TEST_CASE("quiet: notes alone") {
  Run run(0, 10, {.quiet = true});
  run.steps(1, 10, 20);
  run.progress.note("result");
  CHECK(run.out.str() == "result\n");
}

TEST_CASE("time that was no training does not slow the rate") {
  Run run(0, 10, {});
  CHECK(run.progress.rate() == 0);
  run.steps(1, 2, 1);
  run.now += 1000;
  run.progress.skip_time();
  run.steps(3, 4, 1);
  CHECK(run.progress.rate() == doctest::Approx(500));
}

TEST_CASE("durations and counts") {
  CHECK(duration_text(0) == "0:00");
  CHECK(duration_text(65.4) == "1:05");
  CHECK(duration_text(3599.7) == "1:00:00");
  CHECK(duration_text(36061) == "10:01:01");
  CHECK(duration_text(-1) == "-:--");
  CHECK(duration_text(NAN) == "-:--");
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(999.7) == "1.00k");
  CHECK(count_text(12345) == "12.3k");
  CHECK(count_text(999600) == "1.00M");
  CHECK(count_text(4.5e9) == "4.50G");
}

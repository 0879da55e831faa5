// A future at a time; see checkpoint_writer.h.
#include "tools/training/checkpoint_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace abax {
namespace {

constexpr double least_pause = 2;       // seconds
constexpr double pause_for_cost = 100;  // seconds a second of writing

double now() {
  using std::chrono::steady_clock;
  return std::chrono::duration<double>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

CheckpointWriter::CheckpointWriter(Clock clock)
    : clock_(clock ? std::move(clock) : now), next_(clock_() + least_pause) {}

bool CheckpointWriter::due() {
  if (writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    return false;
  finish();
  return clock_() >= next_;
}

void CheckpointWriter::begin(std::function<void()> write) {
  finish();
  writing_ = std::async(std::launch::async, [this, write = std::move(write)] {
    const double start = clock_();
    write();
    return Span{start, clock_()};
  });
}

void CheckpointWriter::finish() {
  if (!writing_.valid()) return;
  const Span span = writing_.get();
  next_ = span.end + std::max(least_pause, pause_for_cost * (span.end - span.start));
}

}  // namespace abax

// Writing checkpoints beside the training, and when the next one is due.
#pragma once

#include <functional>
#include <future>

namespace abax {

/// Writes on a thread of its own, one after the other. Between the end of one and the next that is
/// due lie at least two seconds, and 100 times what it took: however slow the disk, saving by time
/// takes less than 1 % of a run.
class CheckpointWriter {
 public:
  using Clock = std::function<double()>;  // seconds; called on both threads
  explicit CheckpointWriter(Clock clock = {});
  /// Waits for what is being written.
  ~CheckpointWriter() = default;

  /// Whether it is time for another one.
  bool due();
  /// Waits for the one before, then begins. What `write` uses must stay, and stay the same, until
  /// it is done. Throws what the one before threw.
  void begin(std::function<void()> write);
  /// Waits until all is written. Throws what writing threw.
  void finish();

 private:
  struct Span {
    double start, end;
  };
  Clock clock_;
  double next_;
  std::future<Span> writing_;
};

}  // namespace abax

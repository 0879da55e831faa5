// The next item of a sequence, prepared by a thread while the last one is in use.
//
//     const auto fill = [&](std::int64_t at, Batch& batch) { stream.fill(at, batch); };
//     Prefetch<Batch> batches(fill, stream.make(0), stream.make(0), /*position=*/0);
//     const Batch& batch = batches.next();      // that of position 0, valid until the next call
//     checkpoint.data_position = batches.position();   // 1: consumed, not prefetched
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace abax::data {

/// Owned and called by one thread. `make(position, item)` overwrites an item; it runs in a thread
/// of its own, and must depend on the position alone, so that seek() gives what an unbroken run
/// would.
template <class Item>
class Prefetch {
 public:
  using Make = std::function<void(std::int64_t position, Item& item)>;

  /// Two items to be filled in turn. The first is prepared at once.
  Prefetch(Make make, Item first, Item second, std::int64_t position = 0)
      : make_(std::move(make)),
        current_(std::move(first)),
        ahead_(std::move(second)),
        position_(position),
        asked_(true),
        thread_([this] { work(); }) {}

  ~Prefetch() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  /// Where the next call of next() will read: the position to keep in a checkpoint.
  std::int64_t position() const { return position_; }

  /// The item at position(), which then moves on by one. What `make` threw comes out here; the
  /// position stays, and another call tries again. The item is valid until the next call of next().
  const Item& next() {
    std::unique_lock lock(mutex_);
    ask();
    wait(lock);
    prepared_ = false;
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    std::swap(current_, ahead_);
    ++position_;
    ask();
    return current_;
  }

  /// Continues at another position. The item in use stays valid.
  void seek(std::int64_t position) {
    std::unique_lock lock(mutex_);
    if (asked_) wait(lock);
    prepared_ = false;
    position_ = position;
    ask();
  }

 private:
  // asked_: the thread owns ahead_ and is to fill it for position_. prepared_: it has done so (or
  // has failed). Never both. All under the mutex.
  void ask() {
    if (asked_ || prepared_) return;
    asked_ = true;
    changed_.notify_all();
  }
  void wait(std::unique_lock<std::mutex>& lock) {
    changed_.wait(lock, [this] { return !asked_; });
  }
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return asked_ || stopping_; });
      if (stopping_) return;
      lock.unlock();
      std::exception_ptr failure;
      try {
        make_(position_, ahead_);  // position_ and ahead_ stay as they are while asked_ is set
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      failure_ = failure;
      asked_ = false;
      prepared_ = true;
      changed_.notify_all();
    }
  }

  Make make_;
  Item current_;
  Item ahead_;
  std::int64_t position_;
  bool asked_ = false;
  bool prepared_ = false;
  bool stopping_ = false;
  std::exception_ptr failure_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;  // last: it uses all the others
};

}  // namespace abax::data

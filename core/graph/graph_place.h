// Where the values of a graph find it, and see that it is gone: memory that is never freed.
#pragma once

#include <atomic>
#include <cstdint>

namespace abax {

class Graph;

/// Of one graph at a time, from its construction to its destruction; then of another. Its serial
/// tells them apart, so that a value costs no count of references.
class GraphPlace {
 public:
  /// A free place, or a new one, for `graph`, whose serial is given here.
  static GraphPlace& take(Graph& graph, std::uint64_t serial);
  void give_back();

  /// Null where the graph of that serial is gone.
  Graph* graph(std::uint64_t serial) const {
    return serial_.load(std::memory_order_acquire) == serial ? graph_ : nullptr;
  }

 private:
  Graph* graph_ = nullptr;
  std::atomic<std::uint64_t> serial_ = 0;  // 0: free
};

}  // namespace abax

// The places of graphs: as many as there were graphs at once.
#include "core/graph/graph_place.h"

#include <deque>
#include <mutex>
#include <vector>

namespace abax {
namespace {

struct Places {
  std::mutex mutex;
  std::deque<GraphPlace> all;  // never move
  std::vector<GraphPlace*> free;
};

/// Never destroyed: values and graphs with static storage may be asked after the end of main().
Places& places() {
  static Places& known = *new Places;
  return known;
}

}  // namespace

GraphPlace& GraphPlace::take(Graph& graph, std::uint64_t serial) {
  Places& known = places();
  const std::lock_guard lock(known.mutex);
  if (known.free.empty()) {
    known.free.reserve(known.all.size() + 1);  // so that give_back() cannot throw
    known.free.push_back(&known.all.emplace_back());
  }
  GraphPlace& place = *known.free.back();
  known.free.pop_back();
  place.graph_ = &graph;
  place.serial_.store(serial, std::memory_order_release);
  return place;
}

void GraphPlace::give_back() {
  Places& known = places();
  const std::lock_guard lock(known.mutex);
  serial_.store(0, std::memory_order_release);
  graph_ = nullptr;
  known.free.push_back(this);
}

}  // namespace abax

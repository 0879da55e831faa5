// Prefetching: order, positions, seeking, exceptions, ending at any moment.
#include "models/data/prefetch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <string>

#include "core/base/error.h"
#include "models/data/text/token_stream.h"

namespace abax::data {
namespace {

void square(std::int64_t position, std::int64_t& item) { item = position * position; }

}  // namespace

TEST_CASE("prefetch: items in order; the position is that consumed") {
  Prefetch<std::int64_t> items(square, 0, 0, 3);
  for (std::int64_t i = 3; i < 1000; ++i) {
    CHECK(items.position() == i);
    CHECK(items.next() == i * i);
  }
  CHECK(items.position() == 1000);
}

TEST_CASE("prefetch: the next item is made while the last one is in use, and no more than that") {
  std::atomic<std::int64_t> latest = -1;
  Prefetch<std::int64_t> items(
      [&](std::int64_t position, std::int64_t& item) {
        item = position;
        latest = position;
      },
      0, 0);
  const std::int64_t& used = items.next();
  while (latest != 1) std::this_thread::yield();  // without another call of next()
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(latest == 1);
  CHECK(used == 0);
}

TEST_CASE("prefetch: seeking is exact at any moment") {
  std::mt19937 random(1);
  Prefetch<std::int64_t> items(square, 0, 0);
  for (int i = 0; i < 500; ++i) {
    const std::int64_t position = random() % 1000;
    items.seek(position);
    CHECK(items.position() == position);
    for (std::int64_t k = 0; k < static_cast<std::int64_t>(random() % 3); ++k)
      CHECK(items.next() == (position + k) * (position + k));
  }
}

TEST_CASE("prefetch: seeking while an item is being made") {
  std::atomic<bool> making = false;
  Prefetch<std::int64_t> items(
      [&](std::int64_t position, std::int64_t& item) {
        making = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        item = position;
      },
      0, 0);
  for (const std::int64_t position : {7, 3, 50}) {
    making = false;
    items.seek(position + 100);
    while (!making) std::this_thread::yield();
    items.seek(position);
    CHECK(items.next() == position);
    CHECK(items.next() == position + 1);
  }
}

TEST_CASE("prefetch: seeking keeps the item in use") {
  Prefetch<std::int64_t> items(square, 0, 0, 5);
  const std::int64_t& used = items.next();
  items.seek(9);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK(used == 25);
  CHECK(items.next() == 81);
}

TEST_CASE("prefetch: exceptions reach the consumer, in their turn, and can be retried") {
  std::atomic<bool> broken = true;
  Prefetch<std::int64_t> items(
      [&](std::int64_t position, std::int64_t& item) {
        if (position == 2 && broken) throw DataError("bad record 2");
        item = position;
      },
      0, 0);
  CHECK(items.next() == 0);
  CHECK(items.next() == 1);
  CHECK_THROWS_WITH_AS(items.next(), "bad record 2", DataError);
  CHECK_THROWS_AS(items.next(), DataError);
  CHECK(items.position() == 2);
  broken = false;
  CHECK(items.next() == 2);
  CHECK(items.next() == 3);
  broken = true;
  items.seek(2);
  items.seek(7);  // an error nobody asked for any more is dropped
  CHECK(items.next() == 7);
}

TEST_CASE("prefetch: can end at any moment") {
  for (int i = 0; i < 200; ++i) {
    Prefetch<std::int64_t> items(square, 0, 0);
    for (int k = 0; k < i % 3; ++k) items.next();
    if (i % 2) items.seek(i);
  }
}

TEST_CASE("prefetch: batches are those of the stream") {
  std::vector<std::int32_t> tokens;
  for (int i = 0; i < 501; ++i) tokens.push_back(i * 7 % 31);
  const TokenStream stream(tokens, 4, 6);
  Prefetch<Batch> batches(
      [&](std::int64_t position, Batch& batch) { stream.fill(position, batch); }, stream.make(0),
      stream.make(0), 17);
  for (std::int64_t position = 17; position < 90; ++position) {
    const Batch expected = stream.make(position);
    const Batch& batch = batches.next();
    CHECK(batch.position == position);
    CHECK(batch.counted == expected.counted);
    for (const char* input : {"tokens", "targets"})
      CHECK(std::ranges::equal(batch.input(input).as<std::int32_t>(),
                               expected.input(input).as<std::int32_t>()));
  }
}

}  // namespace abax::data

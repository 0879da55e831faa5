// Quantisers against their definitions in double, and the faults that train without a word: no
// gradient for the codebook or a wrong one for the encoder, restarts undone, padding that counts.
#include "models/latents/quantiser.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/graph/gradients.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/models/quantiser_bench.h"

namespace abax {
namespace {

using test::as_doubles;
using test::QuantiserBench;

/// Of vectors of 4 numbers.
Quantiser small(const Nearest& kind = {}, std::int64_t stages = 1, std::int64_t groups = 1) {
  Nearest n = kind;
  n.codes = 5;
  n.commitment = 0.3f;
  if (kind.codebook_decay == Nearest{}.codebook_decay) n.codebook_decay = 0.9f;
  return {.kind = n, .code_width = 4, .stages = stages, .groups = groups};
}
Quantiser finite(std::int64_t stages = 1, std::int64_t groups = 1) {
  return {.kind = Finite{{4, 5, 2}}, .stages = stages, .groups = groups};
}
Nearest with_loss() { return {.codebook_decay = 0}; }
Nearest with_restarts(float below) { return {.restart_below = below}; }
Nearest by_direction() { return {.cosine = true}; }

/// Every kind in every company that it may have.
struct Kind {
  const char* name;
  Quantiser quantiser;
};
std::vector<Kind> all_kinds() {
  return {{"nearest", small()},
          {"stages", small({}, 3)},
          {"groups", small({}, 1, 2)},
          {"groups of stages", small({}, 3, 2)},
          {"cosine", small(by_direction())},
          {"cosine groups", small(by_direction(), 1, 2)},
          {"finite", finite()},
          {"finite stages", finite(3)},
          {"finite groups", finite(1, 2)},
          {"finite groups of stages", finite(2, 2)}};
}

std::vector<double> row(const std::vector<double>& values, std::int64_t i, std::int64_t width) {
  return {values.begin() + i * width, values.begin() + (i + 1) * width};
}

}  // namespace

TEST_CASE("quantiser: codebook and encoder get the gradients of their terms, by weight") {
  const Quantiser c = small(with_loss());
  QuantiserBench bench(c, 7, {1, 1, 0, 1, 1, 1, 1});
  const Value book = bench.graph.find("codebook");
  REQUIRE(bench.graph.parameters() == std::vector{book});
  const Value factor = bench.graph.constant(2.f);
  const Value objective = sum(factor * bench.q.values) + sum(bench.q.loss);
  const std::vector<Value> both = gradients(objective, {bench.z, book});
  const auto results =
      bench.run({both[0], both[1], bench.q.codes, bench.q.commitment, bench.q.loss});
  const std::vector<double> z = as_doubles(bench.z_values), books = bench.stored("codebook");
  std::vector<double> dz(z.size()), dbook(books.size());
  for (std::size_t i = 0; i < 7; ++i) {
    const double weight = i == 2 ? 0 : 1;
    const auto code = static_cast<std::size_t>(results[2][i]);
    double square = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const double d = z[4 * i + k] - books[4 * code + k];
      square += d * d / 4;
      dz[4 * i + k] = 2 + weight * 0.3 * 2 * d / 4;  // what the decoder gives, + commitment
      dbook[4 * code + k] += weight * -2 * d / 4;    // the codebook's term alone
    }
    CHECK(results[3][i] == doctest::Approx(weight * square));
    CHECK(results[4][i] == doctest::Approx(weight * 1.3 * square));
  }
  test::check_near(results[0], dz, 1e-5);
  test::check_near(results[1], dbook, 1e-5);
  CHECK(test::most(dbook) > 0.1);
}

TEST_CASE("quantiser: residual stages each commit, and each moves its own codebook") {
  const Quantiser c = small(with_loss(), 3);
  QuantiserBench bench(c, 6);
  std::vector<Value> wrt{bench.z};
  for (const char* name : {"codebook0", "codebook1", "codebook2"})
    wrt.push_back(bench.graph.find(name));
  std::vector<Value> wanted = gradients(sum(bench.q.loss), wrt);
  wanted.insert(wanted.end(), {bench.q.codes, bench.q.values});
  const auto results = bench.run(wanted);
  std::vector<double> left = as_doubles(bench.z_values), dz(left.size()), total(left.size());
  for (std::size_t stage = 0; stage < 3; ++stage) {
    const std::vector<double> books = bench.stored(str_cat("codebook", stage));
    std::vector<double> dbook(books.size());
    for (std::size_t i = 0; i < 6; ++i) {
      const std::int64_t code =
          test::nearest_row(row(left, static_cast<std::int64_t>(i), 4), books);
      CHECK(results[4][3 * i + stage] == code);
      for (std::size_t k = 0; k < 4; ++k) {
        const auto at = static_cast<std::size_t>(code) * 4 + k;
        const double d = left[4 * i + k] - books[at];
        dz[4 * i + k] += 0.3 * 2 * d / 4;
        dbook[at] -= 2 * d / 4;
        total[4 * i + k] += books[at];
      }
    }
    for (std::size_t i = 0; i < left.size(); ++i)
      left[i] = as_doubles(bench.z_values)[i] - total[i];
    test::check_near(results[1 + stage], dbook, 1e-5);
    CHECK(test::most(dbook) > 0.05);
  }
  test::check_near(results[0], dz, 1e-5);
  test::check_near(results[5], total, 1e-6);
}

TEST_CASE("quantiser: moving averages are those of the paper, and padding moves nothing") {
  float smoothing = 1e-5f;
  SUBCASE("with Sonnet's smoothing") {}
  SUBCASE("with another") { smoothing = 0.05f; }
  Quantiser c = small();
  std::get<Nearest>(c.kind).codebook_smoothing = smoothing;
  QuantiserBench bench(c, 7, {1, 0, 1, 1, 0, 1, 1});
  CHECK(bench.graph.parameters().empty());
  std::vector<double> counts(5, 0.1), books = bench.stored("codebook"), sums = books;
  for (double& x : sums) x *= 0.1;
  test::check_near(bench.stored("codebook/counts"), counts, 1e-7);
  test::check_near(bench.stored("codebook/sums"), sums, 1e-7);
  for (int step = 0; step < 4; ++step) {
    bench.fill(static_cast<std::uint64_t>(step) + 10);
    const std::vector<double> z = as_doubles(bench.z_values);
    const auto results = bench.run({bench.q.codes, bench.q.counts, bench.q.values});
    std::vector<double> n(5), m(20);
    for (std::size_t i = 0; i < 7; ++i) {
      const auto code = static_cast<std::size_t>(
          test::nearest_row(row(z, static_cast<std::int64_t>(i), 4), books));
      CHECK(results[0][i] == static_cast<double>(code));
      for (std::size_t k = 0; k < 4; ++k)  // the codebook of before the update
        CHECK(results[2][4 * i + k] == doctest::Approx(books[4 * code + k]));
      if (bench.weights.as<float>()[i] == 0) continue;
      ++n[code];
      for (std::size_t k = 0; k < 4; ++k) m[4 * code + k] += z[4 * i + k];
    }
    test::check_near(results[1], n, 0);
    double total = 0;
    for (std::size_t k = 0; k < 5; ++k) total += counts[k] = 0.9 * counts[k] + 0.1 * n[k];
    for (std::size_t i = 0; i < 20; ++i) {
      sums[i] = 0.9 * sums[i] + 0.1 * m[i];
      if (n[i / 4] == 0 && counts[i / 4] < 100 * smoothing) continue;  // no vector, little left
      books[i] = sums[i] / ((counts[i / 4] + smoothing) / (total + 5 * smoothing) * total);
    }
    test::check_near(bench.stored("codebook/counts"), counts, 1e-6);
    test::check_near(bench.stored("codebook/sums"), sums, 1e-6);
    test::check_near(bench.stored("codebook"), books, 1e-5);
    books = bench.stored("codebook");
  }
}

TEST_CASE("quantiser: what rows without weight hold changes no bit") {
  for (const Kind& kind : all_kinds()) {
    Quantiser c = kind.quantiser;
    if (auto* nearest = std::get_if<Nearest>(&c.kind)) nearest->restart_below = 0.95f;
    const std::int64_t width = quantised_width(c);
    std::vector<std::vector<std::vector<double>>> seen;
    std::vector<double> stores[2];
    for (const int other : {0, 1}) {
      QuantiserBench bench(c, 6, {1, 1, 0, 1, 0, 1});
      for (const std::int64_t i : {2, 4})
        for (std::int64_t k = 0; k < width; ++k)
          if (other) bench.z_values.as<float>()[static_cast<std::size_t>(i * width + k)] = 1e3f;
      seen.push_back(bench.run({bench.q.counts, sum(bench.q.loss), sum(bench.q.commitment)}));
      for (int v = 0; v < bench.store.count(); ++v)
        for (const float x : bench.store[v].value().as<float>()) stores[other].push_back(double{x});
    }
    CAPTURE(kind.name);
    CHECK(seen[0] == seen[1]);
    CHECK(stores[0] == stores[1]);
  }
}

TEST_CASE("quantiser: a restart is of code, count and sum at once, and outlives the average") {
  const Quantiser c = small(with_restarts(1));
  QuantiserBench bench(c, 6, {1, 1, 1, 0, 1, 1});
  // The first code gets all vectors, so that four codes fall from 2 below 1 after 7 runs.
  test::set(bench.store, "codebook", [](std::size_t i) { return i < 4 ? 0.f : 50.f; });
  test::set(bench.store, "codebook/sums", [](std::size_t i) { return i < 4 ? 0.f : 100.f; });
  for (int step = 0; step < 6; ++step) bench.run({bench.q.codes});
  CHECK(bench.stored("codebook")[4] ==
        doctest::Approx(50).epsilon(1e-4));  // unused codes stay where they are
  CHECK(bench.stored("codebook/counts")[1] == doctest::Approx(2 * std::pow(0.9, 6)));
  bench.run({bench.q.codes});
  const auto book = bench.stored("codebook"), counts = bench.stored("codebook/counts");
  const auto sums = bench.stored("codebook/sums"), z = as_doubles(bench.z_values);
  std::vector<std::int64_t> taken;
  for (std::int64_t code = 1; code < 5; ++code) {
    CHECK(counts[static_cast<std::size_t>(code)] == 2);
    for (std::int64_t i = 0; i < 6; ++i)
      if (row(book, code, 4) == row(z, i, 4)) taken.push_back(i);
    for (std::size_t k = 0; k < 4; ++k) {
      const auto at = static_cast<std::size_t>(code) * 4 + k;
      CHECK(sums[at] == 2 * book[at]);
    }
  }
  REQUIRE(taken.size() == 4);  // each is a vector of the batch
  std::ranges::sort(taken);
  CHECK(std::ranges::adjacent_find(taken) == taken.end());  // each another
  CHECK(std::ranges::find(taken, 3) == taken.end());        // none that does not count
  CHECK(counts[0] > 2);
  // The next run finds them used.
  const auto codes = bench.run({bench.q.codes})[0];
  for (std::size_t i = 0; i < taken.size(); ++i)
    CHECK(codes[static_cast<std::size_t>(taken[i])] > 0);
}

TEST_CASE("quantiser: without a counted vector nothing restarts") {
  const Quantiser c = small(with_restarts(3));  // above the first average
  QuantiserBench bench(c, 3, {0, 0, 0});
  const auto before = bench.stored("codebook");
  for (int step = 0; step < 5; ++step) bench.run({bench.q.codes});
  test::check_near(bench.stored("codebook"), before, 1e-4);
}

TEST_CASE("quantiser: groups are quantisers side by side") {
  const Quantiser c = small(with_loss(), 1, 2);
  QuantiserBench bench(c, 6);
  const auto results = bench.run({bench.q.codes, bench.q.commitment, bench.q.counts});
  const auto z = as_doubles(bench.z_values);
  std::vector<double> counts(10);
  for (std::size_t i = 0; i < 6; ++i) {
    double square = 0;
    for (const std::size_t group : {0, 1}) {
      const auto books = bench.stored(str_cat("codebook", group));
      REQUIRE(books.size() == 10);
      const std::vector<double> part(
          z.begin() + static_cast<std::ptrdiff_t>(4 * i + 2 * group),
          z.begin() + static_cast<std::ptrdiff_t>(4 * i + 2 * group + 2));
      const std::int64_t code = test::nearest_row(part, books);
      CHECK(results[0][2 * i + group] == static_cast<double>(code));
      ++counts[5 * group + static_cast<std::size_t>(code)];
      for (std::size_t k = 0; k < 2; ++k) {
        const double d = part[k] - books[static_cast<std::size_t>(code) * 2 + k];
        square += d * d / 4;
      }
    }
    CHECK(results[1][i] == doctest::Approx(square));
  }
  CHECK(results[2] == counts);
}

TEST_CASE("quantiser: cosine codes know directions alone and keep length 1") {
  const Quantiser c = small(by_direction());
  QuantiserBench bench(c, 7);
  for (std::size_t k = 0; k < 4; ++k) bench.z_values.as<float>()[k] = 0;  // no direction
  const auto before = bench.stored("codebook");
  const auto first = bench.run({bench.q.codes, bench.q.values, bench.q.counts});
  for (std::int64_t i = 1; i < 7; ++i) {
    double best = -2;
    std::int64_t code = 0;
    const auto x = row(as_doubles(bench.z_values), i, 4);
    for (std::int64_t b = 0; b < 5; ++b) {
      double dot = 0;
      for (std::size_t k = 0; k < 4; ++k) dot += x[k] * row(before, b, 4)[k];
      if (dot > best) best = dot, code = b;
    }
    CHECK(first[0][static_cast<std::size_t>(i)] == static_cast<double>(code));
  }
  for (int step = 0; step < 3; ++step) bench.run({bench.q.codes});
  const auto after = bench.stored("codebook");
  CHECK(after != before);
  for (std::int64_t b = 0; b < 5; ++b) {
    double square = 0;
    for (const double x : row(after, b, 4)) square += x * x;
    CHECK(square == doctest::Approx(1));
  }
  // A code whose average is the zero vector stays as it was.
  test::set(bench.store, "codebook/sums", [](std::size_t) { return 0.f; });
  test::set(bench.store, "codebook", [](std::size_t i) { return i % 4 == 0 ? 1.f : 0.f; });
  std::ranges::fill(bench.z_values.as<float>(), 0.f);
  bench.run({bench.q.codes});
  for (std::size_t i = 0; i < 20; ++i) CHECK(bench.stored("codebook")[i] == (i % 4 == 0 ? 1 : 0));
}

TEST_CASE(
    "quantiser: quantiser dropout leaves out the last stages, with all that belongs to them") {
  Quantiser c = small({}, 3);
  c.quantiser_dropout = 0.5f;
  QuantiserBench bench(c, 6);
  int used[4] = {};
  for (int step = 0; step < 200; ++step) {
    std::vector<std::vector<double>> before, after;
    for (int stage = 0; stage < 3; ++stage)
      before.push_back(bench.stored(str_cat("codebook", stage, "/sums")));
    const auto results =
        bench.run({bench.q.values, bench.q.counts, bench.q.commitment, bench.q.loss});
    for (std::size_t i = 0; i < 6; ++i)
      CHECK(results[3][i] == doctest::Approx(0.3 * results[2][i]));
    std::size_t stages = 0;
    for (std::size_t stage = 0; stage < 3; ++stage) {
      const bool moved = bench.stored(str_cat("codebook", stage, "/sums")) != before[stage];
      double counted = 0;
      for (std::size_t k = 0; k < 5; ++k) counted += results[1][5 * stage + k];
      CHECK(counted == (moved ? 6 : 0));
      if (!moved) continue;
      CHECK(stages == stage);
      ++stages;
    }
    REQUIRE(stages >= 1);
    ++used[stages];
  }
  CHECK(std::abs(used[3] - 100) < 30);
  CHECK(std::abs(used[1] - 50) < 25);
  CHECK(std::abs(used[2] - 50) < 25);
}

TEST_CASE("quantiser: an evaluation graph changes nothing, drops no stage, wants its codebooks") {
  Quantiser c = small({}, 3);
  c.quantiser_dropout = 1;
  QuantiserBench bench(c, 6);
  bench.run({bench.q.codes});
  std::vector<std::vector<double>> before;
  for (int v = 0; v < bench.store.count(); ++v)
    before.push_back(as_doubles(bench.store[v].value()));
  QuantiserBench check(c, 6, {}, Mode::evaluate, &bench.store);
  const auto counts = check.run({check.q.counts})[0];
  double counted = 0;
  for (const double count : counts) counted += count;
  CHECK(counted == 18);
  REQUIRE(bench.store.count() == static_cast<int>(before.size()));
  for (int v = 0; v < bench.store.count(); ++v)
    CHECK(as_doubles(bench.store[v].value()) == before[static_cast<std::size_t>(v)]);
  CHECK_THROWS_WITH_AS(QuantiserBench(c, 6, {}, Mode::evaluate),
                       doctest::Contains("no parameter 'codebook0'"), UsageError);
}

TEST_CASE("quantiser: looked up, codes give the values again") {
  for (const Kind& kind : all_kinds()) {
    const Quantiser& c = kind.quantiser;
    QuantiserBench bench(c, 9);
    bench.run({bench.q.codes});  // so that codebooks have moved
    QuantiserBench check(c, 9, {}, Mode::evaluate, &bench.store);
    const auto results = check.run({check.q.codes, check.q.values});
    Graph g(bench.store, Mode::evaluate);
    Tensor codes({9, codebooks(c)}, i32);
    for (std::size_t i = 0; i < results[0].size(); ++i) {
      CHECK(results[0][i] < static_cast<double>(code_kinds(c)));
      codes.as<std::int32_t>()[i] = static_cast<std::int32_t>(results[0][i]);
    }
    const Value values = lookup(g.input("codes", codes.shape(), i32), c);
    CAPTURE(kind.name);
    CHECK(values.shape() == Shape{9, quantised_width(c)});
    const auto found = test::run(values, {{"codes", &codes}});
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(double{found[i]} == results[1][i]);
    codes.as<std::int32_t>()[0] = static_cast<std::int32_t>(code_kinds(c));
    CHECK_THROWS_AS(test::run(values, {{"codes", &codes}}), DataError);
  }
}

TEST_CASE(
    "quantiser: finite scalars are bounded, rounded, numbered; their gradient is the bound's") {
  const Quantiser c = finite();  // levels 4, 5, 2
  QuantiserBench bench(c, 200);
  for (float& x : bench.z_values.as<float>()) x *= 2.5f;
  const Value dz = gradients(sum(bench.q.values), {bench.z})[0];
  const auto results = bench.run({bench.q.codes, bench.q.values, dz, bench.q.loss});
  const auto z = as_doubles(bench.z_values);
  const std::int64_t levels[] = {4, 5, 2};
  std::vector<int> seen(40);
  for (std::size_t i = 0; i < 200; ++i) {
    std::int64_t code = 0, step = 1;
    for (std::size_t k = 0; k < 3; ++k) {
      const auto l = static_cast<double>(levels[k]);
      const double h = (l - 1) * 0.999 / 2, o = levels[k] % 2 == 0 ? 0.5 : 0;
      const double inside = std::tanh(z[3 * i + k] + std::tan(o / h));
      const double half = std::floor(l / 2);
      const double level = std::round(inside * h - o);
      code += step * static_cast<std::int64_t>(level + half);
      step *= levels[k];
      CHECK(results[1][3 * i + k] == doctest::Approx(level / half));
      CHECK(results[2][3 * i + k] ==
            doctest::Approx((1 - inside * inside) * h / half).epsilon(1e-4).scale(0.1));
    }
    CHECK(results[0][i] == static_cast<double>(code));
    CHECK(results[3][i] == 0);
    ++seen[static_cast<std::size_t>(code)];
  }
  CHECK(std::ranges::count(seen, 0) < 8);  // nearly all codes can be reached
}

TEST_CASE("quantiser: perplexity is the exponential of the entropy, the mean over codebooks") {
  Variables store;
  Graph g(store, Mode::evaluate);
  const Value counts = g.constant(Tensor::of<float>({6}, {4, 4, 0, 0, 0, 7}));
  CHECK(test::run(code_perplexity(counts, 2), {})[0] == doctest::Approx(1.5));
  CHECK(test::run(code_perplexity(g.constant(Tensor(Shape{6})), 2), {})[0] == 1);
}

TEST_CASE("quantiser: finite stages divide what one level stands for, groups are side by side") {
  const std::vector<std::int64_t> levels{4, 5, 2};
  const Quantiser c = finite(3, 2);
  CHECK(quantised_width(c) == 6);
  CHECK(codebooks(c) == 6);
  QuantiserBench bench(c, 100);
  for (float& x : bench.z_values.as<float>()) x *= 2;
  const Value dz = gradients(sum(bench.q.values), {bench.z})[0];
  const auto results = bench.run({bench.q.codes, bench.q.values, dz, bench.q.loss});
  const auto z = as_doubles(bench.z_values);
  double most_left = 0;
  for (std::size_t i = 0; i < 100; ++i)
    for (std::size_t group = 0; group < 2; ++group)
      for (std::size_t k = 0; k < 3; ++k) {
        const auto l = static_cast<double>(levels[k]);
        const double h = (l - 1) * 0.999 / 2, o = levels[k] % 2 == 0 ? 0.5 : 0;
        const double half = std::floor(l / 2);
        const std::size_t at = 6 * i + 3 * group + k;
        const double inside = std::tanh(z[at] + std::tan(o / h));
        const double bounded = (inside * h - o) / half;
        // Digit by digit: each code tells the levels of all dimensions.
        double value = 0;
        for (std::size_t stage = 0; stage < 3; ++stage) {
          auto code = static_cast<std::int64_t>(results[0][6 * i + 3 * group + stage]);
          for (std::size_t before = 0; before < k; ++before) code /= levels[before];
          const auto digit = static_cast<double>(code % levels[k]);
          value += stage == 0
                       ? (digit - half) / half
                       : (digit - (l - 1) / 2) / (half * std::pow(l, static_cast<double>(stage)));
        }
        CHECK(results[1][at] == doctest::Approx(value).epsilon(1e-5).scale(0.1));
        const double left = std::abs(bounded - value) * (2 * half * l * l);
        CHECK(left < 1.001);
        most_left = std::max(most_left, left);
        CHECK(results[2][at] ==
              doctest::Approx((1 - inside * inside) * h / half).epsilon(1e-4).scale(0.1));
      }
  CHECK(most_left > 0.8);  // the bound says something
  for (const double loss : results[3]) CHECK(loss == 0);
}

TEST_CASE("quantiser: groups of stages are residual quantisers side by side") {
  const Quantiser c = small(with_loss(), 2, 2);
  QuantiserBench bench(c, 6);
  std::vector<Value> wrt{bench.z};
  for (const char* name : {"codebook0", "codebook1", "codebook2", "codebook3"})
    wrt.push_back(bench.graph.find(name));
  const Value factor = bench.graph.constant(2.f);
  std::vector<Value> wanted = gradients(sum(factor * bench.q.values) + sum(bench.q.loss), wrt);
  wanted.insert(wanted.end(),
                {bench.q.codes, bench.q.values, bench.q.commitment, bench.q.loss, bench.q.counts});
  const auto results = bench.run(wanted);
  const auto z = as_doubles(bench.z_values);
  std::vector<double> dz(z.size(), 2.), values(z.size()), commitment(6), counts(20);
  for (std::size_t group = 0; group < 2; ++group) {
    std::vector<std::vector<double>> dbooks;
    for (std::size_t stage = 0; stage < 2; ++stage) dbooks.emplace_back(10);
    for (std::size_t i = 0; i < 6; ++i) {
      const auto first = z.begin() + static_cast<std::ptrdiff_t>(4 * i + 2 * group);
      std::vector<double> left(first, first + 2);
      for (std::size_t stage = 0; stage < 2; ++stage) {
        const std::size_t number = 2 * group + stage;
        const auto books = bench.stored(str_cat("codebook", number));
        const std::int64_t code = test::nearest_row(left, books);
        CHECK(results[5][4 * i + number] == static_cast<double>(code));
        ++counts[5 * number + static_cast<std::size_t>(code)];
        for (std::size_t k = 0; k < 2; ++k) {
          const auto at = static_cast<std::size_t>(code) * 2 + k;
          const double d = left[k] - books[at];
          commitment[i] += d * d / 2 / 2;  // the mean over the part's width, and over groups
          dz[4 * i + 2 * group + k] += 0.3 * 2 * d / 2 / 2;
          dbooks[stage][at] -= 2 * d / 2 / 2;
          values[4 * i + 2 * group + k] += books[at];
          left[k] -= books[at];
        }
      }
    }
    for (std::size_t stage = 0; stage < 2; ++stage)
      test::check_near(results[1 + 2 * group + stage], dbooks[stage], 1e-5);
  }
  test::check_near(results[0], dz, 1e-5);
  test::check_near(results[6], values, 1e-6);
  test::check_near(results[7], commitment, 1e-5);
  for (double& x : commitment) x *= 1.3;
  test::check_near(results[8], commitment, 1e-5);
  CHECK(results[9] == counts);
}

TEST_CASE("quantiser: codes that no vector meets stay, until one does") {
  for (const float decay : {0.5f, 0.99f}) {
    Nearest kind;
    kind.codebook_decay = decay;
    QuantiserBench bench(small(kind), 6);
    // The first code gets all vectors: the others lie too far away to be met.
    const auto place = [](std::size_t i) { return i < 4 ? 0.f : 1e6f * static_cast<float>(i); };
    test::set(bench.store, "codebook", place);
    test::set(bench.store, "codebook/counts", [](std::size_t) { return 1.f; });
    test::set(bench.store, "codebook/sums", place);
    for (int step = 0; step < 1500; ++step) {
      bench.run({bench.q.codes});
      for (std::size_t i = 4; i < 20; ++i)
        REQUIRE(bench.stored("codebook")[i] / double{place(i)} > 0.985);
    }
    CHECK(bench.stored("codebook/counts")[1] < 1e-6);
    // A vector near the second code takes it along at once: nothing else weighs on it.
    for (std::size_t k = 0; k < 4; ++k) bench.z_values.as<float>()[k] = 0.5f * place(4 + k);
    bench.run({bench.q.codes});
    for (std::size_t k = 4; k < 8; ++k)
      CHECK(bench.stored("codebook")[k] == doctest::Approx(0.5 * place(k)).epsilon(0.002));
  }
}

TEST_CASE("quantiser: settings of checkpoints of format 1 mean what they meant") {
  const auto upgraded = [](std::map<std::string, std::string> values) {
    upgrade_quantiser(values);
    return values;
  };
  const auto nearest = upgraded({{"quantiser", "nearest"}, {"stages", "4"}});
  CHECK(nearest.at("stages") == "1");  // was not read
  CHECK(nearest.at("numbered-codebook") == "false");
  const auto residual = upgraded({{"quantiser", "residual"}, {"stages", "4"}});
  CHECK(residual.at("quantiser") == "nearest");
  CHECK(residual.at("stages") == "4");
  CHECK(residual.at("numbered-codebook") == "false");
  const auto one = upgraded({{"quantiser", "residual"}, {"stages", "1"}});
  CHECK(one.at("numbered-codebook") == "true");
  CHECK(upgraded({{"quantiser", "finite"}, {"stages", "4"}}).at("stages") == "1");
  // One residual stage had a numbered codebook.
  Quantiser c = small();
  c.numbered = true;
  CHECK(QuantiserBench(c, 3).store.find("codebook0") >= 0);
  CHECK(QuantiserBench(small(), 3).store.find("codebook") >= 0);
}

TEST_CASE("quantiser: its settings are those of its kind") {
  const auto names = [](Quantiser c) {
    Fields f;
    fields(f, c);
    Words all;
    for (const Field& field : f.all()) all.push_back(field.name());
    return all;
  };
  CHECK(names(small({}, 2)) == Words{"quantiser", "codes", "commitment", "codebook-decay",
                                     "codebook-smoothing", "cosine", "codebook-start",
                                     "restart-below", "code-width", "stages", "quantiser-dropout",
                                     "groups"});
  const auto averages = [&](auto change) {
    Nearest n;
    change(n);
    return std::ranges::count(names({.kind = n}), "codebook-smoothing");
  };
  CHECK(averages([](Nearest&) {}) == 1);
  CHECK(averages([](Nearest& n) { n.codebook_decay = 0; }) == 0);
  CHECK(averages([](Nearest& n) { n.cosine = true; }) == 0);
  CHECK(names(finite()) == Words{"quantiser", "levels", "stages", "groups", "numbered-codebook"});
  const auto complaint = [](Quantiser c) {
    Fields f;
    fields(f, c);
    return f.complaints().empty() ? "" : f.complaints().front();
  };
  CHECK(complaint(small({}, 3, 2)) == "");
  CHECK(complaint(small({}, 1, 3)).find("3 groups do not divide the width 4") != std::string::npos);
  CHECK(complaint(small(by_direction(), 2)).find("no stages") != std::string::npos);
  Nearest still = with_loss();
  still.restart_below = 1;
  CHECK(complaint(small(still)).find("decay above 0") != std::string::npos);
}

TEST_CASE("quantiser: choices that make no quantiser are refused") {
  const auto refused = [](const Quantiser& c, const char* words) {
    CHECK_THROWS_WITH_AS(quantised_width(c), doctest::Contains(words), UsageError);
  };
  refused(small({}, 1, 3), "3 groups do not divide the width 4");
  refused(small({}, 0), "stages: expected a whole number, at least 1");
  Nearest kind = with_loss();
  kind.restart_below = 0.5f;
  refused(small(kind), "restarts want a codebook decay above 0");
  refused(small(by_direction(), 2), "cosine");
  refused({.kind = Finite{{8, 1}}},
          "levels: expected whole numbers with commas between, at least 2");
  refused({.kind = Finite{{}}}, "at least one dimension");
  refused({.kind = Finite{{1 << 20, 1 << 20}}}, "2^24");
  kind = {};
  kind.codebook_decay = 1;
  refused(small(kind), "decay");
  Quantiser c = small({}, 2);
  c.quantiser_dropout = 2;
  refused(c, "dropout");
  Variables store;
  Graph g(store);
  CHECK_THROWS_WITH_AS(quantise(g.input("z", {3, 5}), g.input("weights", {3}), small()),
                       doctest::Contains("f32[.., 4]"), ShapeError);
}

}  // namespace abax

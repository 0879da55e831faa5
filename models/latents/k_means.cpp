// k-means++ and Lloyd's rounds, and what they start.
#include "models/latents/k_means.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string_view>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/plan/execution.h"
#include "ops/quantise.h"

namespace abax {
namespace {

constexpr int lloyd_rounds = 10;
constexpr std::int64_t vectors_a_code = 64;
constexpr std::string_view inputs_end = "/inputs";  // of the name that the quantiser gives

const float* row(const Tensor& x, std::int64_t i) {
  return x.as<float>().data() + i * x.shape()[1];
}

double distance(const float* a, const float* b, std::int64_t width) {
  double sum = 0;
  for (std::int64_t k = 0; k < width; ++k) {
    const double d = double{a[k]} - double{b[k]};
    sum += d * d;
  }
  return sum;
}

/// Each centre is a vector drawn with a probability proportional to its squared distance from the
/// nearest centre so far.
Tensor seeded(const Tensor& vectors, std::int64_t codes, std::uint64_t seed, Workers& workers) {
  const std::int64_t n = vectors.shape()[0], width = vectors.shape()[1];
  Tensor centres({codes, width});
  std::vector<double> nearest(static_cast<std::size_t>(n), std::numeric_limits<double>::infinity());
  Random random(stream_key(seed, "k-means", "seeding"));
  std::int64_t chosen = random.below(n);
  constexpr std::int64_t each = 4096;
  for (std::int64_t code = 0;; ++code) {
    std::copy_n(row(vectors, chosen), width, centres.as<float>().data() + code * width);
    if (code + 1 == codes) return centres;
    workers.run([&] {
      workers.loop((n + each - 1) / each, [&](std::int64_t piece) {
        for (std::int64_t i = piece * each; i < std::min(n, (piece + 1) * each); ++i) {
          double& least = nearest[static_cast<std::size_t>(i)];
          least = std::min(least, distance(row(vectors, i), row(centres, code), width));
        }
      });
    });
    double total = 0;
    for (const double d : nearest) total += d;
    if (!(total > 0)) {  // fewer different vectors than codes
      chosen = random.below(n);
      continue;
    }
    double left = random.uniform() * total;
    for (std::int64_t i = 0; i < n; ++i) {
      const double d = nearest[static_cast<std::size_t>(i)];
      if (d > 0) chosen = i;  // should rounding leave something after the last
      left -= d;
      if (left < 0) break;
    }
  }
}

/// One round of Lloyd's: each centre becomes the mean of the vectors nearest to it.
void recentre(Tensor& centres, const Tensor& vectors, std::span<const std::int32_t> codes) {
  const std::int64_t width = centres.shape()[1];
  std::vector<double> sums(static_cast<std::size_t>(centres.size()));
  std::vector<std::int64_t> counts(static_cast<std::size_t>(centres.shape()[0]));
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const float* vector = row(vectors, static_cast<std::int64_t>(i));
    double* sum = sums.data() + codes[i] * width;
    for (std::int64_t k = 0; k < width; ++k) sum[k] += vector[k];
    ++counts[static_cast<std::size_t>(codes[i])];
  }
  for (std::size_t code = 0; code < counts.size(); ++code) {
    if (counts[code] == 0) continue;
    const auto at = code * static_cast<std::size_t>(width);
    for (std::size_t k = at; k < at + static_cast<std::size_t>(width); ++k)
      centres.as<float>()[k] = static_cast<float>(sums[k] / static_cast<double>(counts[code]));
  }
}

/// Null where the batch has none.
const Tensor* find_input(const BatchInputs& batch, std::string_view wanted) {
  for (const auto& [name, tensor] : batch)
    if (name == wanted) return &tensor;
  return nullptr;
}

const Tensor& weights_of(const BatchInputs& batch) {
  if (const Tensor* weights = find_input(batch, "weights")) return *weights;
  throw UsageError("a codebook cannot start from data: the batches have no \"weights\"");
}

BatchShape shape_of(const BatchInputs& batch) {
  const Tensor* tokens = find_input(batch, "tokens");
  return {.batch = weights_of(batch).shape()[0], .length = tokens ? tokens->shape()[0] : 0};
}

using Build = std::function<void(Graph&, const BatchShape&)>;

/// A plan to what a model calls by a name.
struct NamedPlan {
  NamedPlan(Variables& store, const Build& build, const BatchShape& shape, const std::string& name,
            Workers& workers)
      : graph(store, Mode::evaluate, "start codebooks"),
        value((build(graph, shape), graph.find(name))),
        execution(compile(graph, {value}), store, workers) {}
  Graph graph;
  Value value;
  Execution execution;
};

/// All rows with a weight of what a model calls `name`, over the batches; evenly chosen where there
/// are too many.
Tensor collected(const std::string& name, std::int64_t width, std::int64_t most, Variables& store,
                 const Build& build, std::span<const BatchInputs> batches, Workers& workers) {
  std::vector<float> all;
  std::map<std::pair<std::int64_t, std::int64_t>, NamedPlan> plans;  // by batch and length
  for (const BatchInputs& batch : batches) {
    const auto weights = weights_of(batch).as<float>();
    const BatchShape shape = shape_of(batch);
    NamedPlan& plan =
        plans.try_emplace({shape.batch, shape.length}, store, build, shape, name, workers)
            .first->second;
    for (const auto& [input, tensor] : batch)
      if (plan.execution.reads(input)) plan.execution.set(input, tensor);
    plan.execution.run();
    const auto rows = plan.execution.get(plan.value).as<float>();
    const std::size_t size = rows.size() / std::max<std::size_t>(1, weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (weights[i] > 0)
        all.insert(all.end(), rows.begin() + static_cast<std::ptrdiff_t>(i * size),
                   rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
  }
  const std::int64_t n = static_cast<std::int64_t>(all.size()) / std::max<std::int64_t>(1, width);
  if (n == 0)
    throw UsageError("a codebook cannot start from data: no batch has an item that counts");
  const std::int64_t taken = std::min(n, most);
  Tensor result({taken, width});
  for (std::int64_t i = 0; i < taken; ++i)
    std::copy_n(all.data() + i * n / taken * width, width, result.as<float>().data() + i * width);
  return result;
}

/// To length 1, but for zeros.
void normalise_rows(Tensor& x) {
  const std::int64_t width = x.shape()[1];
  const std::vector<float> zeros(static_cast<std::size_t>(width));
  for (std::int64_t i = 0; i < x.shape()[0]; ++i) {
    const double length = std::sqrt(distance(row(x, i), zeros.data(), width));
    for (std::int64_t k = 0; k < width && length > 0; ++k) {
      float& value = x.as<float>()[static_cast<std::size_t>(i * width + k)];
      value = static_cast<float>(value / length);
    }
  }
}

void set(Variables& store, const std::string& name, const std::function<float(std::size_t)>& f) {
  const int index = store.find(name);
  if (index < 0) return;  // a codebook with a loss has no averages
  const auto values = store[index].write().as<float>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = f(i);
}

}  // namespace

Tensor k_means(const Tensor& vectors, std::int64_t codes, int rounds, std::uint64_t seed,
               Workers& workers) {
  if (vectors.shape().rank() != 2 || vectors.shape()[0] == 0 || codes < 1)
    throw UsageError(str_cat("k_means: ", codes, " centres of vectors ", vectors.type()));
  Tensor centres = seeded(vectors, codes, seed, workers);
  Variables none;
  Graph g(none, Mode::evaluate);
  const Value found =
      nearest(g.input("vectors", vectors.shape()), g.input("centres", centres.shape()));
  Execution execution(compile(g, {found}), none, workers);
  execution.set("vectors", vectors);
  execution.set("centres", centres);
  for (int round = 0; round < rounds; ++round) {
    execution.run();
    recentre(centres, vectors, execution.get(found).as<std::int32_t>());
  }
  return centres;
}

void start_codebooks(Variables& store, const Quantiser& quantiser,
                     const std::function<void(Graph&, const BatchShape&)>& build,
                     std::span<const BatchInputs> batches, Workers& workers) {
  const auto* nearest = std::get_if<Nearest>(&quantiser.kind);
  if (!nearest || (!batches.empty() && nearest->codebook_start != "data")) return;
  Graph g(store, Mode::evaluate, "start codebooks");
  build(g, batches.empty() ? BatchShape{.batch = 1, .length = 1} : shape_of(batches.front()));
  std::vector<std::pair<std::string, Value>> books;
  for (const auto& [name, value] : g.given_names())
    if (name.ends_with(inputs_end))
      books.emplace_back(name.substr(0, name.size() - inputs_end.size()), value);
  std::ranges::sort(books, {}, [](const auto& book) { return book.second.node(); });
  for (const auto& [name, value] : books) {
    const Tensor& book = store.at(name).value();
    if (!batches.empty()) {
      const std::int64_t codes = book.shape()[0];
      const Tensor vectors = collected(name + std::string(inputs_end), value.shape().at(-1),
                                       vectors_a_code * codes, store, build, batches, workers);
      const std::uint64_t seed = stream_key(store.seed(), "k-means", name);
      Tensor centres = k_means(vectors, codes, lloyd_rounds, seed, workers);
      if (nearest->cosine) normalise_rows(centres);
      set(store, name, [&](std::size_t i) { return centres.as<float>()[i]; });
    }
    const float first = first_count(*nearest);
    set(store, name + "/counts", [&](std::size_t) { return first; });
    set(store, name + "/sums", [&](std::size_t i) { return first * book.as<float>()[i]; });
  }
}

}  // namespace abax

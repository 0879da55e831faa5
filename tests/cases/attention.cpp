// Cases of ops/attention.h.
#include "ops/attention.h"

#include <cmath>
#include <limits>

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

struct Sizes {
  std::int64_t queries, keys, batch, width;
};

/// Limits of keys: none, or one a batch item.
struct Limits {
  std::vector<double> first = {}, last = {};
};

/// Vaswani et al. 2017, eq. 1, pair by pair: y [queries, batch, width] and the log-sum-exp [batch,
/// heads, queries]. Arguments q, k, v.
std::vector<Reference> plain_attention(std::span<const Reference> x,
                                       const AttentionOptions& options, const Limits& limits) {
  const Shape& shape = x[0].shape;
  const std::int64_t queries = shape[0], batch = shape[1], width = shape[2], keys = x[1].shape[0];
  const std::int64_t size = width / options.heads;
  const auto at = [&](const Reference& tensor, std::int64_t time, std::int64_t b,
                      std::int64_t column) {
    return tensor.values[static_cast<std::size_t>((time * batch + b) * width + column)];
  };
  Reference y{shape, std::vector<double>(x[0].values.size())};
  Reference lse{{batch, options.heads, queries}, {}};
  const double scale =
      options.scale != 0 ? double{options.scale} : 1 / std::sqrt(static_cast<double>(size));
  for (std::int64_t b = 0; b < batch; ++b)
    for (std::int64_t h = 0; h < options.heads; ++h)
      for (std::int64_t i = 0; i < queries; ++i) {
        const auto item = static_cast<std::size_t>(b);
        const std::int64_t first =
            limits.first.empty() ? 0 : static_cast<std::int64_t>(limits.first[item]);
        std::int64_t last =
            limits.last.empty() ? keys : static_cast<std::int64_t>(limits.last[item]);
        if (options.causal) last = std::min(last, i + keys - queries + 1);
        std::vector<double> weights;
        double total = 0;
        for (std::int64_t j = first; j < last; ++j) {
          double score = 0;
          for (std::int64_t c = h * size; c < (h + 1) * size; ++c)
            score += at(x[0], i, b, c) * at(x[1], j, b, c);
          weights.push_back(std::exp(scale * score));
          total += weights.back();
        }
        lse.values.push_back(std::log(total));  // of nothing: minus infinity
        for (std::int64_t j = first; j < last; ++j)
          for (std::int64_t c = h * size; c < (h + 1) * size; ++c)
            y.values[static_cast<std::size_t>((i * batch + b) * width + c)] +=
                weights[static_cast<std::size_t>(j - first)] / total * at(x[2], j, b, c);
      }
  return {y, lse};
}

/// q of three times the others' range, so that weights are far from equal.
Case attention_case(std::string name, Sizes s, const AttentionOptions& options,
                    const Limits& limits = {}) {
  Case result = {
      .name =
          str_cat("attention/", name, " queries ", s.queries, " keys ", s.keys, " batch ", s.batch,
                  " width ", s.width, " heads ", options.heads, options.causal ? " causal" : ""),
      .arguments = {{{s.queries, s.batch, s.width}, f32, -3, 3},
                    {{s.keys, s.batch, s.width}},
                    {{s.keys, s.batch, s.width}}},
      .build =
          [=, first = !limits.first.empty(), last = !limits.last.empty()](auto x) {
            return std::vector{attention(x[0], x[1], x[2], options, first ? x[3] : Value{},
                                         last ? x.back() : Value{})};
          },
      .reference = [=](auto x) { return std::vector{plain_attention(x, options, limits)[0]}; },
      .tolerance = 4e-6};
  for (const auto& values : {limits.first, limits.last})
    if (!values.empty())
      result.arguments.push_back({.shape = {s.batch}, .dtype = i32, .values = values});
  return result;
}

}  // namespace

Family attention_family() {
  Family family{.name = "attention", .cases = {}, .bad = {}};
  family.cases = {
      attention_case("one of all", {1, 1, 1, 1}, {}),
      attention_case("one token", {1, 1, 3, 8}, {.heads = 2, .causal = true}),
      attention_case("no query", {0, 4, 2, 6}, {.heads = 2}),
      attention_case("no key", {3, 0, 2, 6}, {.heads = 2}),
      attention_case("no batch item", {3, 4, 0, 6}, {.heads = 2}),
      attention_case("no width", {3, 4, 2, 0}, {.heads = 2}),
      attention_case("odd", {5, 7, 3, 15}, {.heads = 3}),
      attention_case("scale", {4, 6, 2, 10}, {.heads = 2, .scale = 0.7f}),
      attention_case("head of 33", {19, 37, 1, 66}, {.heads = 2}),
      attention_case("whole tiles", {32, 64, 2, 64}, {.heads = 2, .causal = true}),
      attention_case("causal", {35, 35, 2, 24}, {.heads = 2, .causal = true}),
      attention_case("causal, blocks", {161, 161, 1, 20}, {.causal = true}),
      attention_case("memory", {21, 51, 2, 12}, {.heads = 3, .causal = true}),
      attention_case("long memory", {9, 300, 1, 8}, {.heads = 1, .causal = true}),
      attention_case("fewer keys than queries", {70, 20, 2, 6}, {.heads = 2, .causal = true}),
      attention_case("many keys", {3, 531, 1, 8}, {}),
      attention_case("many queries", {300, 5, 1, 8}, {.heads = 2}),
      attention_case("padding", {18, 37, 5, 12}, {.heads = 2}, {{}, {37, 0, 1, 20, 36}}),
      attention_case("first", {6, 19, 4, 8}, {.heads = 2}, {{0, 19, 18, 7}, {}}),
      attention_case("window", {6, 40, 5, 8}, {.heads = 2}, {{0, 3, 7, 9, 39}, {0, 40, 8, 2, 40}}),
      attention_case("causal, not full memory", {33, 70, 4, 8}, {.heads = 2, .causal = true},
                     {{37, 0, 36, 60}, {}}),
      attention_case("causal, padding", {40, 40, 4, 8}, {.heads = 2, .causal = true},
                     {{}, {40, 0, 17, 33}}),
      attention_case("cache", {1, 50, 4, 36}, {.heads = 3, .causal = true}, {{0, 3, 50, 49}, {}}),
      attention_case("cache not full", {1, 300, 2, 33}, {}, {{}, {1, 257}}),
      attention_case("two queries and a cache", {2, 40, 3, 20}, {.heads = 2, .causal = true},
                     {{0, 39, 7}, {40, 40, 39}}),
  };
  family.cases.push_back(
      {.name = "attention_parts/padding",
       .arguments = {{{9, 3, 10}, f32, -3, 3},
                     {{7, 3, 10}},
                     {{7, 3, 10}},
                     {.shape = {3}, .dtype = i32, .values = {7, 0, 4}}},
       .build =
           [](auto x) {
             const AttentionParts parts =
                 attention_parts(x[0], x[1], x[2], {.heads = 2, .causal = true}, {}, x[3]);
             return std::vector{parts.y, parts.log_sum_exp};
           },
       .reference =
           [](auto x) {
             return plain_attention(x, {.heads = 2, .causal = true}, {{}, {7, 0, 4}});
           },
       .tolerance = 4e-6,
       .gradient = false});

  const auto build = [](auto x) { attention(x[0], x[1], x[2], {.heads = 3}); };
  const auto build_last = [](auto x) { attention(x[0], x[1], x[2], {.heads = 3}, {}, x[3]); };
  const Argument q{{4, 2, 9}}, k{{5, 2, 9}};
  family.bad = {
      {"attention/q of two axes", {{{4, 9}}, k, k}, build, {"attention", "f32[4, 9]"}},
      {"attention/k of another batch",
       {q, {{5, 3, 9}}, {{5, 3, 9}}},
       build,
       {"attention", "[4, 2, 9]", "[5, 3, 9]"}},
      {"attention/k of another width",
       {q, {{5, 2, 6}}, {{5, 2, 6}}},
       build,
       {"attention", "[4, 2, 9]", "[5, 2, 6]"}},
      {"attention/v of other keys",
       {q, k, {{6, 2, 9}}},
       build,
       {"attention", "[5, 2, 9]", "[6, 2, 9]"}},
      {"attention/integers",
       {{{4, 2, 9}, i32}, k, k},
       build,
       {"attention", "i32[4, 2, 9]", "f32[5, 2, 9]"}},
      {"attention/width of unequal heads",
       {{{4, 2, 8}}, {{5, 2, 8}}, {{5, 2, 8}}},
       build,
       {"attention", "[4, 2, 8]", "3 heads"}},
      {"attention/limits f32", {q, k, k, {{2}}}, build_last, {"attention", "limit f32[2]"}},
      {"attention/limits of another batch",
       {q, k, k, {{3}, i32}},
       build_last,
       {"attention", "limit i32[3]"}},
      {"attention/no head",
       {q, k, k},
       [](auto x) { attention(x[0], x[1], x[2], {.heads = 0}); },
       {"attention", "got 0"}},
      {"attention/scale infinite",
       {q, k, k},
       [](auto x) {
         attention(x[0], x[1], x[2], {.scale = std::numeric_limits<float>::infinity()});
       },
       {"attention", "scale", "inf"}},
  };
  return family;
}

}  // namespace abax::cases

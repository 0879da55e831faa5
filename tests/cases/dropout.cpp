// Cases of ops/dropout.h.
#include "ops/dropout.h"

#include "core/base/random.h"
#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

/// The mask word of an element: see ops/kernels/philox.h. The cases' store has seed 7, the node
/// keeps its default name, and this is the first run.
std::uint32_t word_of(std::uint64_t element) {
  const std::uint64_t key = stream_key(7, "train", "dropout_key");
  const std::uint64_t counter = element / 64 * 16 + element % 16;
  const auto words =
      philox({static_cast<std::uint32_t>(counter), 0, 0, 0},
             {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
  return words[element % 64 / 16];
}

Case dropout_case(Shape shape, float p) {
  return {.name = str_cat("dropout/", shape, " p ", p),
          .arguments = {{shape}},
          .build = [=](auto x) { return std::vector{dropout(x[0], p)}; },
          .reference = [=](auto x) -> std::vector<Reference> {
            Reference y = x[0];
            for (std::size_t i = 0; i < y.values.size(); ++i)
              y.values[i] *= uniform01(word_of(i)) < p ? 0 : 1 / (1 - double{p});
            return {y};
          }};
}

}  // namespace

Family dropout_family() {
  Family family{.name = "dropout", .cases = {}, .bad = {}};
  for (const Shape& shape :
       {Shape{}, Shape{0, 3}, Shape{63}, Shape{64}, Shape{5, 129}, Shape{33, 2049}})
    family.cases.push_back(dropout_case(shape, 0.25f));
  family.cases.push_back(dropout_case({50}, 0));
  family.cases.push_back(dropout_case({50}, 0.9f));
  family.bad = {
      {"dropout/p 1", {{{4}}}, [](auto x) { dropout(x[0], 1); }, {"dropout", "[0, 1)"}},
      {"dropout/p negative", {{{4}}}, [](auto x) { dropout(x[0], -0.1f); }, {"dropout", "[0, 1)"}},
      {"dropout/integers", {{{4}, i32}}, [](auto x) { dropout(x[0], 0); }, {"dropout", "i32[4]"}},
  };
  return family;
}

}  // namespace abax::cases

// Cases of ops/gated.h.
#include "ops/gated.h"

#include <cmath>

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

double swish(double a) { return a / (1 + std::exp(-a)); }

}  // namespace

Family gated_family() {
  Family family{.name = "gated", .cases = {}, .bad = {}};
  const auto build = [](auto x) { return std::vector{swiglu(x[0], x[1])}; };
  for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{7, 5}, Shape{33, 2049}})
    family.cases.push_back(
        {.name = str_cat("swiglu/", shape),
         .arguments = {{shape, f32, -9, 9}, {shape, f32, -2, 2}},
         .build = build,
         .reference = reference_of([](double a, double b) { return swish(a) * b; })});
  // The gate saturates: nothing overflows, and 0 times b stays a number.
  family.cases.push_back(
      {.name = "swiglu/far from 0",
       .arguments = {{.shape = {6}, .values = {-200, -90, -88, 88, 90, 200}},
                     {.shape = {6}, .values = {1, -2, 3, 4, -5, 6}}},
       .build = build,
       .reference = reference_of([](double a, double b) { return swish(a) * b; })});
  family.bad.push_back({.name = "swiglu/two shapes",
                        .arguments = {{{4, 3}}, {{3}}},
                        .build = [](auto x) { swiglu(x[0], x[1]); },
                        .words = {"swiglu", "f32[4, 3]", "f32[3]"}});
  family.bad.push_back({.name = "swiglu/integers",
                        .arguments = {{{4}, i32}, {{4}, i32}},
                        .build = [](auto x) { swiglu(x[0], x[1]); },
                        .words = {"swiglu", "i32[4]"}});
  return family;
}

}  // namespace abax::cases

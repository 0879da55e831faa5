// Cases of ops/matmul.h.
#include "ops/matmul.h"

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

using At = std::vector<std::int64_t>;

/// The definition, element by element; leading axes broadcast.
Reference product(const Reference& a, const Reference& b, MatmulOptions options) {
  const Shape& as = a.shape;
  const Shape& bs = b.shape;
  const std::int64_t m = as.at(options.transpose_a ? -1 : -2);
  const std::int64_t k = as.at(options.transpose_a ? -2 : -1);
  const std::int64_t n = bs.at(options.transpose_b ? -2 : -1);
  const Shape leading = broadcast(Shape(as.sizes().first(static_cast<std::size_t>(as.rank() - 2))),
                                  Shape(bs.sizes().first(static_cast<std::size_t>(bs.rank() - 2))));
  const Shape shape = leading.inserted(-1, m).inserted(-1, n);
  return generate(shape, [&](const At& at) {
    At left = at, right = at;
    const std::size_t i = at.size() - 2, j = at.size() - 1;
    double sum = 0;
    for (std::int64_t p = 0; p < k; ++p) {
      left[options.transpose_a ? j : i] = at[i];
      left[options.transpose_a ? i : j] = p;
      right[options.transpose_b ? j : i] = p;
      right[options.transpose_b ? i : j] = at[j];
      sum += element(a, left) * element(b, right);
    }
    return sum;
  });
}

}  // namespace

Family matmul_family() {
  Family family{.name = "matmul", .cases = {}, .bad = {}};
  const auto add = [&](Shape a, Shape b, MatmulOptions options = {}) {
    family.cases.push_back(
        {.name = str_cat("matmul/", a, " x ", b, options.transpose_a ? " transposed a" : "",
                         options.transpose_b ? " transposed b" : ""),
         .arguments = {{a}, {b}},
         .build = [=](auto x) { return std::vector{matmul(x[0], x[1], options)}; },
         .reference =
             [=](std::span<const Reference> x) {
               return std::vector{product(x[0], x[1], options)};
             },
         .tolerance = 1e-5});
  };
  for (const bool transpose_a : {false, true})
    for (const bool transpose_b : {false, true}) {
      const auto shape = [](std::int64_t rows, std::int64_t columns, bool transposed) {
        return transposed ? Shape{columns, rows} : Shape{rows, columns};
      };
      for (const auto& [m, k, n] : {std::tuple{1, 1, 1}, {7, 5, 3}, {33, 17, 35}, {1, 40, 9}})
        add(shape(m, k, transpose_a), shape(k, n, transpose_b), {transpose_a, transpose_b});
    }
  add({0, 4}, {4, 3});
  add({3, 0}, {0, 4});
  add({2, 3, 5, 4}, {4, 6});
  add({2, 3, 5, 4}, {6, 4}, {false, true});
  add({3, 4, 5}, {4, 6}, {true, false});
  add({3, 4, 5}, {6, 4}, {true, true});
  add({5, 4}, {3, 4, 6});
  add({2, 1, 5, 4}, {3, 4, 6});
  add({0, 5, 4}, {4, 6});
  add({3, 4, 5}, {3, 6, 4}, {true, true});
  const auto bad = [&](std::string name, Shape a, Shape b, std::vector<std::string> words) {
    family.bad.push_back({name, {{a}, {b}}, [](auto x) { matmul(x[0], x[1]); }, std::move(words)});
  };
  bad("matmul/inner sizes differ", {32, 512}, {256, 128},
      {"matmul", "[32, 512]", "[256, 128]", "512 is not 256"});
  family.bad.push_back({"matmul/inner sizes differ when transposed",
                        {{{512, 32}}, {{256, 128}}},
                        [](auto x) { matmul(x[0], x[1], {.transpose_a = true}); },
                        {"[512, 32] transposed x [256, 128]", "512 is not 256"}});
  family.bad.push_back({"matmul/of integers",
                        {{{5, 3}, i32, 0, 9}, {{3, 2}}},
                        [](auto x) { matmul(x[0], x[1]); },
                        {"f32", "i32[5, 3]"}});
  bad("matmul/of a vector", {5}, {5, 3}, {"matmul", "[5]"});
  bad("matmul/leading axes differ", {2, 4, 5}, {3, 5, 4}, {"[2, 4, 5]", "[3, 5, 4]"});
  return family;
}

}  // namespace abax::cases

// Cases of ops/convolution.h.
#include "ops/convolution.h"

#include "core/base/text.h"
#include "ops/elementwise.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

/// The sum over all pairs of a pixel of the larger image and one of the smaller that a tap joins:
/// body(b, row, column, line, position, u, v).
template <class Body>
void for_each_tap(const Shape& larger, const Shape& smaller, const Shape& kernel,
                  const ConvolutionOptions& o, Body body) {
  for (std::int64_t b = 0; b < larger[0]; ++b)
    for (std::int64_t i = 0; i < smaller[1]; ++i)
      for (std::int64_t j = 0; j < smaller[2]; ++j)
        for (std::int64_t u = 0; u < kernel[0]; ++u)
          for (std::int64_t v = 0; v < kernel[1]; ++v) {
            const std::int64_t row = i * o.stride + u - o.padding.top;
            const std::int64_t column = j * o.stride + v - o.padding.left;
            if (row < 0 || row >= larger[1] || column < 0 || column >= larger[2]) continue;
            body((b * larger[1] + row) * larger[2] + column, (b * smaller[1] + i) * smaller[2] + j,
                 u * kernel[1] + v);
          }
}

double& at(std::vector<double>& values, std::int64_t i) {
  return values[static_cast<std::size_t>(i)];
}
double at(const std::vector<double>& values, std::int64_t i) {
  return values[static_cast<std::size_t>(i)];
}

/// y of x and kernel; `to_larger` where it is the transposed convolution.
Reference convolved(const Reference& x, const Reference& kernel, Shape result, bool to_larger,
                    const ConvolutionOptions& o) {
  Reference y{result, std::vector<double>(static_cast<std::size_t>(result.size()))};
  const std::int64_t in = kernel.shape[2], out = kernel.shape[3];
  for_each_tap(to_larger ? result : x.shape, to_larger ? x.shape : result, kernel.shape, o,
               [&](std::int64_t larger, std::int64_t smaller, std::int64_t tap) {
                 const std::int64_t from = to_larger ? smaller : larger;
                 const std::int64_t to = to_larger ? larger : smaller;
                 for (std::int64_t c = 0; c < in; ++c)
                   for (std::int64_t k = 0; k < out; ++k)
                     at(y.values, to * out + k) +=
                         at(x.values, from * in + c) * at(kernel.values, (tap * in + c) * out + k);
               });
  return y;
}

std::string described(const ConvolutionOptions& o) {
  const Padding& p = o.padding;
  return str_cat(" stride ", o.stride, " padding ", p.top, " ", p.bottom, " ", p.left, " ",
                 p.right);
}

}  // namespace

Family convolution_family() {
  Family family{.name = "convolution", .cases = {}, .bad = {}};
  const auto add = [&](Shape x, Shape kernel, Shape result, ConvolutionOptions o = {}) {
    family.cases.push_back({.name = str_cat("conv2d/", x, " with ", kernel, described(o)),
                            .arguments = {{x}, {kernel}},
                            .build = [=](auto v) { return std::vector{conv2d(v[0], v[1], o)}; },
                            .reference =
                                [=](std::span<const Reference> v) {
                                  return std::vector{convolved(v[0], v[1], result, false, o)};
                                },
                            .tolerance = 1e-5});
  };
  add({2, 5, 7, 3}, {3, 3, 3, 5}, {2, 3, 5, 5});
  add({2, 5, 7, 3}, {3, 3, 3, 5}, {2, 5, 7, 5}, {1, {1, 1, 1, 1}});
  add({2, 9, 7, 3}, {4, 4, 3, 33}, {2, 4, 3, 33}, {2, {1, 1, 1, 1}});
  add({1, 5, 6, 2}, {2, 3, 2, 4}, {1, 3, 2, 4}, {2, {0, 1, 0, 0}});
  add({2, 4, 4, 17}, {3, 3, 17, 40}, {2, 4, 4, 40}, {1, {1, 1, 1, 1}});
  add({1, 6, 6, 23}, {3, 3, 23, 6}, {1, 4, 4, 6});
  add({1, 3, 3, 121}, {3, 3, 121, 6}, {1, 3, 3, 6}, {1, {1, 1, 1, 1}});  // two chains
  add({1, 2, 3, 2}, {5, 4, 2, 3}, {1, 2, 3, 3}, {1, {2, 2, 2, 1}});      // larger than the image
  add({1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1});
  add({2, 3, 5, 6}, {1, 1, 6, 4}, {2, 3, 5, 4});
  add({2, 3, 5, 6}, {1, 1, 6, 4}, {2, 2, 3, 4}, {2, {}});
  add({1, 8, 8, 1}, {2, 2, 1, 1}, {1, 3, 3, 1}, {3, {}});            // pixels that no tap reaches
  add({1, 2, 2, 3}, {2, 2, 3, 2}, {1, 7, 3, 2}, {1, {3, 3, 1, 1}});  // nothing but zeros
  add({0, 5, 5, 3}, {3, 3, 3, 4}, {0, 3, 3, 4});
  add({2, 5, 5, 0}, {3, 3, 0, 4}, {2, 3, 3, 4});
  add({2, 5, 5, 2}, {3, 3, 2, 0}, {2, 3, 3, 0});
  add({16, 12, 12, 24}, {3, 3, 24, 32}, {16, 12, 12, 32}, {1, {1, 1, 1, 1}});  // many partitions
  family.cases.push_back(
      {.name = "conv2d/scale and bias after it",
       .arguments = {{{3, 9, 11, 5}}, {{4, 4, 5, 34}}, {{34}}},
       .build =
           [](auto v) {
             return std::vector{conv2d(v[0], v[1], {.stride = 2, .padding = {1, 1, 1, 1}}) * 0.25 +
                                v[2]};
           },
       .reference =
           [](std::span<const Reference> v) {
             const ConvolutionOptions o{2, {1, 1, 1, 1}};
             return std::vector{elementwise(convolved(v[0], v[1], {3, 4, 5, 34}, false, o), v[2],
                                            [](double y, double bias) { return 0.25 * y + bias; })};
           },
       .tolerance = 1e-5});

  const auto add_transposed = [&](Shape x, Shape kernel, Shape result, ConvolutionOptions o = {}) {
    family.cases.push_back(
        {.name = str_cat("conv2d_transposed/", x, " with ", kernel, described(o), " to ", result),
         .arguments = {{x}, {kernel}},
         .build =
             [=](auto v) {
               return std::vector{conv2d_transposed(v[0], v[1], result[1], result[2], o)};
             },
         .reference =
             [=](std::span<const Reference> v) {
               return std::vector{convolved(v[0], v[1], result, true, o)};
             },
         .tolerance = 1e-5});
  };
  add_transposed({2, 3, 4, 5}, {3, 3, 5, 2}, {2, 5, 6, 2});
  add_transposed({2, 3, 4, 6}, {4, 4, 6, 3}, {2, 6, 8, 3}, {2, {1, 1, 1, 1}});
  add_transposed({2, 3, 4, 6}, {4, 4, 6, 33}, {2, 7, 9, 33}, {2, {1, 1, 1, 1}});  // with remainder
  add_transposed({1, 3, 3, 2}, {2, 2, 2, 3}, {1, 8, 9, 3}, {3, {}});
  add_transposed({1, 2, 2, 3}, {5, 4, 3, 1}, {1, 2, 2, 1}, {1, {2, 2, 1, 2}});
  add_transposed({1, 2, 1, 70}, {4, 4, 70, 3}, {1, 4, 2, 3}, {2, {1, 1, 1, 1}});
  // More than 4 channels: by phases.
  add_transposed({2, 3, 4, 5}, {3, 3, 5, 6}, {2, 5, 6, 6});
  add_transposed({1, 3, 3, 2}, {2, 2, 2, 5}, {1, 8, 9, 5}, {3, {}});
  add_transposed({1, 2, 2, 3}, {5, 4, 3, 9}, {1, 2, 2, 9}, {1, {2, 2, 1, 2}});
  add_transposed({1, 3, 3, 4}, {3, 4, 4, 6}, {1, 6, 5, 6}, {2, {0, 1, 2, 1}});
  add_transposed({2, 3, 3, 2}, {2, 2, 2, 0}, {2, 4, 4, 0});
  add_transposed({2, 3, 3, 0}, {2, 2, 0, 3}, {2, 4, 4, 3});
  add_transposed({0, 3, 3, 2}, {2, 2, 2, 3}, {0, 4, 4, 3});
  add_transposed({6, 8, 8, 32}, {4, 4, 32, 48}, {6, 16, 16, 48}, {2, {1, 1, 1, 1}});
  const auto add_with_bias = [&](const char* name, std::int64_t channels) {
    family.cases.push_back(
        {.name = name,
         .arguments = {{{2, 4, 3, 5}}, {{4, 4, 5, channels}}, {{channels}}},
         .build =
             [](auto v) {
               return std::vector{
                   conv2d_transposed(v[0], v[1], 8, 6, {.stride = 2, .padding = {1, 1, 1, 1}}) +
                   v[2]};
             },
         .reference =
             [=](std::span<const Reference> v) {
               const ConvolutionOptions o{2, {1, 1, 1, 1}};
               return std::vector{elementwise(convolved(v[0], v[1], {2, 8, 6, channels}, true, o),
                                              v[2],
                                              [](double y, double bias) { return y + bias; })};
             },
         .tolerance = 1e-5});
  };
  add_with_bias("conv2d_transposed/bias after it", 7);
  add_with_bias("conv2d_transposed/bias after it, few channels", 3);

  const auto bad = [&](std::string name, Argument x, Argument kernel, ConvolutionOptions o,
                       std::vector<std::string> words) {
    family.bad.push_back({"conv2d/" + std::move(name),
                          {std::move(x), std::move(kernel)},
                          [=](auto v) { conv2d(v[0], v[1], o); },
                          std::move(words)});
  };
  bad("channels differ", {{2, 5, 5, 3}}, {{3, 3, 4, 5}}, {},
      {"conv2d", "[2, 5, 5, 3]", "[3, 3, 4, 5]", "3 is not 4"});
  bad("of a matrix", {{5, 3}}, {{3, 3, 4, 5}}, {}, {"conv2d", "[5, 3]"});
  bad("of integers", {{2, 5, 5, 3}, i32, 0, 9}, {{3, 3, 3, 5}}, {}, {"i32[2, 5, 5, 3]"});
  bad("kernel does not fit", {{2, 2, 5, 3}}, {{3, 3, 3, 5}}, {}, {"[3, 3, 3, 5]", "2 x 5"});
  bad("stride 0", {{2, 5, 5, 3}}, {{3, 3, 3, 5}}, {0, {}}, {"stride=0"});
  bad("negative padding", {{2, 5, 5, 3}}, {{3, 3, 3, 5}}, {1, {0, -1, 0, 0}}, {"padding=0,-1,0,0"});
  family.bad.push_back({"conv2d_transposed/to another size",
                        {{{2, 3, 3, 5}}, {{4, 4, 5, 2}}},
                        [](auto v) {
                          conv2d_transposed(v[0], v[1], 9, 6, {2, {1, 1, 1, 1}});
                        },
                        {"4 x 3", "9 x 6", "[2, 3, 3, 5]"}});
  return family;
}

}  // namespace abax::cases

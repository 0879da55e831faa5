// Cases of ops/recurrent.h.
#include "ops/recurrent.h"

#include <cmath>

#include "core/base/text.h"
#include "tests/cases/families.h"
#include "tests/cases/reference.h"

namespace abax::cases {
namespace {

double plain_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// The cell of PyTorch's documentation of LSTM, row by row and step by step. Arguments: x, h, c,
/// input and recurrent weights, bias, perhaps lengths.
std::vector<Reference> plain_lstm(std::span<const Reference> x) {
  const auto size = [](const Reference& t, int axis) {
    return static_cast<std::size_t>(t.shape[axis]);
  };
  const std::size_t time = size(x[0], 0), batch = size(x[0], 1), width = size(x[0], 2);
  const std::size_t hidden = size(x[1], 1);
  Reference y{{x[0].shape[0], x[0].shape[1], x[1].shape[1]},
              std::vector<double>(time * batch * hidden)};
  Reference h = x[1], c = x[2];
  std::vector<double> sums(4 * hidden);
  for (std::size_t row = 0; row < batch; ++row) {
    const auto steps = x.size() > 6 ? static_cast<std::size_t>(x[6].values[row]) : time;
    double *h_row = h.values.data() + row * hidden, *c_row = c.values.data() + row * hidden;
    for (std::size_t t = 0; t < steps; ++t) {
      sums = x[5].values;
      for (std::size_t i = 0; i < width; ++i)
        for (std::size_t j = 0; j < 4 * hidden; ++j)
          sums[j] += x[0].values[(t * batch + row) * width + i] * x[3].values[i * 4 * hidden + j];
      for (std::size_t i = 0; i < hidden; ++i)
        for (std::size_t j = 0; j < 4 * hidden; ++j)
          sums[j] += h_row[i] * x[4].values[i * 4 * hidden + j];
      for (std::size_t u = 0; u < hidden; ++u) {
        const double i = plain_sigmoid(sums[u]), f = plain_sigmoid(sums[hidden + u]);
        const double g = std::tanh(sums[2 * hidden + u]), o = plain_sigmoid(sums[3 * hidden + u]);
        c_row[u] = f * c_row[u] + i * g;
        h_row[u] = o * std::tanh(c_row[u]);
        y.values[(t * batch + row) * hidden + u] = h_row[u];
      }
    }
  }
  return {y, h, c};
}

struct Sizes {
  std::int64_t time, batch, width, hidden;
};

Case lstm_case(std::string name, Sizes s, std::vector<double> lengths = {}, bool gradient = true) {
  // Sums of `hidden` products stay of the order of 1.
  const double weight = 1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(s.hidden, 4)));
  Case result = {.name = text("lstm/", name, " time ", s.time, " batch ", s.batch, " width ",
                              s.width, " hidden ", s.hidden),
                 .arguments = {{{s.time, s.batch, s.width}},
                               {{s.batch, s.hidden}},
                               {{s.batch, s.hidden}},
                               {{s.width, 4 * s.hidden}},
                               {{s.hidden, 4 * s.hidden}, f32, -weight, weight},
                               {{4 * s.hidden}}},
                 .build =
                     [](auto x) {
                       const LstmSequence sequence = lstm(x[0], {x[1], x[2]}, {x[3], x[4], x[5]},
                                                          x.size() > 6 ? x[6] : Value{});
                       return std::vector{sequence.y, sequence.last.h, sequence.last.c};
                     },
                 .reference = plain_lstm,
                 .tolerance = 4e-6,
                 .gradient = gradient};
  if (!lengths.empty())
    result.arguments.push_back({.shape = {s.batch}, .dtype = i32, .values = std::move(lengths)});
  return result;
}

}  // namespace

Family recurrent_family() {
  Family family{.name = "recurrent", .cases = {}, .bad = {}};
  family.cases = {
      lstm_case("one of all", {1, 1, 1, 1}),
      lstm_case("odd", {5, 3, 7, 19}),
      lstm_case("whole registers", {2, 14, 8, 32}),
      lstm_case("one step", {1, 5, 3, 33}),
      lstm_case("no step", {0, 2, 3, 5}),
      lstm_case("no row", {3, 0, 3, 5}),
      lstm_case("one row", {4, 1, 3, 17}),
      lstm_case("lengths", {5, 6, 3, 21}, {5, 0, 3, 1, 4, 5}),
      lstm_case("lengths, none whole", {3, 3, 2, 5}, {0, 1, 2}),
      // Rows of the gates are a multiple of 4 KiB apart: read through a copy, backward ...
      lstm_case("copied gates, lengths", {3, 4, 2, 256}, {3, 1, 0, 2}),
      // ... and forward.
      lstm_case("copied state", {3, 2, 1, 1024}, {}, false),
  };

  const auto build = [](auto x) { lstm(x[0], {x[1], x[2]}, {x[3], x[4], x[5]}); };
  const auto build_lengths = [](auto x) { lstm(x[0], {x[1], x[2]}, {x[3], x[4], x[5]}, x[6]); };
  const Argument x{{6, 2, 3}}, state{{2, 5}}, input{{3, 20}}, recurrent{{5, 20}}, bias{{20}};
  family.bad = {
      {"lstm/x of two axes", {{{2, 3}}, state, state, input, recurrent, bias}, build, {"lstm"}},
      {"lstm/recurrent weight of another size",
       {x, state, state, input, {{6, 20}}, bias},
       build,
       {"lstm", "[6, 20]", "[2, 5]"}},
      {"lstm/c of another batch",
       {x, state, {{3, 5}}, input, recurrent, bias},
       build,
       {"lstm", "[3, 5]", "[2, 5]"}},
      {"lstm/lengths f32",
       {x, state, state, input, recurrent, bias, {{2}}},
       build_lengths,
       {"lstm", "f32[2]"}},
      {"lstm/lengths of another batch",
       {x, state, state, input, recurrent, bias, {{3}, i32}},
       build_lengths,
       {"lstm", "i32[3]"}},
  };
  return family;
}

}  // namespace abax::cases

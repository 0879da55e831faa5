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

/// The cell of PyTorch's documentation of GRU, row by row and step by step. Arguments: x, h, input
/// and recurrent weights, bias, recurrent bias of n, perhaps lengths.
std::vector<Reference> plain_gru(std::span<const Reference> x) {
  const auto size = [](const Reference& t, int axis) {
    return static_cast<std::size_t>(t.shape[axis]);
  };
  const std::size_t time = size(x[0], 0), batch = size(x[0], 1), width = size(x[0], 2);
  const std::size_t hidden = size(x[1], 1);
  Reference y{{x[0].shape[0], x[0].shape[1], x[1].shape[1]},
              std::vector<double>(time * batch * hidden)};
  Reference h = x[1];
  for (std::size_t row = 0; row < batch; ++row) {
    const auto steps = x.size() > 6 ? static_cast<std::size_t>(x[6].values[row]) : time;
    double* h_row = h.values.data() + row * hidden;
    for (std::size_t t = 0; t < steps; ++t) {
      std::vector<double> of_input = x[4].values, of_state(3 * hidden);
      for (std::size_t u = 0; u < hidden; ++u) of_state[2 * hidden + u] = x[5].values[u];
      for (std::size_t j = 0; j < 3 * hidden; ++j) {
        for (std::size_t i = 0; i < width; ++i)
          of_input[j] +=
              x[0].values[(t * batch + row) * width + i] * x[2].values[i * 3 * hidden + j];
        for (std::size_t i = 0; i < hidden; ++i)
          of_state[j] += h_row[i] * x[3].values[i * 3 * hidden + j];
      }
      for (std::size_t u = 0; u < hidden; ++u) {
        const double r = plain_sigmoid(of_input[u] + of_state[u]);
        const double z = plain_sigmoid(of_input[hidden + u] + of_state[hidden + u]);
        const double n = std::tanh(of_input[2 * hidden + u] + r * of_state[2 * hidden + u]);
        h_row[u] = (1 - z) * n + z * h_row[u];
        y.values[(t * batch + row) * hidden + u] = h_row[u];
      }
    }
  }
  return {y, h};
}

struct Sizes {
  std::int64_t time, batch, width, hidden;
};

Case lstm_case(std::string name, Sizes s, std::vector<double> lengths = {}, bool gradient = true) {
  // Sums of `hidden` products stay of the order of 1.
  const double weight = 1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(s.hidden, 4)));
  Case result = {.name = str_cat("lstm/", name, " time ", s.time, " batch ", s.batch, " width ",
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

Case gru_case(std::string name, Sizes s, std::vector<double> lengths = {}, bool gradient = true) {
  const double weight = 1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(s.hidden, 4)));
  Case result = {.name = str_cat("gru/", name, " time ", s.time, " batch ", s.batch, " width ",
                                 s.width, " hidden ", s.hidden),
                 .arguments = {{{s.time, s.batch, s.width}},
                               {{s.batch, s.hidden}},
                               {{s.width, 3 * s.hidden}},
                               {{s.hidden, 3 * s.hidden}, f32, -weight, weight},
                               {{3 * s.hidden}},
                               {{s.hidden}}},
                 .build =
                     [](auto x) {
                       const GruSequence sequence =
                           gru(x[0], x[1], {x[2], x[3], x[4], x[5]}, x.size() > 6 ? x[6] : Value{});
                       return std::vector{sequence.y, sequence.last};
                     },
                 .reference = plain_gru,
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
      // Backward the sums over the gates are longer than a chain of additions, and are cut.
      lstm_case("cut sums", {2, 3, 2, 261}),
      gru_case("one of all", {1, 1, 1, 1}),
      gru_case("odd", {5, 3, 7, 19}),
      gru_case("whole registers", {2, 14, 8, 32}),
      gru_case("one step", {1, 5, 3, 33}),
      gru_case("no step", {0, 2, 3, 5}),
      gru_case("no row", {3, 0, 3, 5}),
      gru_case("one row", {4, 1, 3, 17}),
      gru_case("several pieces", {2, 17, 2, 133}),
      gru_case("cut sums", {2, 3, 2, 347}),
      gru_case("lengths", {5, 6, 3, 21}, {5, 0, 3, 1, 4, 5}),
      gru_case("lengths, none whole", {3, 3, 2, 5}, {0, 1, 2}),
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
  const auto build_gru = [](auto x) {
    gru(x[0], x[1], {x[2], x[3], x[4], x[5]}, x.size() > 6 ? x[6] : Value{});
  };
  const Argument three{{3, 15}}, own{{5, 15}}, sums{{15}}, units{{5}};
  const auto bad_gru = [&](std::string name, std::vector<Argument> arguments,
                           std::vector<std::string> words) {
    family.bad.push_back({"gru/" + name, std::move(arguments), build_gru, std::move(words)});
  };
  bad_gru("x of two axes", {{{2, 3}}, state, three, own, sums, units}, {"gru"});
  bad_gru("recurrent weight of another size", {x, state, three, {{6, 15}}, sums, units},
          {"gru", "[6, 15]", "[2, 5]"});
  bad_gru("recurrent bias of all gates", {x, state, three, own, sums, sums}, {"gru", "f32[15]"});
  bad_gru("h of another batch", {x, {{3, 5}}, three, own, sums, units}, {"gru", "[3, 5]"});
  bad_gru("lengths f32", {x, state, three, own, sums, units, {{2}}}, {"gru", "f32[2]"});
  return family;
}

}  // namespace abax::cases

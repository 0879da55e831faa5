// LSTM or GRU, by name.
#include "models/layers/recurrent_layer.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/layers.h"
#include "ops/recurrent.h"

namespace abax {
namespace {

bool is_lstm(std::string_view cell) {
  if (cell != "lstm" && cell != "gru")
    throw UsageError(str_cat("there is no recurrent cell '", cell, "'; known are lstm, gru"));
  return cell == "lstm";
}

GruWeights gru_weights(Graph& g, std::int64_t width, std::int64_t hidden, SourceLocation where) {
  return {g.parameter("input_weight", {width, 3 * hidden}, init::glorot(), where),
          g.parameter("recurrent_weight", {hidden, 3 * hidden}, init::orthogonal(), where),
          g.parameter_without_decay("bias", {3 * hidden}, init::zeros(), where),
          g.parameter_without_decay("recurrent_bias", {hidden}, init::zeros(), where)};
}

}  // namespace

const std::vector<std::string>& recurrent_cells() {
  static const std::vector<std::string> cells{"lstm", "gru"};
  return cells;
}

RecurrentState recurrent_start(Graph& g, std::string_view cell, std::int64_t batch,
                               std::int64_t hidden) {
  const Value nothing = g.constant(Tensor(Shape{batch, hidden}));
  return {nothing, is_lstm(cell) ? nothing : Value{}};
}

RecurrentSequence recurrent_layer(Operand x, std::string_view cell, const RecurrentState& start,
                                  Value lengths) {
  Graph& g = x.value().graph();
  const auto& where = x.where();
  const std::int64_t width = checked_shape("recurrent_layer", "[time, batch, width]", x, 3)[2];
  g.require_own(start.h, "recurrent_layer: the start's h", where);
  const std::int64_t hidden =
      checked_shape("recurrent_layer", "[batch, hidden]", {start.h, where}, 2)[1];
  if (is_lstm(cell)) {
    g.require_own(start.c, "recurrent_layer: the start's c", where);
    const LstmSequence s =
        lstm(x, {start.h, start.c}, lstm_weights(g, width, hidden, where), lengths);
    return {s.y, {s.last.h, s.last.c}};
  }
  const GruSequence s = gru(x, start.h, gru_weights(g, width, hidden, where), lengths);
  return {s.y, {s.last, {}}};
}

}  // namespace abax

// Layers over ops: names, initial values and shapes of their parameters.
#include "models/layers/layers.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/convolution.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/normalise.h"
#include "ops/random.h"

namespace abax {

const Shape& checked_shape(std::string_view layer, std::string_view expected, const Operand& x,
                           int rank, DType dtype) {
  const Value value = x.value();
  const Shape& shape = value.shape();
  if ((rank > 0 ? shape.rank() != rank : shape.rank() < 1) || value.dtype() != dtype)
    throw ShapeError(str_cat(layer, ": expected ", dtype, expected, ", got ", value.type(),
                             value.graph().location(x.where())));
  return shape;
}

namespace {

/// The shape of what a layer of so many outputs reads.
const Shape& shape_of(std::string_view layer, std::string_view expected, const Operand& x, int rank,
                      std::int64_t width) {
  const Shape& shape = checked_shape(layer, expected, x, rank);
  if (width < 1)
    throw UsageError(str_cat(layer, ": a layer has at least one output, not ", width,
                             x.value().graph().location(x.where())));
  return shape;
}

void check_windows(std::string_view layer, const Operand& x, std::int64_t size,
                   std::int64_t stride) {
  if (size < 1 || stride < 1)
    throw UsageError(str_cat(layer,
                             ": kernels of at least one pixel and a stride of at least one "
                             "are expected, not ",
                             size, " and ", stride, x.value().graph().location(x.where())));
}

}  // namespace

Value linear(Operand x, std::int64_t width, std::string_view name, bool with_bias,
             const Initialiser& initial) {
  Graph& g = x.value().graph();
  const auto scope = g.scope(name);
  const std::int64_t in = shape_of("linear", "[.., in]", x, 0, width).at(-1);
  const Value weight = g.parameter("weight", {in, width}, initial, x.where());
  const Value product = matmul(x, {weight, x.where()});  // [.., width]
  if (!with_bias) return product;
  return product + g.parameter_without_decay("bias", {width}, init::zeros(), x.where());
}

Value convolution(Operand x, std::int64_t channels, std::int64_t size, std::string_view name,
                  std::int64_t stride) {
  Graph& g = x.value().graph();
  const auto scope = g.scope(name);
  const Shape& shape = shape_of("convolution", "[batch, height, width, in]", x, 4, channels);
  check_windows("convolution", x, size, stride);
  const Value weight =
      g.parameter("weight", {size, size, shape.at(-1), channels}, init::glorot(), x.where());
  const Padding padding = same_padding(shape.at(-3), shape.at(-2), size, size, stride);
  return conv2d(x, {weight, x.where()}, {stride, padding}) +
         g.parameter_without_decay("bias", {channels}, init::zeros(), x.where());
}

Value transposed_convolution(Operand x, const Shape& image, std::int64_t channels,
                             std::int64_t size, std::string_view name, std::int64_t stride) {
  Graph& g = x.value().graph();
  const auto scope = g.scope(name);
  const Shape& shape =
      shape_of("transposed_convolution", "[batch, height, width, in]", x, 4, channels);
  check_windows("transposed_convolution", x, size, stride);
  if (image.rank() < 2)
    throw ShapeError(str_cat("transposed_convolution: expected an image {height, width}, got ",
                             image, g.location(x.where())));
  const Value weight =
      g.parameter("weight", {size, size, shape.at(-1), channels}, init::glorot(), x.where());
  const std::int64_t height = image.at(0), width = image.at(1);
  const Padding padding = same_padding(height, width, size, size, stride);
  return conv2d_transposed(x, {weight, x.where()}, height, width, {stride, padding}) +
         g.parameter_without_decay("bias", {channels}, init::zeros(), x.where());
}

Value normalise(Operand x, std::string_view name) {
  Graph& g = x.value().graph();
  const auto scope = g.scope(name);
  const std::int64_t width = shape_of("normalise", "[.., width]", x, 0, 1).at(-1);
  const Value scale = g.parameter_without_decay("scale", {width}, init::constant(1), x.where());
  const Value shift = g.parameter_without_decay("shift", {width}, init::zeros(), x.where());
  return layer_norm(x, {scale, x.where()}, {shift, x.where()});
}

Value word_dropout(Operand tokens, Operand rate, std::int32_t unknown) {
  const Value words = tokens.value();
  Graph& g = words.graph();
  const auto& where = tokens.where();
  if (words.dtype() != i32)
    throw ShapeError(
        str_cat("word_dropout: expected tokens i32[..], got ", words.type(), g.location(where)));
  if (rate.is_number() && !(rate.number() >= 0 && rate.number() <= 1))
    throw UsageError(
        str_cat("word_dropout: a rate is from 0 to 1, not ", rate.number(), g.location(where)));
  const Value probability = rate.value(g);
  if (probability.type() != TensorType{Shape{}, f32})
    throw ShapeError(str_cat("word_dropout: expected a rate f32[], got ", probability.type(),
                             g.location(where)));
  if (!g.training()) return words;
  const Value drawn = random_uniform(g, words.shape(), 0, 1, where);
  const Value dropped = less({drawn, where}, {probability, where});
  return abax::where({dropped, where}, {whole_number(g, unknown), where}, tokens);
}

Value scheduled(Graph& graph, std::string_view name, float otherwise) {
  return graph.training() ? graph.input(std::string(name), {}) : graph.constant(otherwise);
}

Value whole_number(Graph& g, std::int32_t value) {
  return g.constant(Tensor::of<std::int32_t>({}, {value}));
}

namespace {

/// Zeros, but 1 for the forget gate, so that a new layer remembers: gates i, f, g, o in turn.
Initialiser lstm_bias(std::int64_t hidden) {
  return {[hidden](Tensor& bias, Random&) {
    std::ranges::fill(bias.as<float>().subspan(static_cast<std::size_t>(hidden),
                                               static_cast<std::size_t>(hidden)),
                      1.f);
  }};
}

}  // namespace

LstmWeights lstm_weights(Graph& g, std::int64_t width, std::int64_t hidden, SourceLocation where) {
  return {g.parameter("input_weight", {width, 4 * hidden}, init::glorot(), where),
          g.parameter("recurrent_weight", {hidden, 4 * hidden}, init::orthogonal(), where),
          g.parameter_without_decay("bias", {4 * hidden}, lstm_bias(hidden), where)};
}

Value lstm_layer(Operand x, std::int64_t hidden, Value keep, std::string_view name) {
  Graph& g = x.value().graph();
  const auto scope = g.scope(name);
  const Shape& shape = shape_of("lstm_layer", "[time, batch, width]", x, 3, hidden);
  g.require_own(keep, "lstm_layer: keep", x.where());
  const std::int64_t batch = shape[1], width = shape[2];
  const LstmWeights weights = lstm_weights(g, width, hidden, x.where());
  const LstmState carried{g.carried_state("h", {{batch, hidden}}, x.where()),
                          g.carried_state("c", {{batch, hidden}}, x.where())};
  const LstmSequence sequence = lstm(x, {carried.h * keep, carried.c * keep}, weights);
  g.assign(carried.h, sequence.last.h, x.where());
  g.assign(carried.c, sequence.last.c, x.where());
  return sequence.y;
}

Field& width_field(Fields& f, std::int64_t& width, std::string help) {
  return f("width", width, std::move(help)).at_least(1).at_most(1 << 16);
}

Field& layers_field(Fields& f, std::int64_t& layers, std::string help) {
  return f("layers", layers, std::move(help)).at_least(1).at_most(1000);
}

Field& dropout_field(Fields& f, float& dropout) {
  return f("dropout", dropout, "share of the activations dropped while training")
      .at_least(0)
      .below(1);
}

Field& context_field(Fields& f, std::int64_t& context) {
  return f.derived("context", context).at_least(1);
}

}  // namespace abax

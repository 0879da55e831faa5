// Networks of images: shapes, gradients, what is refused.
#include "models/layers/image_network.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "tests/models/check_gradients.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

ImageNetwork dense() { return {.size = {3, 2, 2}, .kind = DenseNetwork{{7, 5}}}; }

TEST_CASE("image networks: an encoder's features, a decoder's pixels, their parameters") {
  Variables store(1);
  Graph g(store, Mode::train);
  const Value images = g.input("images", {4, 3, 2, 2});
  const Value features = encode_image(images, dense());
  CHECK(features.shape() == Shape{4, 5});
  CHECK(feature_shape(dense()) == Shape{5});
  CHECK(decode_image(features, dense(), 2).shape() == Shape{4, 3, 2, 4});
  CHECK(store.at("encoder/dense0/weight").value().shape() == Shape{12, 7});
  CHECK(store.at("decoder/dense0/weight").value().shape() == Shape{5, 5});
  CHECK(store.at("decoder/output/weight").value().shape() == Shape{7, 24});
}

TEST_CASE("image networks: gradients") {
  Variables store(2);
  Graph g(store, Mode::train);
  const Value images = g.input("images", {2, 3, 2, 2});
  const Value pixels = decode_image(encode_image(images, dense()), dense(), 1);
  const Loss loss{sum(square(pixels - images)), g.constant(2.f)};
  Tensor some({2, 3, 2, 2}, f32);
  float i = 0;
  for (float& x : some.as<float>()) x = 0.04f * i++;
  test::check_gradients(loss, {{"images", &some}});
}

ConvolutionNetwork convolution() { return {.channels = 6, .residual_channels = 4}; }
ImageNetwork convolutional() { return {.size = {7, 6, 2}, .kind = convolution()}; }

TEST_CASE("image networks: convolutions halve images, and double them again") {
  Variables store(1);
  Graph g(store, Mode::train);
  const ImageNetwork c = convolutional();
  const Value features = encode_image(g.input("images", {4, 7, 6, 2}), c);
  CHECK(features.shape() == Shape{4, 2, 2, 6});
  CHECK(feature_shape(c) == Shape{2, 2, 6});
  CHECK(decode_image(g.input("codes", {4, 2, 2, 5}), c, 2).shape() == Shape{4, 7, 6, 4});
  const auto shape = [&](const char* name) { return store.at(name).value().shape(); };
  CHECK(shape("encoder/down0/weight") == Shape{4, 4, 2, 3});
  CHECK(shape("encoder/down1/weight") == Shape{4, 4, 3, 6});
  CHECK(shape("encoder/conv/weight") == Shape{3, 3, 6, 6});
  CHECK(shape("encoder/residual1/inner/weight") == Shape{3, 3, 6, 4});
  CHECK(shape("encoder/residual1/outer/weight") == Shape{1, 1, 4, 6});
  CHECK(shape("decoder/conv/weight") == Shape{3, 3, 5, 6});
  CHECK(shape("decoder/residual0/inner/bias") == Shape{4});
  CHECK(shape("decoder/up0/weight") == Shape{4, 4, 6, 3});
  CHECK(shape("decoder/up1/weight") == Shape{4, 4, 3, 4});
}

TEST_CASE("image networks: a residual layer adds what its inner layers make") {
  ConvolutionNetwork c = convolution();
  Variables store(3);
  Graph deep(store, Mode::train), shallow(store, Mode::train);
  const Value features = residual_features(deep.input("x", {2, 3, 4, 5}), c);
  c.residual_layers = 0;
  const Value without = residual_features(shallow.input("x", {2, 3, 4, 5}), c);
  test::shake(store);
  // With inner weights of 0 a layer adds outer(relu(inner's bias)), the same at all positions;
  // the convolution before it can add that as well.
  Tensor added(store.at("conv/bias").value().shape());  // [channels]
  for (const std::string layer : {"residual0", "residual1"}) {
    std::ranges::fill(store.at(layer + "/inner/weight").write().as<float>(), 0.f);
    const auto inner = store.at(layer + "/inner/bias").value().as<float>();
    const auto weight = store.at(layer + "/outer/weight").value().as<float>();  // [inner, channels]
    const auto outer = store.at(layer + "/outer/bias").value().as<float>();
    for (std::size_t i = 0; i < outer.size(); ++i) {
      added.as<float>()[i] += outer[i];
      for (std::size_t k = 0; k < inner.size(); ++k)
        added.as<float>()[i] += std::max(0.f, inner[k]) * weight[k * outer.size() + i];
    }
  }
  Tensor x({2, 3, 4, 5});
  Random random(stream_key(1, "test", "features"));
  for (float& value : x.as<float>()) value = static_cast<float>(random.normal());
  const auto expected = test::run(features, {{"x", &x}});
  CHECK(test::difference(test::run(without, {{"x", &x}}), expected) > 0.1);
  const auto biases = store.at("conv/bias").write().as<float>();
  for (std::size_t i = 0; i < biases.size(); ++i) biases[i] += added.as<float>()[i];
  CHECK(test::difference(test::run(without, {{"x", &x}}), expected) < 1e-5);
}

TEST_CASE("image networks: gradients of convolutions") {
  Variables store(2);
  Graph g(store, Mode::train);
  const ImageNetwork c = convolutional();
  const Value images = g.input("images", {2, 7, 6, 2});
  const Value pixels = decode_image(encode_image(images, c), c, 1);
  const Loss loss{sum(pixels * (images - 0.5)), g.constant(2.f)};
  // Small weights and biases far from 0: every relu is open or shut, and bends at no small step.
  for (int v = 0; v < store.count(); ++v) {
    const bool bias = store[v].name.ends_with("/bias");
    float sign = 1;
    for (float& w : store[v].write().as<float>()) w = bias ? 2 * (sign = -sign) : 0.4f * w;
  }
  Tensor some({2, 7, 6, 2}, f32);
  float i = 0;
  for (float& x : some.as<float>()) x = 0.006f * i++;
  test::check_gradients(loss, {{"images", &some}});
}

TEST_CASE("image networks: other images and networks are refused") {
  Variables store(1);
  Graph g(store, Mode::train);
  ImageNetwork config = dense();
  CHECK_THROWS_AS(encode_image(g.input("images", {4, 2, 3, 2}), config), ShapeError);
  config.kind = DenseNetwork{{}};
  CHECK_THROWS_AS(feature_shape(config), UsageError);
  config = convolutional();
  CHECK_THROWS_AS(encode_image(g.input("wide", {4, 6, 7, 2}), config), ShapeError);
  CHECK_THROWS_AS(decode_image(g.input("codes", {4, 2, 3, 5}), config, 1), ShapeError);
  CHECK_THROWS_AS(decode_image(g.input("flat", {4, 24}), config, 1), ShapeError);
  config.kind = ConvolutionNetwork{.downsamplings = 0};
  CHECK_THROWS_AS(feature_shape(config), UsageError);
}

}  // namespace
}  // namespace abax

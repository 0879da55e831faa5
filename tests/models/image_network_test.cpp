// Networks of images: shapes, gradients, what is refused.
#include "models/image_network.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "tests/models/check_gradients.h"
#include "tests/models/run_model.h"

namespace abax {
namespace {

ModelConfig dense() {
  return {.image_height = 3, .image_width = 2, .image_channels = 2, .hidden = {7, 5}};
}

TEST_CASE("image networks: an encoder's features, a decoder's pixels, their parameters") {
  Variables store(1);
  Graph g(store, Mode::train);
  const Value images = g.input("images", {4, 3, 2, 2});
  const Value features = encode_image(images, dense());
  CHECK(features.shape() == Shape{4, 5});
  CHECK(feature_shape(dense()) == Shape{5});
  CHECK(decode_image(features, dense(), 2).shape() == Shape{4, 3, 2, 4});
  CHECK(store.at("encoder/dense0/weight").value.shape() == Shape{12, 7});
  CHECK(store.at("decoder/dense0/weight").value.shape() == Shape{5, 5});
  CHECK(store.at("decoder/output/weight").value.shape() == Shape{7, 24});
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

TEST_CASE("image networks: other images and networks are refused") {
  Variables store(1);
  Graph g(store, Mode::train);
  ModelConfig config = dense();
  CHECK_THROWS_AS(encode_image(g.input("images", {4, 2, 3, 2}), config), ShapeError);
  config.hidden.clear();
  CHECK_THROWS_AS(feature_shape(config), UsageError);
  config = dense();
  config.network = "deep";
  CHECK_THROWS_AS(feature_shape(config), UsageError);
}

}  // namespace
}  // namespace abax

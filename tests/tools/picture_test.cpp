// Grids of images: where each pixel goes, and the file that is written.
#include "tools/images/picture.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "tests/io/temporary_folder.h"

namespace abax {
namespace {

int at(const data::Images& picture, std::int64_t y, std::int64_t x, std::int64_t c = 0) {
  return picture.pixels[static_cast<std::size_t>((y * picture.width + x) * picture.channels + c)];
}

}  // namespace

TEST_CASE("picture: images stand row by row with gaps, enlarged, cut off at 0 and 1") {
  Tensor images({3, 28, 14, 1});
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::int64_t pixel = 0; pixel < 28 * 14; ++pixel)
      images.as<float>()[static_cast<std::size_t>(i * 28 * 14 + pixel)] = i == 0   ? -1.f
                                                                          : i == 1 ? 2.f
                                                                                   : 0.2f;
  images.as<float>()[15] = 0.6f;                       // image 0, row 1, column 1
  const data::Images picture = image_grid(images, 2);  // enlarged twice
  CHECK(picture.height == 2 * 56 + 2);
  CHECK(picture.width == 2 * 28 + 2);
  CHECK(picture.channels == 1);
  CHECK(at(picture, 0, 0) == 0);
  CHECK(at(picture, 2, 2) == 153);
  CHECK(at(picture, 3, 3) == 153);
  CHECK(at(picture, 4, 3) == 0);
  CHECK(at(picture, 10, 28) == 128);  // the gap
  CHECK(at(picture, 10, 30) == 255);
  CHECK(at(picture, 57, 3) == 128);
  CHECK(at(picture, 58, 3) == 51);
  CHECK(at(picture, 58, 31) == 128);  // no fourth image
  CHECK(image_grid(images, 9).width == 3 * 28 + 4);
  CHECK_THROWS_AS(image_grid(images, 0), UsageError);
  CHECK_THROWS_AS(image_grid(Tensor({3, 28, 14}), 1), ShapeError);
  CHECK_THROWS_AS(image_grid(Tensor({0, 28, 14, 1}), 1), UsageError);
}

TEST_CASE("picture: colours stay, of two channels the first is shown, files read back") {
  const TemporaryFolder folder;
  Tensor colour({1, 60, 50, 3});
  colour.as<float>()[1] = 1;
  write_picture(folder / "a.png", image_grid(colour, 1));
  const data::Images back = data::read_images({(folder / "a.png").string()});
  CHECK(back.channels == 3);
  CHECK(back.height == 60);
  CHECK(at(back, 0, 0, 0) == 0);
  CHECK(at(back, 0, 0, 1) == 255);
  Tensor two({1, 60, 1, 2});
  two.as<float>()[1] = 1;
  two.as<float>()[2] = 1;
  const data::Images first = image_grid(two, 1);
  CHECK(first.channels == 1);
  CHECK(at(first, 0, 0) == 0);
  CHECK(at(first, 1, 0) == 255);
  CHECK_THROWS_AS(write_picture(folder / "no" / "a.png", first), DiskError);
}

TEST_CASE("picture: two lists of images alternate") {
  const Tensor a = Tensor::of<float>({2, 2}, {1, 2, 3, 4}),
               b = Tensor::of<float>({2, 2}, {5, 6, 7, 8});
  const Tensor both = alternating(a, b);
  CHECK(both.shape() == Shape{4, 2});
  CHECK(std::ranges::equal(both.as<float>(), std::vector<float>{1, 2, 5, 6, 3, 4, 7, 8}));
  CHECK_THROWS_AS(alternating(a, Tensor({2, 3})), ShapeError);
}

}  // namespace abax

// Reading images: IDX, CIFAR-10, PNG and folders of it, told by content; and what is refused,
// where.
#include "models/data/images/images.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/data/images/png.h"
#include "tests/io/temporary_folder.h"

namespace abax::data {
namespace {

using doctest::Contains;
using Bytes = std::vector<std::uint8_t>;

/// Images of pixels 0, 1, 2, .. .
Images counting(std::int64_t count, std::int64_t height, std::int64_t width,
                std::int64_t channels) {
  Images images{.height = height, .width = width, .channels = channels};
  for (std::int64_t i = 0; i < count * height * width * channels; ++i)
    images.pixels.push_back(static_cast<std::uint8_t>(i * 7));
  return images;
}

/// IDX as its definition says, byte by byte.
std::string idx(std::vector<int> sizes, const std::string& data) {
  std::string file{"\0\0\x08", 3};
  file += static_cast<char>(sizes.size());
  for (const int size : sizes) {
    file += std::string(2, '\0');
    file += static_cast<char>(size >> 8);
    file += static_cast<char>(size & 0xFF);
  }
  return file + data;
}

/// A record of CIFAR-10 with planes of one value each.
std::string record(char label, char red, char green, char blue) {
  return label + std::string(1024, red) + std::string(1024, green) + std::string(1024, blue);
}

struct Files {
  TemporaryFolder folder;
  std::string write(const std::string& name, const std::string& contents) const {
    write_plainly(folder / name, contents);
    return (folder / name).string();
  }
};

}  // namespace

TEST_CASE("images: IDX with labels beside it, plain and compressed") {
  const Files files;
  const std::string pixels = files.write("a", idx({3, 2, 1}, "abcdef"));
  const std::string labels = (files.folder / "l.gz").string();
  const std::string contents = idx({3}, std::string("\7\0\2", 3));
  const gzFile out = gzopen(labels.c_str(), "wb");
  gzwrite(out, contents.data(), static_cast<unsigned>(contents.size()));
  gzclose(out);

  const Images images = read_images({pixels, labels});
  CHECK(images.height == 2);
  CHECK(images.width == 1);
  CHECK(images.channels == 1);
  CHECK(images.size() == 3);
  CHECK(images.pixels == Bytes{'a', 'b', 'c', 'd', 'e', 'f'});
  CHECK(images.labels == std::vector<std::int32_t>{7, 0, 2});
  CHECK(images.classes() == 8);
  const Images two = select(images, std::vector<std::size_t>{2, 0});
  CHECK(two.pixels == Bytes{'e', 'f', 'a', 'b'});
  CHECK(two.labels == std::vector<std::int32_t>{2, 7});
  CHECK(read_images({pixels}).labels.empty());
  CHECK(read_images({pixels, labels, pixels, labels}).size() == 6);
  const std::string many = files.write("many", idx({300, 1, 2}, std::string(600, 'x')));
  CHECK(read_images({many}).size() == 300);

  CHECK_THROWS_WITH_AS(read_images({pixels, labels, pixels}), Contains("labels"), DataError);
  const std::string few = files.write("few", idx({2}, "\1\1"));
  CHECK_THROWS_WITH_AS(read_images({pixels, few}), Contains("2 labels"), DataError);
  CHECK_THROWS_WITH_AS(read_images({pixels, few}), Contains("3 images"), DataError);
  CHECK_THROWS_AS(read_images({labels}), DataError);
  const std::string wide = files.write("wide", idx({1, 1, 2}, "ab"));
  CHECK_THROWS_WITH_AS(read_images({pixels, wide}), Contains("1 x 2 x 1"), DataError);
}

TEST_CASE("images: what is written as IDX reads back") {
  const TemporaryFolder folder;
  for (const std::int64_t channels : {1, 3, 2}) {
    const Images images = counting(4, 3, 5, channels);
    write_idx(folder / "x", images);
    const Images back = read_images({(folder / "x").string()});
    CHECK(back.pixels == images.pixels);
    CHECK(back.height == 3);
    CHECK(back.width == 5);
    CHECK(back.channels == channels);
  }
}

TEST_CASE("images: a damaged IDX file is refused with name, offset and reason") {
  const Files files;
  const auto refuse = [&](const std::string& contents, const std::string& offset) {
    const std::string path = files.write("bad", contents);
    CHECK_THROWS_WITH_AS(read_images({path}), Contains(path.c_str()), DataError);
    CHECK_THROWS_WITH_AS(read_images({path}), Contains(("at byte " + offset).c_str()), DataError);
  };
  refuse(idx({3, 2, 1}, "abcde"), "21: it ends");
  refuse(idx({3, 2, 1}, "abcdefg"), "22: 1 bytes more");
  refuse(idx({3, 2, 1}, "").substr(0, 9), "9: it ends in its header");
  refuse(idx({3, 0, 1}, ""), "8: images of no pixels");
  refuse(std::string("\0\0\x08\4", 4) + std::string(16, '\xFF'), "20: it ends");  // no overflow
  refuse("", "0: the file is empty");
}

TEST_CASE("images: planes of CIFAR-10 become pixels") {
  const Files files;
  const std::string path = files.write("c", record(9, 10, 20, 30) + record(0, 1, 2, 3));
  const Images images = read_images({path, path});
  CHECK(images.size() == 4);
  CHECK(images.height == 32);
  CHECK(images.channels == 3);
  CHECK(images.labels == std::vector<std::int32_t>{9, 0, 9, 0});
  CHECK(images.names.at(9) == "truck");
  CHECK(images.pixels[0] == 10);
  CHECK(images.pixels[1] == 20);
  CHECK(images.pixels[2] == 30);
  CHECK(images.image(1)[3 * 1023 + 2] == 3);

  const std::string cut = files.write("cut", record(9, 10, 20, 30) + record(0, 1, 2, 3).substr(1));
  CHECK_THROWS_WITH_AS(read_images({cut}), Contains("byte 3073: a record begins"), DataError);
  const std::string label = files.write("label", record(9, 1, 2, 3) + record(10, 1, 2, 3));
  CHECK_THROWS_WITH_AS(read_images({label}), Contains("byte 3073: the label 10"), DataError);
  CHECK_THROWS_WITH_AS(read_images({files.write("t", "some text")}), Contains("nor is it IDX"),
                       DataError);
  // Looks like the header of an IDX file at first.
  std::string dark = record(0, 0, 0, 0);
  dark[2] = 8, dark[3] = 3;
  CHECK(read_images({files.write("dark", dark)}).channels == 3);
}

TEST_CASE("images: folders of PNG, classes by their folders") {
  const Files files;
  for (const std::int64_t channels : {1, 3}) {
    const Images images = counting(3, 4, 6, channels);
    const TemporaryFolder folder;
    for (std::size_t i = 0; i < 3; ++i)
      write_plainly(folder / str_cat("im", 2 - i), png_of(images, i));
    const Images back = read_images({folder.path().string()});  // in order of the names
    CHECK(back.channels == channels);
    CHECK(back.pixels == select(images, std::vector<std::size_t>{2, 1, 0}).pixels);
    CHECK(back.labels.empty());
  }
  const Images images = counting(3, 2, 2, 1);
  for (const char* name : {"b", "a"}) std::filesystem::create_directory(files.folder / name);
  files.write("b/x.png", png_of(images, 0));
  files.write("a/x.png", png_of(images, 1));
  files.write("a/y.png", png_of(images, 2));
  files.write(".hidden", "x");
  const Images back = read_images({files.folder.path().string()});
  CHECK(back.labels == std::vector<std::int32_t>{0, 0, 1});
  CHECK(back.names == std::vector<std::string>{"a", "b"});
  CHECK(back.pixels == select(images, std::vector<std::size_t>{1, 2, 0}).pixels);
  files.write("a/z.txt", "text");
  CHECK_THROWS_WITH_AS(read_images({files.folder.path().string()}), Contains("z.txt"), DataError);
  CHECK_THROWS_AS(read_images({files.write("absent-not", "x") + "x"}), DataError);
}

TEST_CASE("images: a damaged PNG file is refused with name, offset and reason") {
  const Files files;
  const std::string whole = png_of(counting(1, 9, 9, 1));
  CHECK(read_images({files.write("ok", whole)}).size() == 1);
  for (const std::size_t size : {std::size_t{9}, std::size_t{30}, whole.size() - 1}) {
    const std::string path = files.write("cut", whole.substr(0, size));
    CHECK_THROWS_WITH_AS(read_images({path}), Contains(path.c_str()), DataError);
    CHECK_THROWS_WITH_AS(read_images({path}), Contains(str_cat("at byte ", size).c_str()),
                         DataError);
  }
  const std::size_t data = whole.find("IDAT") - 4;
  std::string damaged = whole;
  damaged[data + 12] ^= 1;
  CHECK_THROWS_WITH_AS(read_images({files.write("damaged", damaged)}),
                       Contains(str_cat("at byte ", data, ": a chunk").c_str()), DataError);
  CHECK_THROWS_AS(png_of(counting(1, 2, 2, 2)), UsageError);
}

TEST_CASE("PNG: small files that promise many pixels are refused before they are made") {
  Images blank{.height = 1500, .width = 1500, .channels = 1};
  blank.pixels.resize(blank.image_bytes());
  const std::string whole = png_of(blank);  // as few bytes as pixels can take
  CHECK(whole.size() < 10'000);
  CHECK(read_png(whole, "x").pixels == blank.pixels);
  std::string lying = png_of(counting(1, 9, 9, 1));
  for (const std::size_t size : {16, 20}) lying.replace(size, 4, std::string("\0\1\0\0", 4));
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(lying.data() + 12), 17);
  for (std::size_t i = 0; i < 4; ++i) lying[29 + i] = static_cast<char>(sum >> (24 - 8 * i));
  CHECK_THROWS_WITH_AS(read_png(lying, "x"), Contains("promises 65536 x 65536 pixels, more than"),
                       DataError);
  setenv("ABAX_MOST_MIB", "2", 1);
  CHECK_THROWS_WITH_AS(read_png(whole, "x"), Contains("more than 2 MiB"), DataError);
  unsetenv("ABAX_MOST_MIB");
}

TEST_CASE("images: gzip that is damaged says where") {
  const Files files;
  const std::string path = (files.folder / "x.gz").string();
  const std::string contents = idx({9, 9, 9}, std::string(729, 'x'));
  const gzFile out = gzopen(path.c_str(), "wb");
  gzwrite(out, contents.data(), static_cast<unsigned>(contents.size()));
  gzclose(out);
  const std::string bytes = read_file(path);
  const std::string cut = files.write("cut.gz", bytes.substr(0, bytes.size() - 5));
  CHECK_THROWS_WITH_AS(read_images({cut}), Contains(str_cat("at byte ", bytes.size() - 5).c_str()),
                       DataError);
}

TEST_CASE("images: binarised by their values, the same for the same seed and position") {
  Images images{.height = 50, .width = 60, .channels = 1};
  for (const int value : {0, 255, 64})
    images.pixels.insert(images.pixels.end(), 3000, static_cast<std::uint8_t>(value));
  const Images once = binarised(images, 1);
  CHECK(std::ranges::all_of(once.pixels, [](int pixel) { return pixel == 0 || pixel == 255; }));
  CHECK(std::ranges::count(once.image(0), 255) == 0);
  CHECK(std::ranges::count(once.image(1), 255) == 3000);
  const auto bright = static_cast<double>(std::ranges::count(once.image(2), 255));
  CHECK(std::abs(bright - 3000 * 64 / 255.0) < 4 * std::sqrt(3000 * 0.25));
  CHECK(binarised(images, 1).pixels == once.pixels);
  CHECK(binarised(images, 2).pixels != once.pixels);
  const PixelMoments moments = pixel_moments(images);
  const double mean = (1 + 64 / 255.0) / 3;
  CHECK(moments.mean == doctest::Approx(mean));
  CHECK(moments.variance == doctest::Approx((1 + 64 / 255.0 * 64 / 255.0) / 3 - mean * mean));
}

}  // namespace abax::data

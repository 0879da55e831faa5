// Codes in files: both formats read back, and what is refused, with the place.
#include "models/data/codes/code_file.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/io/file.h"
#include "models/data/codes/npy.h"
#include "tests/io/temporary_folder.h"

namespace abax {
namespace {

using doctest::Contains;

CodeFile whole_codes() {
  return {.model = "vqvae",
          .hash = "0123456789abcdef",
          .shape = {.positions = 3, .kinds = 512},
          .codes = Tensor::of<std::int32_t>({2, 3}, {1, 511, 0, 7, 8, 9}),
          .labels = {4, -1}};
}

CodeFile real_codes() {
  return {.model = "gaussian_vae",
          .hash = "f123456789abcdef",
          .shape = {.positions = 2, .kinds = 0},
          .codes = Tensor::of<float>({3, 2}, {0.1f, -2.5e-7f, 3, 1.f / 3, 1e20f, -0.f})};
}

/// The header as numpy.save writes it, byte by byte.
std::string npy(const std::string& dictionary, const std::string& data) {
  std::string header = dictionary;
  header.append(64 - (10 + header.size()) % 64, ' ');
  header.back() = '\n';
  return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' + header + data;
}

}  // namespace

TEST_CASE("codes: both formats read back to the bit") {
  const TemporaryFolder folder;
  for (const char* name : {"c.npy", "c.jsonl"}) {
    write_codes(folder / name, whole_codes());
    const CodeFile back = read_codes(folder / name);
    CHECK(back.model == "vqvae");
    CHECK(back.hash == "0123456789abcdef");
    CHECK(back.shape.positions == 3);
    CHECK(back.shape.kinds == 512);
    const CodeFile whole = whole_codes(), reals = real_codes();
    CHECK(std::ranges::equal(back.codes.as<std::int32_t>(), whole.codes.as<std::int32_t>()));
    write_codes(folder / name, real_codes());
    const CodeFile real = read_codes(folder / name);
    CHECK(real.codes.shape() == Shape{3, 2});
    CHECK(std::ranges::equal(real.codes.as<float>(), reals.codes.as<float>()));
  }
  write_codes(folder / "l.jsonl", whole_codes());
  CHECK(read_codes(folder / "l.jsonl").labels == std::vector<std::int32_t>{4, -1});
  CHECK(read_file(folder / "l.jsonl") ==
        "{\"abax\":\"codes\",\"model\":\"vqvae\",\"hash\":\"0123456789abcdef\",\"positions\":3,"
        "\"kinds\":512}\n{\"codes\":[1,511,0],\"label\":4}\n{\"codes\":[7,8,9]}\n");
  CHECK_THROWS_AS(write_codes(folder / "c.txt", whole_codes()), UsageError);
  rename_path(folder / "l.jsonl", folder / "l.txt");  // known by its bytes
  CHECK(read_codes(folder / "l.txt").labels == std::vector<std::int32_t>{4, -1});
}

TEST_CASE("codes: damaged JSON lines are refused with the line") {
  const TemporaryFolder folder;
  const std::string header =
      "{\"abax\":\"codes\",\"model\":\"m\",\"hash\":\"h\",\"positions\":2,\"kinds\":4}\n";
  const auto refuse = [&](const std::string& content, const char* words) {
    write_plainly(folder / "c.jsonl", content);
    CHECK_THROWS_WITH_AS(read_codes(folder / "c.jsonl"), Contains(words), DataError);
    CHECK_THROWS_WITH_AS(read_codes(folder / "c.jsonl"), Contains("c.jsonl"), DataError);
  };
  refuse("", "line 1");
  refuse("{\"abax\":\"tokens\"}\n", "no codes");
  refuse(header + "{\"codes\":[1,2]}\n{\"codes\":[1,2,3]}\n", "line 3: expected 2 codes, found 3");
  refuse(header + "{\"codes\":[1,4]}\n", "line 2: the code 4");
  refuse(header + "{\"codes\":[1,1.5]}\n", "line 2");
  refuse(header + "{\"codes\":[1,", "line 2");
}

TEST_CASE("NPY: files of NumPy are read, and all else is refused with the offset") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.npy";
  const std::string dictionary = "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }";
  const std::string data("\1\0\0\0\xFF\xFF\xFF\xFF", 8);
  write_plainly(path, npy(dictionary, data));
  const NpyFile file = read_npy(read_file(path), "f.npy");
  CHECK(file.comment.empty());
  CHECK(file.tensor.shape() == Shape{1, 2});
  CHECK(std::ranges::equal(file.tensor.as<std::int32_t>(), std::vector<std::int32_t>{1, -1}));
  CHECK_THROWS_WITH_AS(read_codes(path), Contains("abax-encode"), DataError);
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 0, 3}}) {
    write_npy(folder / "b.npy", Tensor(shape, u8), "words");
    CHECK(read_npy(read_file(folder / "b.npy"), "f.npy").tensor.shape() == shape);
    CHECK(read_npy(read_file(folder / "b.npy"), "f.npy").comment == "words");
    CHECK(read_file(folder / "b.npy").size() % 64 == static_cast<std::size_t>(shape.size()) % 64);
  }
  const auto refuse = [&](const std::string& content, const char* words) {
    write_plainly(path, content);
    CHECK_THROWS_WITH_AS(read_npy(read_file(path), "f.npy"), Contains(words), DataError);
  };
  const std::string whole = npy(dictionary, data);
  refuse("", "byte 0");
  refuse("PK\3\4", "byte 0");
  refuse(whole.substr(0, 40), "byte 40: it ends in its header");
  refuse(whole.substr(0, whole.size() - 1), "7 bytes of data; its shape takes 8");
  refuse(whole + "x", "9 bytes of data; its shape takes 8");
  refuse(npy("{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }", data), ">i4");
  refuse(npy("{'descr': '<i4', 'fortran_order': True, 'shape': (2,), }", data), "order");
  refuse(npy("{'descr': '<i4', 'fortran_order': False, 'shape': (-2,), }", data), "no list");
  refuse(npy("{'descr': '<i4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", data),
         "it ends");
}

}  // namespace abax

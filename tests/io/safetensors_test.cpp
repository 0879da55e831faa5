// Safetensors: round trips, the bytes of the format, every malformed kind, and a small fuzz.
#include "core/io/safetensors.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "core/base/error.h"
#include "tests/io/temporary_folder.h"

namespace abax {
namespace {

using doctest::Contains;

std::string length_bytes(std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes;
}

/// A file with that header and `data` zero bytes behind it.
std::string file_of(const std::string& header, std::size_t data) {
  return length_bytes(header.size()) + header + std::string(data, '\0');
}

Tensor counted(Shape shape, DType dtype) {
  Tensor tensor(shape, dtype);
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    if (dtype == f32) tensor.as<float>()[k] = 0.5f * static_cast<float>(i) - 1;
    if (dtype == i32) tensor.as<std::int32_t>()[k] = static_cast<std::int32_t>(-i);
    if (dtype == u8) tensor.as<std::uint8_t>()[k] = static_cast<std::uint8_t>(i * 7);
  }
  return tensor;
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

}  // namespace

TEST_CASE("safetensors: round trip of all types, with sizes 0 and 1, scalars, odd names") {
  const TemporaryFolder folder;
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const DType dtype : {u8, f32, i32})
    for (const Shape& shape :
         {Shape{}, Shape{0}, Shape{1}, Shape{3, 0, 2}, Shape{5, 7}, Shape{1, 2, 1, 3, 1, 1, 2, 1}})
      tensors.emplace_back(str_cat("a \"quoted\"/", dtype, "/é ", shape), counted(shape, dtype));
  SafetensorsContents contents;
  for (const auto& [name, tensor] : tensors) contents.tensors.emplace_back(name, tensor.view());
  contents.metadata = {{"made by", "a test"}, {"", "λ\n"}};
  const FileSummary written = write_safetensors(folder / "f", contents);
  CHECK(written == FileReader(folder / "f").summary());

  const SafetensorsFile file(folder / "f");
  CHECK(file.metadata() == contents.metadata);
  CHECK(file.entries().size() == tensors.size());
  for (const auto& tensor : tensors) {
    CAPTURE(tensor.first);
    CHECK(same_bytes(file.read(tensor.first), tensor.second));
    CHECK(file.find(tensor.first)->offset % size_of(tensor.second.dtype()) == 0);
  }
}

TEST_CASE("safetensors: the bytes are those of the format") {
  const TemporaryFolder folder;
  const Tensor bytes = Tensor::of<std::uint8_t>({3}, {1, 2, 3});
  const Tensor x = Tensor::of<float>({1, 1}, {1.f});
  write_safetensors(folder / "f", {{{"b", bytes.view()}, {"x", x.view()}}, {{"k", "v"}}});
  std::string header = R"({"__metadata__":{"k":"v"},)"
                       R"("x":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
                       R"("b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  CHECK(read_file(folder / "f") ==
        length_bytes(header.size()) + header + std::string("\0\0\x80\x3f\1\2\3", 7));
  write_safetensors(folder / "empty", {});
  CHECK(read_file(folder / "empty") == length_bytes(8) + "{}      ");
  CHECK(SafetensorsFile(folder / "empty").entries().empty());
}

TEST_CASE("safetensors: other element types are converted where that is sound") {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& stored, const std::string& data, int count) {
    const std::string header = str_cat(R"({"t":{"dtype":")", stored, R"(","shape":[)", count,
                                       R"(],"data_offsets":[0,)", data.size(), "]}}");
    write_plainly(folder / "f", length_bytes(header.size()) + header + data);
    return SafetensorsFile(folder / "f").read("t");
  };
  const auto bytes_of = [](const auto& values) {
    return std::string(reinterpret_cast<const char*>(values.data()),
                       values.size() * sizeof values[0]);
  };
  const double inf = std::numeric_limits<double>::infinity();

  const Tensor doubles = read("F64", bytes_of(std::vector<double>{0.1, -2, inf}), 3);
  CHECK(doubles.as<float>()[0] == 0.1f);
  CHECK(doubles.as<float>()[1] == -2.f);
  CHECK(std::isinf(doubles.as<float>()[2]));

  // 1, -2, the largest, the least normal, the least subnormal, -0, infinity (IEEE 754 binary16).
  const Tensor halves =
      read("F16",
           bytes_of(std::vector<std::uint16_t>{0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000,
                                               0x7c00, 0x7e00, 0x3555}),
           9);
  const auto half = halves.as<float>();
  CHECK(half[0] == 1.f);
  CHECK(half[1] == -2.f);
  CHECK(half[2] == 65504.f);
  CHECK(half[3] == 0x1p-14f);
  CHECK(half[4] == 0x1p-24f);
  CHECK((half[5] == 0.f && std::signbit(half[5])));
  CHECK(std::isinf(half[6]));
  CHECK(std::isnan(half[7]));
  CHECK(half[8] == 0.333251953125f);

  const Tensor brains = read("BF16", bytes_of(std::vector<std::uint16_t>{0x3f80, 0xc049}), 2);
  CHECK(brains.as<float>()[0] == 1.f);
  CHECK(brains.as<float>()[1] == -3.140625f);

  const Tensor longs =
      read("I64", bytes_of(std::vector<std::int64_t>{-5, 2147483647, -2147483648ll}), 3);
  CHECK(longs.as<std::int32_t>()[0] == -5);
  CHECK(longs.as<std::int32_t>()[1] == 2147483647);
  CHECK(longs.as<std::int32_t>()[2] == std::numeric_limits<std::int32_t>::min());
  CHECK_THROWS_WITH_AS(read("I64", bytes_of(std::vector<std::int64_t>{2147483648ll}), 1),
                       Contains("an I64 value does not fit 32 bits"), CheckpointError);
  CHECK_THROWS_WITH_AS(read("BOOL", "\1", 1),
                       Contains("tensor 't': element type BOOL cannot be read"), CheckpointError);
  CHECK_THROWS_AS(read("U16", "\1\1", 1), CheckpointError);
}

TEST_CASE("safetensors: reading asks for a known name and the right type") {
  const TemporaryFolder folder;
  const Tensor x({2, 3});
  write_safetensors(folder / "f", {{{"weight", x.view()}}, {}});
  const SafetensorsFile file(folder / "f");
  CHECK_THROWS_WITH_AS(file.read("wieght"),
                       Contains("holds no tensor 'wieght'; did you mean 'weight'?"),
                       CheckpointError);
  Tensor other({3, 2});
  CHECK_THROWS_WITH_AS(file.read(*file.find("weight"), other),
                       Contains("'weight': expected f32[3, 2], found f32[2, 3]"), CheckpointError);
}

TEST_CASE("safetensors: what cannot be written") {
  const TemporaryFolder folder;
  const Tensor x({2});
  CHECK_THROWS_AS(write_safetensors(folder / "f", {{{"a", x.view()}, {"a", x.view()}}, {}}),
                  UsageError);
  CHECK_THROWS_AS(write_safetensors(folder / "f", {{{"__metadata__", x.view()}}, {}}), UsageError);
  CHECK_THROWS_AS(write_safetensors(folder / "f", {{{"\xff", x.view()}}, {}}), DataError);
  CHECK_THROWS_AS(write_safetensors(folder / "none/f", {{{"a", x.view()}}, {}}), DiskError);
  CHECK(folder.names().empty());
}

TEST_CASE("safetensors: malformed files are refused, each with its reason") {
  const std::string a = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const auto one = [](const std::string& dtype, const std::string& shape,
                      const std::string& offsets) {
    return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
           offsets + "}}";
  };
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
  };
  struct Malformed {
    std::string file;
    std::string reason;
  };
  const std::vector<Malformed> table = {
      {"", "0 bytes, fewer than the 8"},
      {"1234567", "7 bytes, fewer than the 8"},
      {length_bytes(0), "does not begin with '{'"},
      {length_bytes(100'000'001) + "{}", "at most 100000000"},
      {length_bytes(std::numeric_limits<std::uint64_t>::max()) + "{}", "at most 100000000"},
      {length_bytes(3) + "{}", "should end at byte 11, the file ends at 10"},
      {file_of(" {}", 0), "does not begin with '{'"},
      {file_of("[]", 0), "does not begin with '{'"},
      {file_of("{", 0), "invalid JSON"},
      {file_of("{}{}", 0), "invalid JSON"},
      {file_of(std::string("{}\0", 3), 0), "zero byte"},
      {file_of("{\"\xff\":1}", 0), "invalid JSON"},
      {file_of(R"({"a":1})", 0), "tensor 'a': expected an object, found 1"},
      {file_of(R"({"a":{}})", 0), R"(expected the key "dtype")"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2]}})", 8), R"(expected the key "data_offsets")"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", 8),
       "unknown key 'x'"},
      {file_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8),
       R"("dtype" occurs twice)"},
      {file_of(a.substr(0, a.size() - 1) + "," + a.substr(1), 8), R"("a" occurs twice)"},
      {file_of(one("F31", "[2]", "[0,8]"), 8), "unknown element type 'F31'"},
      {file_of(one("F32", "2", "[0,8]"), 8), "expected an array, found 2"},
      {file_of(one("F32", "[-2]", "[0,8]"), 8), "expected a whole number of at least 0, found -2"},
      {file_of(one("F32", "[2.0]", "[0,8]"), 8), "at least 0, found 2.0"},
      {file_of(one("F32", "[\"2\"]", "[0,8]"), 8), "at least 0, found \"2\""},
      {file_of(one("F32", "[2]", "[0]"), 8), "two numbers, found 1"},
      {file_of(one("F32", "[2]", "[0,8,8]"), 8), "two numbers, found 3"},
      {file_of(one("F32", "[2]", "[-8,0]"), 8), "found -8"},
      {file_of(one("F32", "[2]", "[8,0]"), 8), "ends at byte 0, before its start at 8"},
      {file_of(one("F32", "[3]", "[0,8]"), 8),
       "F32 of shape [3] takes 12 bytes, its offsets hold 8"},
      {file_of(one("F32", "[]", "[0,8]"), 8), "F32 of shape [] takes 4 bytes"},
      {file_of(one("F32", "[4294967296,4294967296]", "[0,0]"), 0), "is beyond 64 bits"},
      {file_of(one("F32", "[4611686018427387904]", "[0,0]"), 0), "is beyond 64 bits"},
      {file_of(one("F32", "[0,18446744073709551615]", "[0,0]"), 0), "a size is at least 0"},
      {file_of(one("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8), "at most 8 axes"},
      {file_of(one("F32", "[2]", "[8,16]"), 16), "start at byte 0 of the data, starts at 8 (hole)"},
      {file_of(two("[0,4]", "[5,9]"), 9), "tensor 'b': expected to start at byte 4"},
      {file_of(two("[0,4]", "[3,7]"), 7), "starts at 3 (overlap)"},
      {file_of(two("[0,4]", "[0,4]"), 8), "starts at 0 (overlap)"},
      {file_of(a, 7), "the tensors take 8 bytes, the file holds 7"},
      {file_of(a, 9), "the tensors take 8 bytes, the file holds 9"},
      {file_of("{}", 1), "the tensors take 0 bytes, the file holds 1"},
      {file_of(R"({"__metadata__":[]})", 0), "__metadata__: expected an object"},
      {file_of(R"({"__metadata__":{"a":1}})", 0), "__metadata__: expected a string, found 1"},
      {file_of(R"({"__metadata__":{"a":"1","a":"1"}})", 0), R"("a" occurs twice)"},
  };
  const TemporaryFolder folder;
  for (const Malformed& malformed : table) {
    CAPTURE(malformed.reason);
    write_plainly(folder / "f", malformed.file);
    CHECK_THROWS_WITH_AS(SafetensorsFile(folder / "f"), Contains(malformed.reason.c_str()),
                         CheckpointError);
    CHECK_THROWS_WITH_AS(SafetensorsFile(folder / "f"), Contains((folder / "f").c_str()),
                         CheckpointError);
  }
  CHECK_THROWS_AS(SafetensorsFile(folder / "none"), CheckpointError);
  CHECK_THROWS_AS(SafetensorsFile(folder.path()), CheckpointError);

  write_plainly(folder / "f", file_of(a, 8));  // the table's base is well-formed
  CHECK(SafetensorsFile(folder / "f").read("a").shape() == Shape{2});
}

TEST_CASE("safetensors: damaged files are read or refused, never anything else") {
  const TemporaryFolder folder;
  const Tensor x = counted({3, 5}, f32);
  const Tensor ids = counted({7}, i32);
  const Tensor nothing({0, 4});
  write_safetensors(folder / "f", {{{"x", x.view()}, {"ids", ids.view()}, {"0", nothing.view()}},
                                   {{"key", "value"}}});
  const std::string whole = read_file(folder / "f");
  const auto try_reading = [&](const std::string& bytes) {
    write_plainly(folder / "damaged", bytes);
    try {
      const SafetensorsFile file(folder / "damaged");
      for (const SafetensorsEntry& entry : file.entries())
        if (entry.readable) file.read(entry.name);
      return true;
    } catch (const CheckpointError&) {
      return false;
    }
  };
  REQUIRE(try_reading(whole));
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK_FALSE(try_reading(whole.substr(0, length)));

  std::mt19937 random(1);
  const std::size_t header = whole.size() - x.bytes() - ids.bytes();
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = whole;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips)
      damaged[random() % header] ^= static_cast<char>(1u << random() % 8);
    if (!try_reading(damaged)) ++refused;
  }
  CHECK(refused > 1500);
}

}  // namespace abax

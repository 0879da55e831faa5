// Text files: plain and compressed, invalid bytes, splits.
#include "models/data/text/text.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <type_traits>
#include <utility>

#include "core/base/error.h"
#include "models/data/text/tokenizer.h"
#include "models/data/text/utf8.h"
#include "tests/io/temporary_folder.h"

namespace abax::data {
namespace {

using doctest::Contains;

void append_gzip(const std::filesystem::path& path, const std::string& contents) {
  const gzFile file = gzopen(path.c_str(), "ab");
  gzwrite(file, contents.data(), static_cast<unsigned>(contents.size()));
  gzclose(file);
}

}  // namespace

TEST_CASE("text: read as it is, in any language, without a byte order mark") {
  const TemporaryFolder folder;
  for (const std::string& contents :
       {std::string(), std::string("床前明月光\r\nпривет é😀\n"), std::string("a\0b", 3)}) {
    write_plainly(folder / "t", contents);
    CHECK(read_text(folder / "t") == contents);
    write_plainly(folder / "t", "\xEF\xBB\xBF" + contents);
    CHECK(read_text(folder / "t") == contents);
  }
}

TEST_CASE("text: invalid bytes are reported with file and offset") {
  const TemporaryFolder folder;
  write_plainly(folder / "t", "\xEF\xBB\xBFpr\xE9t");  // the offset is that in the file
  CHECK_THROWS_WITH_AS(
      read_text(folder / "t"),
      Contains((folder / "t").string().append("' is not UTF-8: byte 5 (0xe9)").c_str()), DataError);
  CHECK_THROWS_WITH_AS(read_text(folder / "none"), Contains("No such file"), DataError);
  CHECK_THROWS_WITH_AS(read_text(folder.path()), Contains("it is a folder"), DataError);
}

TEST_CASE("text: gzip, of several members, large, damaged, cut off") {
  const TemporaryFolder folder;
  std::string large;
  for (int i = 0; i < 60'000; ++i) large += "line " + std::to_string(i) + "\n";
  append_gzip(folder / "t", "é one\n");
  append_gzip(folder / "t", large);
  append_gzip(folder / "t", "");
  CHECK(read_text(folder / "t") == "é one\n" + large);

  std::string compressed;
  {
    const TemporaryFolder other;
    append_gzip(other / "t", "abcabcabc\n");
    std::filesystem::copy_file(other / "t", folder / "small");
  }
  CHECK(read_text(folder / "small") == "abcabcabc\n");
  std::filesystem::resize_file(folder / "small", std::filesystem::file_size(folder / "small") - 1);
  CHECK_THROWS_WITH_AS(read_text(folder / "small"), Contains("damaged or ends early"), DataError);
  std::filesystem::resize_file(folder / "small", 2);
  CHECK_THROWS_AS(read_text(folder / "small"), DataError);
  append_gzip(folder / "bad", "ab\xff");
  CHECK_THROWS_WITH_AS(read_text(folder / "bad"), Contains("byte 2 (0xff) of the decompressed"),
                       DataError);
}

TEST_CASE("text: a split keeps all of the text, cuts at lines, else at characters") {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "line " + std::to_string(i) + "\n";
  const std::string line_of_chinese = [] {
    std::string s;
    for (int i = 0; i < 1001; ++i) s += "漢";
    return s;
  }();
  for (const std::string& all : {lines, line_of_chinese, std::string(), std::string("a")})
    for (const auto& [valid, test] : {std::pair(0.1, 0.1), {0.0, 0.0}, {0.05, 0.0}, {0.0, 0.3}}) {
      const TextSplit split = split_text(all, valid, test);
      CHECK(std::string(split.train) + std::string(split.valid) + std::string(split.test) == all);
      CHECK(find_invalid_utf8(split.train) == std::string::npos);
      CHECK(find_invalid_utf8(split.valid) == std::string::npos);
      if (all.size() < 100) continue;
      const auto size = static_cast<double>(all.size());
      CHECK(static_cast<double>(split.valid.size()) == doctest::Approx(valid * size).epsilon(0.02));
      CHECK(static_cast<double>(split.test.size()) == doctest::Approx(test * size).epsilon(0.02));
      if (all == lines) CHECK(split.train.back() == '\n');
      if (all == lines && valid > 0) CHECK(split.valid.starts_with("line "));
    }
  CHECK(split_text("aa\nbb\n", 0.5, 0).train ==
        "aa\n");  // a cut right at a line's start stays there
  CHECK_THROWS_AS(split_text("a", -0.1, 0), UsageError);
  CHECK_THROWS_AS(split_text("a", 0.5, 0.5), UsageError);
}

template <class Text>
concept has_lines = requires(Text&& text) {
  lines_of(std::forward<Text>(text));
};
template <class Text>
concept can_be_split = requires(Text&& text) {
  split_text(std::forward<Text>(text), 0.1, 0.1);
};

TEST_CASE("text: views are of a text that stays, never of a string that ends with the statement") {
  CHECK((has_lines<std::string&> && has_lines<const std::string&> && has_lines<std::string_view>));
  CHECK((has_lines<const char*> && can_be_split<std::string&> && can_be_split<std::string_view>));
  CHECK_FALSE((has_lines<std::string> || can_be_split<std::string>));
  CHECK(std::is_constructible_v<TokenDecoder, const Tokenizer&>);
  CHECK_FALSE(std::is_constructible_v<TokenDecoder, Tokenizer>);
}

}  // namespace abax::data

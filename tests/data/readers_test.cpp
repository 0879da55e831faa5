// Parallel and labelled text: what is read, what is refused, and how items are split.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/item_split.h"
#include "models/data/text/labelled_text.h"
#include "models/data/text/parallel_text.h"
#include "models/data/text/text.h"
#include "tests/io/temporary_folder.h"

namespace abax::data {
namespace {

using doctest::Contains;
using Strings = std::vector<std::string>;

void write_gzip(const std::filesystem::path& path, const std::string& contents) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, contents.data(), static_cast<unsigned>(contents.size()));
  gzclose(file);
}

}  // namespace

TEST_CASE("lines: ends of Unix and Windows, the last line with or without one") {
  using Views = std::vector<std::string_view>;
  CHECK(lines_of("").empty());
  CHECK(lines_of("\n") == Views{""});
  CHECK(lines_of("a") == Views{"a"});
  CHECK(lines_of("a\r\n\nb\rc\n d ") == Views{"a", "", "b\rc", " d "});
  CHECK(lines_of("a\u0085b\u2028c\n").size() == 1);  // no ends of lines, though Python's splitlines
}

TEST_CASE("parallel text: line by line, also compressed, empty lines kept") {
  const TemporaryFolder folder;
  write_plainly(folder / "a.en", "one\n\nthree\n");
  write_gzip(folder / "a.de.gz", "eins\r\nzwei\r\ndrei");
  const ParallelText text = read_parallel_text(folder / "a.en", folder / "a.de.gz");
  CHECK(text.source == Strings{"one", "", "three"});
  CHECK(text.target == Strings{"eins", "zwei", "drei"});
  CHECK(text.lines == std::vector<std::int64_t>{1, 2, 3});
  const ParallelText two = select(text, std::vector<std::size_t>{2, 0});
  CHECK(two.source == Strings{"three", "one"});
  CHECK(two.target == Strings{"drei", "eins"});
  CHECK(two.lines == std::vector<std::int64_t>{3, 1});
  CHECK(two.target_name == (folder / "a.de.gz").string());
}

TEST_CASE("text: from a pipe, compressed or not; a bomb is refused") {
  const TemporaryFolder folder;
  write_plainly(folder / "plain", "one\ntwo\n");
  write_gzip(folder / "zipped", "one\ntwo\n");
  for (const char* name : {"plain", "zipped"}) {
    const std::filesystem::path pipe = folder / (std::string(name) + ".pipe");
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    std::thread writer([&] { std::ofstream(pipe) << std::ifstream(folder / name).rdbuf(); });
    CHECK(read_text(pipe) == "one\ntwo\n");
    writer.join();
  }
  write_gzip(folder / "bomb", std::string(3 << 20, 'x'));
  setenv("ABAX_MOST_MIB", "2", 1);
  CHECK_THROWS_WITH_AS(
      read_text(folder / "bomb"),
      Contains("bomb, decompressed': it holds more than 2 MiB, which is taken for a mistake; "
               "ABAX_MOST_MIB=N in the environment"),
      DataError);
  unsetenv("ABAX_MOST_MIB");
  CHECK(read_text(folder / "bomb").size() == 3 << 20);
}

TEST_CASE("parallel text: unequal and empty files are refused with both counts") {
  const TemporaryFolder folder;
  write_plainly(folder / "a", "one\ntwo\nthree\n");
  write_plainly(folder / "b", "eins\nzwei");
  write_plainly(folder / "none", "");
  const std::string both = abax::str_cat("'", (folder / "a").string(), "' has 3 lines and '",
                                         (folder / "b").string(), "' has 2");
  CHECK_THROWS_WITH_AS(read_parallel_text(folder / "a", folder / "b"), Contains(both.c_str()),
                       DataError);
  CHECK_THROWS_WITH_AS(read_parallel_text(folder / "none", folder / "none"),
                       Contains("hold no lines"), DataError);
  CHECK_THROWS_AS(read_parallel_text(folder / "a", folder / "missing"), DataError);
}

TEST_CASE("labelled text: a file a class, its name and position the label") {
  const TemporaryFolder folder;
  write_plainly(folder / "reviews.bad.txt", "dull .\n\n \t\nfar too long");
  write_gzip(folder / "good.txt.gz", "\nfine\n");
  const LabelledText text =
      read_labelled_text({folder / "reviews.bad.txt", folder / "good.txt.gz"});
  CHECK(text.classes == Strings{"reviews.bad", "good"});
  CHECK(text.sentences == Strings{"dull .", "far too long", "fine"});
  CHECK(text.labels == std::vector<std::int32_t>{0, 0, 1});
  CHECK(text.lines == std::vector<std::int64_t>{1, 4, 2});
  const LabelledText last = select(text, std::vector<std::size_t>{2});
  CHECK(last.sentences == Strings{"fine"});
  CHECK(last.labels == std::vector<std::int32_t>{1});
  CHECK(last.lines == std::vector<std::int64_t>{2});
  CHECK(last.classes.size() == 2);

  write_plainly(folder / "empty", " \n\n");
  std::filesystem::create_directory(folder / "b");
  write_plainly(folder / "b/good.txt", "fine\n");
  CHECK_THROWS_WITH_AS(read_labelled_text({folder / "good.txt.gz", folder / "empty"}),
                       Contains("empty' holds no sentences"), DataError);
  CHECK_THROWS_WITH_AS(read_labelled_text({folder / "good.txt.gz", folder / "b/good.txt"}),
                       Contains("two classes are called 'good'"), DataError);
  CHECK_THROWS_AS(read_labelled_text({folder / "empty"}), UsageError);

  // Where no labels are needed, one file will do.
  const LabelledText one = read_sentences({folder / "reviews.bad.txt"});
  CHECK(one.sentences == Strings{"dull .", "far too long"});
  CHECK(one.labels == std::vector<std::int32_t>{0, 0});
  CHECK(one.lines == std::vector<std::int64_t>{1, 4});
  CHECK(one.classes == Strings{"reviews.bad"});
  CHECK(read_sentences({folder / "reviews.bad.txt", folder / "good.txt.gz"}).labels == text.labels);
  CHECK_THROWS_AS(read_sentences({folder / "empty"}), DataError);
  CHECK_THROWS_AS(read_sentences({}), UsageError);
}

TEST_CASE("item split: all items once, by fractions and by folds") {
  const auto all_of = [](const ItemSplit& split) {
    std::vector<std::size_t> all = split.train;
    all.insert(all.end(), split.valid.begin(), split.valid.end());
    all.insert(all.end(), split.test.begin(), split.test.end());
    std::ranges::sort(all);
    return all;
  };
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{103}}) {
    std::vector<std::size_t> expected(count);
    for (std::size_t i = 0; i < count; ++i) expected[i] = i;
    CHECK(all_of(split_items(count, 0.1, 0.2, 1)) == expected);
    CHECK(all_of(split_items(count, 0.7, 0.25, 1)) == expected);
    if (count < 3) continue;
    std::vector<std::size_t> tested, checked;
    for (std::int64_t fold = 0; fold < 3; ++fold) {
      const ItemSplit split = fold_items(count, fold, 3, 1);
      CHECK(all_of(split) == expected);
      CHECK(split.test.size() + 1 >= split.valid.size());
      tested.insert(tested.end(), split.test.begin(), split.test.end());
      checked.insert(checked.end(), split.valid.begin(), split.valid.end());
    }
    std::ranges::sort(tested);
    std::ranges::sort(checked);
    CHECK(tested == expected);
    CHECK(checked == expected);
  }
  CHECK(split_items(103, 0.1, 0.2, 1).valid.size() == 10);
  CHECK(split_items(103, 0.1, 0.2, 1).test.size() == 21);
  CHECK(split_items(103, 0.1, 0.2, 1).test == split_items(103, 0.1, 0.2, 1).test);
  CHECK(split_items(103, 0.1, 0.2, 1).test != split_items(103, 0.1, 0.2, 2).test);
  CHECK(fold_items(103, 1, 10, 1).test != fold_items(103, 1, 10, 2).test);
  CHECK_THROWS_AS(split_items(10, 0.5, 0.5, 1), UsageError);
  CHECK_THROWS_AS(fold_items(10, 0, 2, 1), UsageError);
  CHECK_THROWS_AS(fold_items(10, 0, 11, 1), UsageError);
  CHECK_THROWS_AS(fold_items(10, 3, 3, 1), UsageError);
  CHECK_THROWS_AS(fold_items(10, -1, 3, 1), UsageError);
}

}  // namespace abax::data

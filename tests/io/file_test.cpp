// Files: whole reads, atomic writes, what happens when the disk refuses.
#include "core/io/file.h"

#include <doctest/doctest.h>

#include <thread>

#include "core/base/error.h"
#include "tests/io/temporary_folder.h"

namespace abax {

namespace fs = std::filesystem;
using doctest::Contains;

TEST_CASE("file: reads what was written, empty files and zero bytes too") {
  const TemporaryFolder folder;
  for (const std::string& contents :
       {std::string(), std::string("a\0b\n", 4), std::string(3'000'001, 'x')}) {
    const FileSummary written = write_file_atomically(folder / "f", contents);
    CHECK(read_file(folder / "f") == contents);
    CHECK(written == summary_of(contents));
    CHECK(written == FileReader(folder / "f").summary());
    CHECK(written.bytes == contents.size());
    CHECK(folder.names() == std::vector<std::string>{"f"});
  }
}

TEST_CASE("file: XXH3 as published") {
  CHECK(summary_of("").hash == 0x2d06800538d394c2u);
  CHECK(summary_of("a").hash != summary_of("b").hash);
}

TEST_CASE("file: a write that is not committed leaves the old file alone") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "f", "old");
  {
    AtomicFile file(folder / "f");
    file.write("new");
    CHECK(folder.names().size() == 2);
    CHECK(read_file(folder / "f") == "old");
  }
  CHECK(read_file(folder / "f") == "old");
  CHECK(folder.names() == std::vector<std::string>{"f"});
}

TEST_CASE("file: threads that write one path leave one whole file") {
  const TemporaryFolder folder;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 2; ++k)
        write_file_atomically(folder / "f", std::string(10'000, static_cast<char>('a' + i)));
    });
  for (std::thread& thread : threads) thread.join();
  const std::string contents = read_file(folder / "f");
  CHECK(contents == std::string(10'000, contents.at(0)));
  CHECK(folder.names() == std::vector<std::string>{"f"});
}

TEST_CASE("file: errors name the path and the reason") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(read_file(folder / "none"), Contains("none': No such file or directory"),
                       DataError);
  CHECK_THROWS_WITH_AS(read_file(folder.path()), Contains("it is a folder"), DataError);
  CHECK_THROWS_WITH_AS(read_file("/dev/null"), Contains("not a regular file"), DataError);
  CHECK_THROWS_WITH_AS(write_file_atomically(folder / "none/f", "x"),
                       Contains("none/f': No such file or directory"), DiskError);
  CHECK_THROWS_WITH_AS(sync_folder(folder / "none"), Contains("none"), DiskError);
  CHECK_THROWS_AS(rename_path(folder / "none", folder / "f"), DiskError);
  fs::create_directory(folder / "taken");
  CHECK_THROWS_WITH_AS(write_file_atomically(folder / "taken", "x"), Contains("taken"), DiskError);
  CHECK(folder.names() == std::vector<std::string>{"taken"});
}

TEST_CASE("file: reading past the end is an error") {
  const TemporaryFolder folder;
  write_plainly(folder / "f", "12345");
  const FileReader file(folder / "f");
  std::byte bytes[4];
  CHECK_NOTHROW(file.read(1, bytes));
  CHECK_THROWS_WITH_AS(file.read(2, bytes), Contains("ends at byte 5, 1 bytes early"), DataError);
}

TEST_CASE("file: exchanging swaps two folders, or says that it cannot") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "a");
  fs::create_directory(folder / "b");
  write_plainly(folder / "a/x", "1");
  if (exchange_paths(folder / "a", folder / "b")) {
    CHECK(fs::exists(folder / "b/x"));
    CHECK(!fs::exists(folder / "a/x"));
  } else {
    CHECK(fs::exists(folder / "a/x"));
  }
  CHECK_THROWS_AS(exchange_paths(folder / "a", folder / "none"), DiskError);
}

}  // namespace abax

// Files: whole reads, atomic writes, what happens when the disk refuses.
#include "core/io/file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
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

TEST_CASE("input: pipes and devices are read to their end, up to a limit") {
  const TemporaryFolder folder;
  const std::string contents(200'001, 'x');
  write_plainly(folder / "f", contents);
  CHECK(read_input(folder / "f") == contents);
  CHECK(read_input("/dev/null").empty());
  CHECK_FALSE(read_input("/proc/self/stat").empty());  // which has a size of 0
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  std::thread writer([&] { std::ofstream(folder / "pipe") << contents; });
  CHECK(read_input(folder / "pipe") == contents);
  writer.join();
  CHECK_THROWS_WITH_AS(read_input(folder.path()), Contains("it is a folder"), DataError);
  CHECK_THROWS_WITH_AS(read_input("/dev/zero", 1 << 20), Contains("more than 1 MiB"), DataError);
  CHECK(read_input(folder / "f", contents.size()) == contents);
  CHECK_THROWS_WITH_AS(read_input(folder / "f", contents.size() - 1), Contains("it holds more"),
                       DataError);

  CHECK(most_input_bytes() == std::uint64_t{4} << 30);
  setenv("ABAX_MOST_MIB", "3", 1);
  CHECK(most_input_bytes() == 3 << 20);
  CHECK_THROWS_WITH_AS(read_input("/dev/zero"), Contains("ABAX_MOST_MIB=N"), DataError);
  for (const char* wrong : {"", "0", "-1", "4G", "99999999999999999999"}) {
    setenv("ABAX_MOST_MIB", wrong, 1);
    CHECK_THROWS_WITH_AS(most_input_bytes(), Contains("ABAX_MOST_MIB"), UsageError);
  }
  unsetenv("ABAX_MOST_MIB");
}

TEST_CASE("input: - is standard input, once") {
  const TemporaryFolder folder;
  write_plainly(folder / "f", "lines\n");
  const int before = dup(STDIN_FILENO);
  const int file = open((folder / "f").c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(dup2(file, STDIN_FILENO) == STDIN_FILENO);
  CHECK(read_input("-") == "lines\n");
  CHECK_THROWS_WITH_AS(read_input("-"), Contains("once"), UsageError);
  dup2(before, STDIN_FILENO);
  close(before);
  close(file);
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

TEST_CASE("file: a link is followed, one that leads to no file yet too") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "d");
  write_plainly(folder / "d/f", "old");
  fs::create_symlink("d/f", folder / "link");
  fs::create_symlink("link", folder / "chain");
  fs::create_symlink("d/none", folder / "dangling");
  write_file_atomically(folder / "chain", "new");
  write_file_atomically(folder / "dangling", "first");
  CHECK(read_file(folder / "d/f") == "new");
  CHECK(read_file(folder / "d/none") == "first");
  for (const char* link : {"link", "chain", "dangling"}) CHECK(fs::is_symlink(folder / link));
}

TEST_CASE("file: what is no regular file is written through, never replaced") {
  const TemporaryFolder folder;
  const std::string fifo = folder / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  std::string got;
  std::thread reader([&] {
    std::ifstream in(fifo);
    std::getline(in, got);
  });
  write_file_atomically(fifo, "through");
  reader.join();
  CHECK(got == "through");
  CHECK(fs::is_fifo(fifo));
  // Links, so that a library that replaces what it should not does no harm to the machine.
  fs::create_symlink("/dev/full", folder / "full");
  fs::create_symlink("/dev/null", folder / "null");
  CHECK_THROWS_WITH_AS(write_file_atomically(folder / "full", "x"), Contains("No space left"),
                       DiskError);
  CHECK_NOTHROW(write_file_atomically(folder / "null", "x"));
  CHECK(fs::is_character_file("/dev/full"));
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("file: the file that standard output goes to is written where it stands") {
  const TemporaryFolder folder;
  const fs::path path = folder / "out";
  std::fflush(nullptr);  // what is still to be printed is not for the child's file
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT, 0600);
    dup2(file, STDOUT_FILENO);
    bool good = write(STDOUT_FILENO, "a", 1) == 1;
    write_file_atomically("/dev/stdout", "b");
    write_file_atomically(path, "c");
    good = good && write(STDOUT_FILENO, "d", 1) == 1;
    _exit(good ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(read_file(path) == "abcd");
}

TEST_CASE("file: whether one could be written is told before") {
  const TemporaryFolder folder;
  write_plainly(folder / "f", "");
  CHECK_NOTHROW(check_writable(folder / "f"));
  CHECK_NOTHROW(check_writable(folder / "new"));
  CHECK_NOTHROW(check_writable("/dev/stdout"));
  CHECK_THROWS_WITH_AS(check_writable(folder / "none/f"), Contains("No such file"), DiskError);
  CHECK_THROWS_WITH_AS(check_writable(folder.path()), Contains("Is a directory"), DiskError);
  CHECK_THROWS_WITH_AS(check_writable(folder / "f/g"), Contains("Not a directory"), DiskError);
  CHECK(folder.names() == std::vector<std::string>{"f"});
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

// metrics.jsonl: every line is an object, a resumed run replaces what it makes again.
#include "tools/training/metrics.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <limits>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include "core/io/file.h"
#include "tools/options/config_file.h"
#include "tools/training/run_settings.h"

using namespace abax;

namespace {

/// A folder that is gone afterwards.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / str_cat("abax_metrics_", getpid());
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

std::vector<Json> lines_of(const std::filesystem::path& path) {
  std::istringstream in(read_file(path));
  std::vector<Json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(parse_json(line));
  return lines;
}

}  // namespace

TEST_CASE("the header says version, seed, level, threads and configuration") {
  const Folder folder;
  RunSettings settings;
  const std::string book = "a \"book\" λ\n";
  set_value(settings, "data", Words{book});
  set_value(settings, "freeze", Words{"embedding"});
  Fields all;
  fields(all, settings);
  Metrics metrics(folder.path / "metrics.jsonl");
  metrics.header(7, "sse2", 2, to_json(all));
  metrics.write({{"step", 1}, {"loss", 2.5}, {"bad", std::numeric_limits<double>::quiet_NaN()}});
  const auto lines = lines_of(folder.path / "metrics.jsonl");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].at("abax").string() == version());
  CHECK(lines[0].at("seed").integer() == 7);
  CHECK(lines[0].at("simd").string() == "sse2");
  CHECK(lines[0].at("threads").integer() == 2);
  const Json& configuration = lines[0].at("configuration");
  CHECK(configuration.at("data").array().at(0).string() == book);
  CHECK(configuration.at("lr").number() == doctest::Approx(settings.training.rate.peak));
  CHECK(configuration.at("freeze").array().at(0).string() == "embedding");
  CHECK(lines[1].at("loss").number() == 2.5);
}

TEST_CASE("a new run replaces the file, a resumed one keeps what lies before it") {
  const Folder folder;
  const auto path = folder.path / "metrics.jsonl";
  write_file_atomically(path, "old\n");
  {
    Metrics metrics(path);
    metrics.write({{"seed", 1}});
    for (int step = 10; step <= 50; step += 10) metrics.write({{"step", step}, {"loss", 1.0}});
  }
  write_file_atomically(path, read_file(path) + R"({"step":6)");  // cut short by a crash
  {
    Metrics metrics(path, 30);
    metrics.write({{"step", 40}, {"loss", 2.0}});
  }
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].at("seed").integer() == 1);
  CHECK(lines[3].at("step").integer() == 30);
  CHECK(lines[4].at("loss").number() == 2.0);
  CHECK_NOTHROW(Metrics(folder.path / "new.jsonl", 5));
}

TEST_CASE("metrics that cannot be written are an error of the disk") {
  CHECK_THROWS_AS(Metrics("/no/such/folder/metrics.jsonl"), DiskError);
  Metrics full("/dev/full");
  CHECK_THROWS_AS(full.write({{"step", 1}}), DiskError);
}

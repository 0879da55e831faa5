// metrics.jsonl: what a run did, a JSON object a line, for plots and for comparing runs.
//
//     {"abax":"0.1.0","seed":1,"simd":"avx2","threads":2,"configuration":{"steps":100,...}}
//     {"step":10,"loss":2.31,...}
//     {"step":100,"loss":1.52,"valid_loss":1.6,...}
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "core/io/json.h"

namespace abax {

/// Each line is on its way to the disk when write() returns. Everything throws DiskError with the
/// path.
class Metrics {
 public:
  /// A new run: replaces the file.
  explicit Metrics(std::filesystem::path path);
  /// A run that is resumed after `step`: lines of later steps, which will be made again, are
  /// dropped, and so is one that a crash cut short. Throws DataError where the file cannot be read.
  Metrics(std::filesystem::path path, std::int64_t step);

  /// The run's header; `simd` is the level's name.
  void header(std::int64_t seed, std::string_view simd, int threads, Json configuration);
  /// A line; by convention its first member is "step", and losses are nats a token.
  void write(Json::Object line);

 private:
  void open(std::ios::openmode mode);

  std::filesystem::path path_;
  std::ofstream out_;
};

}  // namespace abax

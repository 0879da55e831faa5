// The lines of metrics.jsonl; see metrics.h.
#include "tools/training/metrics.h"

#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include "core/io/file.h"

namespace abax {
namespace {

/// Whether a line of the file stays when the run goes on after `step`: headers do, and whole lines
/// up to it.
bool stays(const std::string& line, std::int64_t step) {
  try {
    const Json json = parse_json(line);
    const Json* const at = json.find("step");
    return !at || at->integer() <= step;
  } catch (const DataError&) {
    return false;
  }
}

}  // namespace

Metrics::Metrics(std::filesystem::path path) : path_(std::move(path)) { open(std::ios::trunc); }

Metrics::Metrics(std::filesystem::path path, std::int64_t step) : path_(std::move(path)) {
  if (std::filesystem::exists(path_)) {
    std::istringstream before(read_file(path_));
    std::string kept;
    for (std::string line; std::getline(before, line);)
      if (stays(line, step)) kept += line + "\n";
    write_file_atomically(path_, kept);
  }
  open(std::ios::app);
}

void Metrics::open(std::ios::openmode mode) {
  out_.open(path_, std::ios::out | std::ios::binary | mode);
  if (!out_) throw DiskError(str_cat("cannot open '", path_.string(), "' for writing"));
}

void Metrics::header(std::int64_t seed, std::string_view simd, int threads, Json configuration) {
  write({{"abax", version()},
         {"seed", seed},
         {"simd", simd},
         {"threads", threads},
         {"configuration", std::move(configuration)}});
}

void Metrics::write(Json::Object line) {
  out_ << to_text(Json(std::move(line))) << "\n" << std::flush;
  if (!out_) throw DiskError(str_cat("cannot write to '", path_.string(), "': is the disk full?"));
}

}  // namespace abax

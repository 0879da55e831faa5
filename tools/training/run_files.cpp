// Looking for files, and hashing batches.
#include "tools/training/run_files.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "tools/training/progress.h"

namespace abax {
namespace {

namespace fs = std::filesystem;

constexpr const char* file_options[] = {"data", "valid", "test", "codes-of"};
constexpr const char* judge_option = "reward-classifier";  // no data: training alone reads it

/// Calls visit(option, name) with the files and folders of the settings; what it returns is their
/// new name.
template <class Visit>
void for_each_file(RunSettings& settings, const Visit& visit) {
  Fields all;
  fields(all, settings);
  Words names(std::begin(file_options), std::end(file_options));
  names.emplace_back(judge_option);
  for (const std::string& name : names)
    if (Field* const field = all.find(name))
      field->change_words(
          [&](const std::string& file) { return file.empty() ? file : visit(name, file); });
}

bool is_there(const std::string& file) { return file == "-" || path_exists(file); }

fs::path normal(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

}  // namespace

void find_files(RunSettings& settings, const fs::path& from, const fs::path& run) {
  const fs::path run_then = (from / settings.watch.out).lexically_normal();
  for_each_file(settings, [&](const std::string&, const std::string& file) {
    if (file == "-") return file;
    const fs::path then = (from / file).lexically_normal();
    const fs::path beside = normal(run / then.lexically_relative(run_then));
    for (const fs::path& place : {beside, then, normal(file)})
      if (path_exists(place)) return place == normal(file) ? file : place.string();
    return file;
  });
}

void check_files(const RunSettings& settings, const Words& options, const std::string& advice) {
  RunSettings copy = settings;
  for_each_file(copy, [&](const std::string& option, const std::string& file) {
    const bool asked = std::ranges::find(options, option) != options.end();
    if (asked && file == "-" && is_terminal(0))
      throw DataError(str_cat(
          "--", option, " of the run came from standard input, which is a terminal now; ", advice));
    if (asked && !is_there(file))
      throw DataError(str_cat("'", file, "', --", option, " of the run, is not there; ", advice));
    return file;
  });
}

bool files_are_there(const RunSettings& settings) {
  bool there = true;
  RunSettings copy = settings;
  for_each_file(copy, [&](const std::string& option, const std::string& file) {
    there = there && (option == judge_option || is_there(file));
    return file;
  });
  return there;
}

void take_files(RunSettings& settings, const RunSettings& from) {
  for (const char* option : file_options) {
    Fields all;
    fields(all, settings);
    if (all.find(option)) set_value(settings, option, FieldText{value_of(from, option)});
  }
}

Fingerprints fingerprints(const Task& task) {
  Fingerprints result;
  for (const auto& [part, name] :
       {std::pair{Part::train, "train"}, {Part::valid, "valid"}, {Part::test, "test"}})
    if (std::string hash = task.fingerprint(part); !hash.empty()) result[name] = std::move(hash);
  return result;
}

std::string changed_parts(const Fingerprints& before, const Fingerprints& now) {
  std::string changed;
  for (const char* part : {"train", "valid", "test", judge_option}) {
    const auto was = before.find(part), is = now.find(part);
    const bool both = was != before.end() && is != now.end();
    const bool none = was == before.end() && is == now.end();
    if (!before.empty() && !none && !(both && was->second == is->second))
      changed += str_cat(changed.empty() ? "" : ", ", part);
  }
  return changed;
}

}  // namespace abax

// Checkpoints of runs, written and opened.
#include "tools/saved_run.h"

#include <charconv>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "models/training/optimiser.h"

namespace abax {
namespace {

std::string shortest(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

template <class T>
std::optional<T> number(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  if (found == values.end()) return std::nullopt;
  T result{};
  const char* end = found->second.data() + found->second.size();
  if (std::from_chars(found->second.data(), end, result).ptr != end)
    throw CheckpointError(str_cat("'", key, "' is a number, not '", found->second, "'"));
  return result;
}

/// The results of a validation that a checkpoint keeps.
Results results_of(const std::map<std::string, std::string>& values, const std::string& key) {
  Results results;
  if (const auto found = values.find(key); found != values.end()) {
    const Json json = parse_json(found->second);
    for (const auto& [name, value] : json.object()) results[name] = value.number();
  }
  return results;
}

/// The checkpoint at a place, of the run in that folder.
SavedRun opened(const std::filesystem::path& place, const std::filesystem::path& path) {
  CheckpointReader reader(place);
  const Checkpoint& saved = reader.contents();
  const auto of_state = [&](const char* name) {
    return saved.format > 1 ? str_cat(state_prefix, name) : std::string(name);
  };
  try {
    RunSettings settings = run_settings(saved);
    const RunState state{
        .step = saved.step,
        .position = saved.data_position,
        .best = number<double>(saved.values, of_state("best")),
        .best_results = results_of(saved.values, of_state("best_results")),
        .since_best = number<std::int64_t>(saved.values, of_state("since_best")).value_or(0)};
    return {std::move(reader), std::move(settings), state, place};
  } catch (const CheckpointError&) {
    throw;
  } catch (const Error& error) {
    throw CheckpointError(str_cat(path.string(), ": ", error.what()));
  }
}

}  // namespace

Checkpoint checkpoint_of(const RunSettings& settings, const Task& task, const RunState& state) {
  Checkpoint checkpoint;
  checkpoint.model = settings.model.name();
  ModelSettings model = task.model();
  checkpoint.settings = to_values([&model](Fields& f) { fields(f, model); });
  checkpoint.values = to_run_values(settings);
  const auto note = [&](const char* name, std::string value) {
    checkpoint.values[str_cat(state_prefix, name)] = std::move(value);
  };
  if (state.best) note("best", shortest(*state.best));
  Json::Object results;
  for (const auto& [name, value] : state.best_results)
    if (std::isfinite(value)) results.emplace_back(name, value);  // JSON has no infinity
  if (!results.empty()) note("best_results", to_text(Json(results)));
  note("since_best", std::to_string(state.since_best));
  checkpoint.step = state.step;
  checkpoint.data_position = state.position;
  checkpoint.files = task.files();
  return checkpoint;
}

SavedRun open_run(const std::filesystem::path& path, Which which) {
  if (which == Which::best && path_exists(best_path(path))) return opened(best_path(path), path);
  const std::vector<std::filesystem::path> places = checkpoints_of(path);
  if (places.empty())
    return opened(path_exists(checkpoint_path(path)) ? checkpoint_path(path) : path, path);
  std::string skipped;
  for (const std::filesystem::path& place : places) try {
      SavedRun run = opened(place, path);
      run.skipped = skipped;
      return run;
    } catch (const CheckpointError& error) {
      if (!skipped.empty()) skipped += "\n";
      skipped += error.what();
    }
  throw CheckpointError(skipped);
}

void create_for_use(const SavedRun& run, Variables& store) {
  run.checkpoint.create(store);
  if (has_averages(store)) exchange_averages(store);
}

}  // namespace abax

// Checkpoints of runs, written and opened.
#include "tools/saved_run.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "models/data/text/utf8.h"
#include "models/training/export.h"
#include "models/training/optimiser.h"

namespace abax {
namespace {

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

/// Texts that a checkpoint keeps under one name.
Fingerprints fingerprints_of(const std::map<std::string, std::string>& values,
                             const std::string& key) {
  Fingerprints result;
  if (const auto found = values.find(key); found != values.end()) {
    const Json json = parse_json(found->second);
    for (const auto& [name, value] : json.object()) result[name] = value.string();
  }
  return result;
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
        .since_best = number<std::int64_t>(saved.values, of_state("since_best")).value_or(0),
        .data = fingerprints_of(saved.values, of_state("data"))};
    if (const auto from = saved.values.find(of_state("from")); from != saved.values.end())
      find_files(settings, from->second, place.parent_path());
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
  if (state.best) note("best", exact(*state.best));
  Json::Object results;
  for (const auto& [name, value] : state.best_results)
    if (std::isfinite(value)) results.emplace_back(name, value);  // JSON has no infinity
  if (!results.empty()) note("best_results", to_text(Json(results)));
  note("since_best", std::to_string(state.since_best));
  if (!state.data.empty())
    note("data", to_text(Json(Json::Object(state.data.begin(), state.data.end()))));
  // Relative names of files are seen from here.
  const std::string here = std::filesystem::current_path().string();
  if (data::find_invalid_utf8(here) == here.npos) note("from", here);
  checkpoint.step = state.step;
  checkpoint.data_position = state.position;
  checkpoint.files = task.files();
  return checkpoint;
}

SavedRun open_run(const std::filesystem::path& path, Which which) {
  if (which == Which::best && path_exists(best_path(path))) {
    SavedRun best = opened(best_path(path), path);
    // The run may have gone on with data that had moved, without a better validation since.
    if (!files_are_there(best.settings) && !checkpoints_of(path).empty())
      take_files(best.settings, open_run(path).settings);
    return best;
  }
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

void export_run(const SavedRun& run, const std::filesystem::path& to) {
  if (path_exists(to))
    throw UsageError(str_cat("--export: ", to.string(), " exists; choose another folder"));
  Variables all;
  run.checkpoint.create(all);
  save_checkpoint(to, run.checkpoint.contents(), *export_for_inference(all));
}

namespace {

void load_part(const SavedRun& run, Variables& used, Variables& store, const std::string& part) {
  bool found = false;
  for (int i = 0; i < store.count(); ++i) {
    const std::string& name = store[i].name;
    if (store[i].role != Role::trainable || !name.starts_with(part)) continue;
    found = true;
    const int there = used.find(name);
    const TensorType& type = store[i].value().type();
    if (there < 0 || used[there].value().type() != type)
      throw CheckpointError(
          str_cat(run.place.string(), ": '", name, "' is ", type, " in the model, and ",
                  there < 0 ? "is not there" : str_cat(used[there].value().type(), " there")));
    const Tensor& value = used[there].value();
    std::memcpy(store[i].write().data(), value.data(), value.bytes());
  }
  if (!found)
    throw UsageError(str_cat("--init-parts: no parameter's name starts with '", part, "'"));
}

}  // namespace

void load_for_use(const SavedRun& run, Variables& store, const Words& parts) {
  if (!parts.empty()) {
    Variables used;
    create_for_use(run, used);
    for (const std::string& part : parts) load_part(run, used, store, part);
    return;
  }
  load_parameters(run.checkpoint.variables(), store);
  Variables used;
  create_for_use(run, used);
  if (!has_averages(used)) return;
  for (int i = 0; i < store.count(); ++i)
    if (store[i].role == Role::trainable) {
      const Tensor& value = used.at(store[i].name).value();
      std::memcpy(store[i].write().data(), value.data(), value.bytes());
    }
}

}  // namespace abax

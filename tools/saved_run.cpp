// Checkpoints of runs, written and opened.
#include "tools/saved_run.h"

#include <charconv>

#include "core/base/error.h"
#include "core/base/text.h"
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
    throw CheckpointError(text("'", key, "' is a number, not '", found->second, "'"));
  return result;
}

}  // namespace

std::filesystem::path checkpoint_path(const std::filesystem::path& run) { return run / "last"; }
std::filesystem::path best_path(const std::filesystem::path& run) { return run / "best"; }

void save_run(const std::filesystem::path& path, const RunSettings& settings, const Task& task,
              const RunState& state, const Variables& store) {
  Checkpoint checkpoint;
  checkpoint.model = settings.model.name();
  ModelSettings model = task.model();
  checkpoint.settings = to_values([&model](Fields& f) { fields(f, model); });
  checkpoint.values = to_run_values(settings);
  const auto note = [&](const char* name, std::string value) {
    checkpoint.values[text(state_prefix, name)] = std::move(value);
  };
  if (state.best) note("best", shortest(*state.best));
  note("since_best", std::to_string(state.since_best));
  checkpoint.step = state.step;
  checkpoint.data_position = state.position;
  checkpoint.files = task.files();
  save_checkpoint(path, checkpoint, store);
}

SavedRun open_run(const std::filesystem::path& path, Which which) {
  std::filesystem::path inside = best_path(path);
  if (which == Which::last || !std::filesystem::exists(inside)) inside = checkpoint_path(path);
  CheckpointReader reader(std::filesystem::exists(inside) ? inside : path);
  const Checkpoint& saved = reader.contents();
  const auto of_state = [&](const char* name) {
    return saved.format > 1 ? text(state_prefix, name) : std::string(name);
  };
  try {
    RunSettings settings = run_settings(saved);
    const RunState state{
        .step = saved.step,
        .position = saved.data_position,
        .best = number<double>(saved.values, of_state("best")),
        .since_best = number<std::int64_t>(saved.values, of_state("since_best")).value_or(0)};
    return {std::move(reader), std::move(settings), state};
  } catch (const CheckpointError& error) {
    throw CheckpointError(text(path.string(), ": ", error.what()));
  }
}

void create_for_use(const SavedRun& run, Variables& store) {
  run.checkpoint.create(store);
  if (has_averages(store)) exchange_averages(store);
}

}  // namespace abax

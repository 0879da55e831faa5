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

void save_run(const std::filesystem::path& path, const TrainOptions& options, const Task& task,
              const RunState& state, const Variables& store) {
  Checkpoint checkpoint;
  checkpoint.model = options.model;
  checkpoint.configuration = to_toml(options);
  checkpoint.values = to_values(task.sizes());
  if (state.best) checkpoint.values["best"] = shortest(*state.best);
  checkpoint.values["since_best"] = std::to_string(state.since_best);
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
  try {
    TrainOptions options = train_options_from_toml(saved.configuration, path.string());
    const RunState state{
        .step = saved.step,
        .position = saved.data_position,
        .best = number<double>(saved.values, "best"),
        .since_best = number<std::int64_t>(saved.values, "since_best").value_or(0)};
    return {std::move(reader), std::move(options), state};
  } catch (const CheckpointError&) {
    throw;
  } catch (const Error& error) {
    throw CheckpointError(text(path.string(), ": ", error.what()));
  }
}

void create_for_use(const SavedRun& run, Variables& store) {
  run.checkpoint.create(store);
  if (has_averages(store)) exchange_averages(store);
}

std::unique_ptr<Task> open_test(const SavedRun& run, const Words& data) {
  TrainOptions options = run.options;
  if (!data.empty()) options.test = data;
  const bool share_of_data = options.test.empty() && !options.data.empty();
  auto task = make_task(options, &run.files(), share_of_data ? Use::learn : Use::evaluate);
  if (!task->source(Part::test))
    throw UsageError("the run has no test part; give --data FILE,... to take the place of one");
  return task;
}

}  // namespace abax

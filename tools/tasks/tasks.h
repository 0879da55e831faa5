// The kinds of tasks, a row each: what a model may learn, and what tools can do with it then.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "models/model_settings.h"
#include "models/settings/fields.h"
#include "tools/saved_run.h"
#include "tools/tasks/task.h"

namespace abax {

/// A row. A function is null where a task does not offer such a thing.
struct TaskEntry {
  std::string name;  // ModelEntry::task
  /// What train takes of data, with defaults.
  AnySettings data;
  /// Reads the data. `known` are the files of a checkpoint that the run goes on from, whose
  /// vocabularies then hold; else they are made from the training data. Throws DataError.
  std::unique_ptr<Task> (*open)(const RunSettings& settings, const Files* known, Use use);
  /// What `generate` takes, and does, of a run whose model the store holds.
  AnySettings generation = {};
  void (*generate)(const AnySettings& generation, const SavedRun& run, Variables& store,
                   std::ostream& out) = nullptr;
  /// Likewise `encode`: the codes of items, into a file; and `decode`: items of codes.
  AnySettings encoding = {};
  void (*encode)(const AnySettings& encoding, const SavedRun& run, Variables& store,
                 std::ostream& out) = nullptr;
  AnySettings decoding = {};
  void (*decode)(const AnySettings& decoding, const SavedRun& run, Variables& store,
                 std::ostream& out) = nullptr;
  /// Likewise `predict`: what the model decides on lines that carry no answer.
  AnySettings prediction = {};
  void (*predict)(const AnySettings& prediction, const SavedRun& run, Variables& store,
                  std::ostream& out) = nullptr;
};

const std::vector<TaskEntry>& tasks();
/// What the model learns.
const TaskEntry& task_entry(const ModelSettings& model);

/// The task of settings.model.
std::unique_ptr<Task> make_task(const RunSettings& settings, const Files* known = nullptr,
                                Use use = Use::learn);

/// The data of a run, to evaluate on its test part: `data` in its place where that is given. Throws
/// UsageError where there is no test part.
std::unique_ptr<Task> open_test(const SavedRun& run, const Words& data);

}  // namespace abax

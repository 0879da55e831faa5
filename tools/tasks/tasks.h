// The kinds of tasks, a row each: what a model may learn, and what tools can do with it then.
#pragma once

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "models/model_settings.h"
#include "models/settings/fields.h"
#include "tools/saved_run.h"
#include "tools/tasks/task.h"

namespace abax {

/// A run that a tool works on.
struct RunContext {
  SavedRun run;
  Variables store = Variables();    // holds the run's model, as it is best used
  std::int64_t threads = 0;         // 0: as many as suit the work
  std::ostream& notes = std::cerr;  // what is worth knowing but no result
};

/// What a tool does of a run, and what it takes for that. `act` is null where there is no such
/// thing.
struct TaskAction {
  AnySettings settings = {};
  void (*act)(const AnySettings& settings, RunContext& context, std::ostream& out) = nullptr;
};

/// A row.
struct TaskEntry {
  std::string name;  // ModelEntry::task
  /// What train takes of data, with defaults.
  AnySettings data;
  /// Reads the data. `known` are the files of a checkpoint that the run goes on from, whose
  /// vocabularies then hold; else they are made from the training data. Throws DataError.
  std::unique_ptr<Task> (*open)(const RunSettings& settings, const Files* known, Use use);
  /// New texts, lines, pictures.
  TaskAction generate = {};
  /// What the model decides on items that carry no answer.
  TaskAction predict = {};
  /// The codes of items, into a file; and items of codes.
  TaskAction encode = {};
  TaskAction decode = {};
  TaskAction evaluate = {};
};

/// What tools call the run that they work on, the lines that they read, where results go.
void checkpoint_field(Fields& f, std::string& folder);
Field& source_field(Fields& f, std::string& file, std::string help);
Field& out_field(Fields& f, std::string& file, std::string help);
/// Data in the place of the run's own test part.
void test_data_field(Fields& f, Words& files);
/// The lines of a UTF-8 file. Throws DataError.
std::vector<std::string> lines_of_file(const std::string& path);

const std::vector<TaskEntry>& tasks();
/// What the model learns.
const TaskEntry& task_entry(const ModelSettings& model);

/// The task of settings.model.
std::unique_ptr<Task> make_task(const RunSettings& settings, const Files* known = nullptr,
                                Use use = Use::learn);

/// The data of a run, to evaluate on its test part: `data` in its place where that is given. Throws
/// UsageError where there is no test part, DataError where its files are gone. Tells on `notes`
/// where they are not what they were.
std::unique_ptr<Task> open_test(const SavedRun& run, const Words& data, std::ostream& notes);

}  // namespace abax

// The test part of a run, opened.
#include <ostream>

#include "core/base/error.h"
#include "tools/tasks/tasks.h"

namespace abax {

std::unique_ptr<Task> open_test(const SavedRun& run, const Words& data, std::ostream& notes) {
  RunSettings settings = run.settings;
  if (!data.empty()) set_value(settings, "test", data);
  const bool share_of_data =
      value_of(settings, "test").empty() && !value_of(settings, "data").empty();
  if (data.empty())
    check_files(settings, share_of_data ? Words{"data", "valid"} : Words{"test"},
                "--data FILE,... takes the place of the run's test data");
  auto task = make_task(settings, &run.files(), share_of_data ? Use::learn : Use::evaluate);
  if (!task->source(Part::test))
    throw UsageError(data.empty()
                         ? "the run has no test part; give --data FILE,... to take the place of one"
                         : "--data holds too little to evaluate on");
  const auto was = run.state.data.find("test");
  if (data.empty() && was != run.state.data.end() && was->second != task->fingerprint(Part::test))
    notes << "the run's test data has changed since it was trained\n";
  return task;
}

}  // namespace abax

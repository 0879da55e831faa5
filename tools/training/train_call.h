// What a command line asks of train: a new run, or one to go on with.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "core/base/function_ref.h"
#include "tools/training/run_settings.h"

namespace abax {

struct TrainCall {
  RunSettings settings = RunSettings();
  std::string resume = {};  // the folder of a run to go on with
  bool dry_run = false;     // parameters, FLOP, speed, memory; trains nothing
  /// What to tell a person: settings of presets and files that nothing reads after later choices.
  Words notes = {};
};

/// Reads the command line, the preset and the file that it names. With --resume the settings are
/// those of that run, which `settings_of_run` looks up, and only how long it goes on and how it is
/// watched may be given anew. Nothing where the question was answered on `out` (--help, --presets,
/// --version, --dump-config). Throws UsageError on a wrong option, value or combination, and on an
/// option that nothing reads.
std::optional<TrainCall> parse_train_call(
    int argc, const char* const* argv, std::ostream& out,
    FunctionRef<RunSettings(const std::string& run)> settings_of_run);

}  // namespace abax

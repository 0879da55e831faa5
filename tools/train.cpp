// abax-train: settings, data, two plans (learn and check), a loop, a report.
#include <iostream>

#include "tools/exit_codes.h"
#include "tools/training/train_call.h"
#include "tools/training/training_run.h"

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("train", [&] {
    const std::optional<TrainCall> call = parse_train_call(
        argc, argv, std::cout, [](const std::string& run) { return open_run(run).settings; });
    if (!call) return int{exit_ok};
    TrainingRun run(*call, std::cout, argv[0]);
    if (call->dry_run) {
      run.describe();
      return int{exit_ok};
    }
    std::cout.exceptions(std::ios::goodbit);  // a training goes on without its screen
    return run.train();
  });
}

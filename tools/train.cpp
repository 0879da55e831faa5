// abax-train: options, data, two plans (learn and check), a loop, a report.
#include <iostream>

#include "tools/exit_codes.h"
#include "tools/options/train_options.h"
#include "tools/training/training_run.h"

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("train", [&] {
    const std::optional<TrainOptions> options = parse_train_options(
        argc, argv, std::cout, [](const std::string& run) { return open_run(run).options; });
    if (!options) return int{exit_ok};
    TrainingRun run(*options, std::cout, argv[0]);
    if (options->dry_run) {
      run.describe();
      return int{exit_ok};
    }
    std::cout.exceptions(std::ios::goodbit);  // a training goes on without its screen
    return run.train();
  });
}

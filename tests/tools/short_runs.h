// Whole training runs in small, and what they leave behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tools/exit_codes.h"
#include "tools/training/train_call.h"

namespace abax {

/// What train makes of a command line that asks for a run: run_of({"--model", "vqvae"}). Its
/// --resume opens the run that it names.
TrainCall run_of(const Words& arguments);

/// A quiet run on two threads with these options ("--model vqvae --codes 8"), validated at its last
/// step alone. Its learning rate stays the same from the first step on, so that a shorter run is
/// the beginning of a longer one.
TrainCall short_run(const std::filesystem::path& out, std::int64_t steps,
                    const std::string& options = "");

/// The same with other settings: with(run, {{"steps", "7"}, {"seed", "2"}}).
TrainCall with(TrainCall call, const std::vector<std::pair<std::string, std::string>>& changes);

/// Where it goes.
std::filesystem::path folder_of(const TrainCall& call);

/// Trains, which must end with that exit code. Gives what was printed.
std::string train(const TrainCall& call, int expected = exit_ok);

/// Goes on with the run in a folder until so many steps are done; gives what was printed.
std::string resume(const std::filesystem::path& run, std::int64_t steps, std::int64_t threads = 2);

/// Whether all trainable variables of two runs have equal bits.
bool equal_parameters(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace abax

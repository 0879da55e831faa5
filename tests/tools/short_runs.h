// Whole training runs in small, and what they leave behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "tools/exit_codes.h"
#include "tools/options/train_options.h"

namespace abax {

/// A quiet run on two threads, validated at its last step alone. Its learning rate stays the same,
/// so that a shorter run is the beginning of a longer one.
TrainOptions short_run(const std::filesystem::path& out, std::int64_t steps);

/// Trains, which must end with that exit code. Gives what was printed.
std::string train(const TrainOptions& options, int expected = exit_ok);

/// Goes on with the run in a folder until so many steps are done.
void resume(const std::filesystem::path& run, std::int64_t steps, std::int64_t threads = 2);

/// Whether all trainable variables of two runs have equal bits.
bool equal_parameters(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace abax

// The tokeniser and the classes of sentences, as checkpoints keep them.
#pragma once

#include <string>
#include <vector>

#include "models/data/text/tokenizer.h"
#include "tools/tasks/task.h"

namespace abax {

struct KnownClasses {
  data::Tokenizer tokenizer;
  std::vector<std::string> names;  // in the order of the labels
};
/// Throws CheckpointError where there are none, saying of what `task` it is no checkpoint.
KnownClasses known_classes(const Files& files, std::string_view task);
Files files_of(const data::Tokenizer& tokenizer, const std::vector<std::string>& classes);

/// Refuses files of classes that the model knows at another place: pos.txt where it has neg. Throws
/// UsageError.
void check_order(const std::vector<std::string>& files, const std::vector<std::string>& known);

}  // namespace abax

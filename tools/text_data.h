// The text of a run as tokens: from files, or the built-in corpus.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/data/tokenizer.h"
#include "tools/options.h"

namespace abax {

struct TextData {
  data::Tokenizer tokenizer;
  std::vector<std::int32_t> train = {}, valid = {}, test = {};  // valid and test may be empty
  std::string description = {};  // "book.txt: 1,003,854 characters of 65 kinds"
  /// Of the built-in corpus: the loss that its exact source would have on `valid` and `test`, in
  /// nats a token.
  std::optional<double> valid_optimum = {}, test_optimum = {};
};

/// Reads and tokenises what --data, --valid, --test, --split, --tokens and --vocabulary say. The
/// vocabulary is that of the training text, or `known` where a run goes on from another. Throws
/// DataError.
TextData load_text_data(const TrainOptions& options, const data::Tokenizer* known = nullptr);

}  // namespace abax

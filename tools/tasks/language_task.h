// A text whose next token is predicted: from files, or the built-in corpus.
#pragma once

#include <vector>

#include "models/data/text/tokenizer.h"
#include "tools/tasks/task.h"

namespace abax {

class LanguageTask : public Task {
 public:
  /// Reads and tokenises what --data, --valid, --test, --split, --tokens and --vocabulary say.
  /// Throws UsageError on more than one file a part, DataError.
  LanguageTask(const TrainOptions& options, const Files* known, Use use);

  std::string description() const override { return description_; }
  ModelConfig sizes() const override;
  const data::BatchSource* source(Part part) const override;
  Files files() const override;
  std::string unit() const override { return "token"; }
  std::optional<double> characters(Part part) const override;
  std::optional<double> optimum(Part part) const override;
  LineBatches lines(Part part) const override;
  void show(std::ostream& out, Variables& store, Workers& workers) const override;
  std::vector<std::string> next_commands(const std::string& folder) const override;
  std::size_t show_bytes(Variables& store, Workers& workers) const override;

  const data::Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  TrainOptions options_;
  std::optional<data::Tokenizer> tokenizer_;
  std::unique_ptr<data::BatchSource> train_, valid_, test_;
  std::optional<double> valid_optimum_, test_optimum_;
  double valid_characters_ = 0, test_characters_ = 0;
  std::string test_text_;
  std::string description_;
};

/// The tokeniser that a language model's checkpoint keeps. Throws CheckpointError where it has
/// none.
data::Tokenizer language_tokenizer(const Files& files);

}  // namespace abax

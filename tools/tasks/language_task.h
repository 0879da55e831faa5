// A text whose next token is predicted: from files, or the built-in corpus.
#pragma once

#include <vector>

#include "models/data/text/tokenizer.h"
#include "tools/tasks/drawing.h"
#include "tools/tasks/task.h"
#include "tools/training/run_settings.h"

namespace abax {

struct RunContext;

struct LanguageData {
  DataFiles files;
  std::string corpus;
  TextReading text;
  std::string windows = "streams";  // contiguous streams, or random windows
  std::int64_t batch = 20;
  std::int64_t length = 35;  // tokens a window
};
void fields(Fields& f, LanguageData& s);

class LanguageTask : public Task {
 public:
  /// Throws UsageError on more than one file a part, DataError.
  LanguageTask(const RunSettings& settings, const Files* known, Use use);

  std::string description() const override { return description_; }
  const ModelSettings& model() const override { return model_; }
  const data::BatchSource* source(Part part) const override;
  Files files() const override;
  std::string unit() const override { return "token"; }
  std::optional<double> characters(Part part) const override;
  std::optional<double> optimum(Part part) const override;
  LineBatches lines(Part part) const override;
  void show(std::ostream& out, Variables& store, Workers& workers) const override;
  std::vector<std::string> next_commands(const std::string& folder) const override;

  const data::Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  LanguageData data_;
  ModelSettings model_;
  std::uint64_t seed_;
  std::optional<data::Tokenizer> tokenizer_;
  std::unique_ptr<data::BatchSource> train_, valid_, test_;
  std::optional<double> valid_optimum_, test_optimum_;
  std::optional<double> valid_characters_, test_characters_;
  std::string test_text_;
  std::string description_;
};

/// What generate takes, and does: feeds the prompt, then writes what follows, token by token.
struct TextGeneration {
  std::string prompt, prompts;
  std::int64_t tokens = 500;
  std::int64_t samples = 1;
  Words stop;
  Drawing drawing;
};
void fields(Fields& f, TextGeneration& s);
void generate_text(const AnySettings& settings, RunContext& context, std::ostream& out);

/// The tokeniser that a language model's checkpoint keeps. Throws CheckpointError where it has
/// none.
data::Tokenizer language_tokenizer(const Files& files);

}  // namespace abax

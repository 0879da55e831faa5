// Sentences with labels: a file a class, or a built-in corpus.
#pragma once

#include <vector>

#include "models/data/text/sentence_batches.h"
#include "models/data/text/tokenizer.h"
#include "tools/tasks/task.h"
#include "tools/training/run_settings.h"

namespace abax {

struct RunContext;

struct ClassificationData {
  DataFiles files;
  std::string fold;  // "3/10": the third of ten parts is the test
  std::string corpus;
  TextReading text;
  SentenceBatching sentences;
};
void fields(Fields& f, ClassificationData& s);

class ClassificationTask : public Task {
 public:
  /// Each of --data, --valid and --test is a file a class, in the same order. Throws UsageError on
  /// other numbers of files, DataError.
  ClassificationTask(const RunSettings& settings, const Files* known, Use use);

  std::string description() const override { return description_; }
  const ModelSettings& model() const override { return model_; }
  const data::BatchSource* source(Part part) const override;
  Files files() const override;
  std::string unit() const override { return "sentence"; }
  std::optional<double> optimum(Part part) const override;
  LineBatches lines(Part part) const override;
  void show(std::ostream& out, Variables& store, Workers& workers) const override;
  std::vector<std::string> next_commands(const std::string& folder) const override;

 private:
  struct Side {
    data::LabelledText sentences;
    std::unique_ptr<data::LabelledSentences> batches;  // null without sentences
    std::optional<double> nats;  // of all its labels, where their probabilities are known
  };
  Side& of(Part part) { return parts_[static_cast<std::size_t>(part)]; }
  const Side& of(Part part) const { return parts_[static_cast<std::size_t>(part)]; }
  void read(Use use);
  void read_corpus();

  ClassificationData data_;
  ModelSettings model_;
  std::int64_t seed_;
  std::optional<data::Tokenizer> tokenizer_;
  std::vector<std::string> classes_;
  std::vector<Side> parts_{3};  // one a part
  std::string description_;
};

/// What predict takes, and does: the class of each line of a file, with its probability.
struct ClassPrediction {
  std::string source;
};
void fields(Fields& f, ClassPrediction& s);
void predict_classes(const AnySettings& settings, RunContext& context, std::ostream& out);

}  // namespace abax

// Sentences with labels: a file a class, or a built-in corpus.
#pragma once

#include <vector>

#include "models/data/text/sentence_batches.h"
#include "models/data/text/tokenizer.h"
#include "tools/tasks/task.h"

namespace abax {

class ClassificationTask : public Task {
 public:
  /// Each of --data, --valid and --test is a file a class, in the same order. Throws UsageError on
  /// other numbers of files, DataError.
  ClassificationTask(const TrainOptions& options, const Files* known, Use use);

  std::string description() const override { return description_; }
  ModelConfig sizes() const override;
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

  TrainOptions options_;
  std::optional<data::Tokenizer> tokenizer_;
  std::vector<std::string> classes_;
  std::vector<Side> parts_{3};  // one a part
  std::string description_;
};

}  // namespace abax

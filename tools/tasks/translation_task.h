// Pairs of sentences, the second of which is made from the first: two files, or a built-in corpus.
#pragma once

#include <vector>

#include "models/data/text/sentence_batches.h"
#include "models/generation/line_translator.h"
#include "tools/tasks/drawing.h"
#include "tools/tasks/task.h"
#include "tools/training/run_settings.h"

namespace abax {

struct RunContext;

/// The tokenisers that a checkpoint keeps. Throws CheckpointError where it has none.
PairTokenizers pair_tokenizers(const Files& files);

struct TranslationData {
  DataFiles files;
  std::string corpus;
  TextReading text;
  bool joint_vocabulary = false;  // one for source and target
  SentenceBatching sentences;
};
void fields(Fields& f, TranslationData& s);
/// All but what it takes for source and target to share an embedding.
void pair_fields(Fields& f, TranslationData& s);

class TranslationTask : public Task {
 public:
  /// Each of --data, --valid and --test is a source and a target. Throws UsageError on another
  /// number of files, DataError.
  TranslationTask(const RunSettings& settings, const Files* known, Use use);

  std::string description() const override { return description_; }
  const ModelSettings& model() const override { return model_; }
  const data::BatchSource* source(Part part) const override;
  Files files() const override;
  std::string unit() const override { return "token"; }
  std::optional<double> optimum(Part part) const override;
  /// BLEU and chrF of translations, and the share of them that are exactly right.
  Results score(Part part, Variables& store, Workers& workers,
                const ScoreOptions& options) const override;
  LineBatches lines(Part part) const override;
  std::optional<WrittenLines> written() const override;
  void show(std::ostream& out, Variables& store, Workers& workers) const override;
  std::vector<std::string> next_commands(const std::string& folder) const override;

  const data::ParallelText& pairs(Part part) const { return of(part).pairs; }

 protected:
  struct Side {
    data::ParallelText pairs;
    std::unique_ptr<data::SentencePairs> batches;  // null without pairs
    std::optional<double> nats;  // of all its targets under their source, where that is known
  };
  TranslationTask(const TranslationData& data, const RunSettings& settings, const Files* known,
                  Use use);
  const Side& of(Part part) const { return parts_[static_cast<std::size_t>(part)]; }
  const PairTokenizers& tokenizers() const { return *tokenizers_; }
  bool lower_case() const { return data_.text.lower_case; }
  /// What is shown to people: the test part, or what there is in its place.
  Part shown_part() const;

 private:
  Side& of(Part part) { return parts_[static_cast<std::size_t>(part)]; }
  /// As the model reads them: those of an autoencoder have weights.
  std::unique_ptr<data::SentencePairs> batches_of(const data::ParallelText& pairs,
                                                  const data::SentenceOptions& options) const;
  void read(Use use);
  void read_corpus();

  TranslationData data_;
  ModelSettings model_;
  std::int64_t seed_;
  std::optional<PairTokenizers> tokenizers_;
  std::vector<Side> parts_{3};  // one a part
  std::string corpus_;          // the built-in one
  std::string description_;
};

/// What generate takes, and does: a line (or some) for each line of a file.
struct LineGeneration {
  std::string source;
  std::int64_t beam = 1;
  std::int64_t n_best = 1;
  double length_penalty = 1;
  bool sample = false;
  Drawing drawing;
};
void fields(Fields& f, LineGeneration& s);
/// All but the source.
void line_writing_fields(Fields& f, LineGeneration& s);
void generate_lines(const AnySettings& settings, RunContext& context, std::ostream& out);

/// What targets are written for, and of which codes.
struct LinesToWrite {
  std::vector<std::string> sources = {};
  Tensor codes = {};         // [sources, positions]; empty: zeros, or the model reads none
  std::int64_t each = 1;     // so many in a row stand for one line
  bool beside_each = false;  // whether the source and a tab stand before a target
};
/// Writes them as `s` says, whose source is not read.
void write_targets(const LinesToWrite& lines, const LineGeneration& s, RunContext& context,
                   std::ostream& out);
/// How wide a search is, for generate and evaluate.
void search_fields(Fields& f, std::int64_t& beam, double& length_penalty);

}  // namespace abax

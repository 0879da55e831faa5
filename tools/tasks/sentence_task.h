// Sentences for autoencoders: a sentence a line, also a file a class, or a built-in corpus.
#pragma once

#include <limits>
#include <vector>

#include "models/data/text/sentence_batches.h"
#include "models/data/text/tokenizer.h"
#include "tools/tasks/code_files.h"
#include "tools/tasks/drawing.h"
#include "tools/tasks/task.h"
#include "tools/training/run_settings.h"

namespace abax {

struct RunContext;

struct SentenceData {
  DataFiles files;
  std::string corpus;
  TextReading text;
  SentenceBatching sentences;
};
void fields(Fields& f, SentenceData& s);

class SentenceTask : public Task {
 public:
  /// Each of --data, --valid and --test is a file, or a file a class in the same order. Throws
  /// UsageError on other numbers of files, DataError.
  SentenceTask(const RunSettings& settings, const Files* known, Use use);

  std::string description() const override { return description_; }
  const ModelSettings& model() const override { return model_; }
  const data::BatchSource* source(Part part) const override;
  Files files() const override;
  std::string unit() const override { return "sentence"; }
  bool has_perplexity() const override { return false; }
  bool has_log_probabilities() const override;
  double most_loss() const override { return std::numeric_limits<double>::infinity(); }
  std::optional<double> optimum(Part part) const override;
  Results results(const Evaluation& evaluation) const override;
  Json::Object details(const Evaluation& evaluation) const override;
  /// What the latents carry (mutual information, the cost of another sentence's, homogeneity with
  /// labels), what is written of them again, and the importance-weighted bound, where samples are
  /// asked for.
  Results score(Part part, Variables& store, Workers& workers,
                const ScoreOptions& options) const override;
  LineBatches lines(Part part) const override;
  std::optional<WrittenLines> written() const override;
  void show(std::ostream& out, Variables& store, Workers& workers) const override;
  std::vector<std::string> next_commands(const std::string& folder) const override;

  /// The sentences of a part, and their labels where they have several classes.
  const data::LabelledText& sentences(Part part) const { return of(part).sentences; }

 private:
  struct Side {
    data::LabelledText sentences;
    std::unique_ptr<data::Sentences> batches;  // null without sentences
    std::optional<double> nats;  // of all sentences, where their probabilities are known
  };
  Side& of(Part part) { return parts_[static_cast<std::size_t>(part)]; }
  const Side& of(Part part) const { return parts_[static_cast<std::size_t>(part)]; }
  void read(Use use);
  void read_corpus();
  void take_labels(data::LabelledText& text) const;
  void describe();
  /// What is written of the codes of a part's sentences, against these.
  Results rewritten(Part part, Variables& store, Workers& workers) const;

  SentenceData data_;
  ModelSettings model_;
  RunSettings run_;
  std::optional<data::Tokenizer> tokenizer_;
  std::vector<std::string> classes_;  // one where there are no labels
  std::vector<Side> parts_{3};        // one a part
  std::string description_;
};

/// The results of a pass with what follows from them of an autoencoder of sentences.
Results sentence_results(Results results, const Evaluation& evaluation, const ModelSettings& model);

/// What to know of new sentences, as a line; "" where the model learns with its prior.
std::string prior_note(const ModelSettings& model);

/// How codes become sentences.
struct SentenceWriting {
  std::int64_t decodings = 0;  // drawn sentences of each latent; 0: the likeliest one
  std::int64_t beam = 1;
  double length_penalty = 1;
  Drawing drawing;
};
void fields(Fields& f, SentenceWriting& s);

/// What generate takes, and does: sentences of the prior, of a sentence's latent, or between two.
struct SentenceGeneration {
  std::int64_t count = 0;  // 0: as many as suit
  std::string from, to;
  Integers line;
  Words data;
  Words label;
  SentenceWriting writing;
};
void fields(Fields& f, SentenceGeneration& s);
void generate_sentences(const AnySettings& settings, RunContext& context, std::ostream& out);

/// Likewise encode: the codes of sentences, in their order.
struct SentenceEncoding {
  Encoding codes;
};
void fields(Fields& f, SentenceEncoding& s);
void encode_sentences(const AnySettings& settings, RunContext& context, std::ostream& out);

/// Likewise decode. Codes of another model are refused by its hash.
struct SentenceDecoding {
  std::string codes;
  std::string out;  // "": standard output
  SentenceWriting writing;
};
void fields(Fields& f, SentenceDecoding& s);
void decode_sentences(const AnySettings& settings, RunContext& context, std::ostream& out);

}  // namespace abax

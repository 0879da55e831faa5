// Pairs for autoencoders of targets: sentences that are given a source (a translation, a reply),
// with a latent for what the source leaves open.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "tools/tasks/code_files.h"
#include "tools/tasks/translation_task.h"

namespace abax {

/// What train takes of pairs, as for translations.
struct PairData {
  TranslationData pairs;
};
void fields(Fields& f, PairData& s);

/// Losses and results are those of an autoencoder of sentences, in nats a sentence; what is written
/// for a source is written by the prior's mean.
class PairTask : public TranslationTask {
 public:
  /// Throws as TranslationTask does.
  PairTask(const RunSettings& settings, const Files* known, Use use);

  std::string unit() const override { return "sentence"; }
  bool has_perplexity() const override { return false; }
  double most_loss() const override { return std::numeric_limits<double>::infinity(); }
  std::optional<double> optimum(Part part) const override;
  Results results(const Evaluation& evaluation) const override;
  Json::Object details(const Evaluation& evaluation) const override;
  /// Besides those of translations: what the latents carry, the importance-weighted bound and how
  /// much several targets of a source differ, where these are asked for.
  Results score(Part part, Variables& store, Workers& workers,
                const ScoreOptions& options) const override;
  void show(std::ostream& out, Variables& store, Workers& workers) const override;
  std::vector<std::string> next_commands(const std::string& folder) const override;

  /// The codes of a part's pairs, in their order.
  Tensor encoded(Part part, Variables& store, Workers& workers, Codes codes) const;
  /// So many targets of each source, line by line, each of another latent of the prior.
  std::vector<std::vector<std::string>> several(const std::vector<std::string>& sources,
                                                std::int64_t each, const ScoreOptions& options,
                                                Variables& store, Workers& workers) const;
};

/// Each line so many times in a row.
std::vector<std::string> repeated_lines(const std::vector<std::string>& lines, std::int64_t each);

/// What generate takes, and does: a target for each line of a file, or several, each of another
/// latent.
struct PairGeneration {
  LineGeneration lines;
  std::int64_t decodings = 0;  // of a line, each of another latent; 0: one, of the prior's mean
};
void fields(Fields& f, PairGeneration& s);
void generate_targets(const AnySettings& settings, RunContext& context, std::ostream& out);

/// Likewise encode: the codes of pairs, in their order.
struct PairEncoding {
  Encoding codes;
};
void fields(Fields& f, PairEncoding& s);
void encode_pairs(const AnySettings& settings, RunContext& context, std::ostream& out);

/// Likewise decode: a target for each source by its row of codes.
struct PairDecoding {
  std::string codes;
  std::string out;  // "": standard output
  LineGeneration lines;
};
void fields(Fields& f, PairDecoding& s);
void decode_pairs(const AnySettings& settings, RunContext& context, std::ostream& out);

}  // namespace abax

// Lines of text to the codes of a trained autoencoder of sentences, and codes to lines: tokenised,
// batched by length, written token by token, in order.
//
//     SentenceCoder coder(store, settings, tokenizer, /*beam=*/1, workers);
//     const Tensor codes = coder.encode({"a fine film", "dull"});        // [2, positions]
//     const auto found = coder.decode(codes, {.beam = 1});
//     const std::string again = coder.line_of(found[0][0]);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/data/text/sentence_batches.h"
#include "models/data/text/tokenizer.h"
#include "models/generation/coder.h"
#include "models/generation/sequence_decoder.h"
#include "models/model_settings.h"

namespace abax {

/// The codes of the sentences that these batches were made from, in the order of the text, [n,
/// positions]; see encode() of models/generation/coder.h.
Tensor encode_in_order(Coder& coder, const data::SentenceBatches& sentences, Codes codes);

/// Shares the store's parameters and keeps all else to itself, as its Coder and SequenceDecoder do.
/// Results do not depend on the number of threads.
class SentenceCoder {
 public:
  using Labels = std::vector<std::int32_t>;
  /// The store holds the model. It, the tokeniser and the workers must outlive the coder. Throws
  /// UsageError where the model is no autoencoder or does not write sentences of codes.
  SentenceCoder(Variables& store, const ModelSettings& settings, const data::Tokenizer& tokenizer,
                std::int64_t beam, Workers& workers,
                SourceLocation where = SourceLocation::current());

  /// What stands for a sentence.
  const CodeShape& shape() const { return coder_.shape(); }
  DType dtype() const { return coder_.dtype(); }
  /// Whether sentences depend on a label besides their codes. Below each line has one then, or -1
  /// for none, which an empty list gives to all; a model that reads no labels takes no notice.
  bool reads_labels() const { return decoder_.reads("labels"); }
  /// The codes of each line, [lines, positions]: the likeliest ones, or drawn from the posterior. A
  /// line that is longer than the model's context is cut; one without tokens is an empty sentence.
  /// Throws DataError where the tokeniser does and on a label that there is not, UsageError where
  /// codes cannot be drawn and on another number of labels.
  Tensor encode(const std::vector<std::string>& lines, Codes codes = Codes::likeliest,
                const Labels& labels = {});
  /// How many lines of the last encode() were cut.
  std::int64_t cut_lines() const { return cut_; }
  /// Codes drawn from the prior, [count, positions], anew at each call; see Coder::sample().
  Tensor prior(std::int64_t count) { return coder_.sample(count); }

  /// The n best sentences of each row of codes [n, positions], best first. Of `search`, begin, end
  /// and limit are set here. Throws ShapeError on codes of another shape or type, DataError on a
  /// code or label that there is not, UsageError on a beam that is not the coder's and on another
  /// number of labels.
  std::vector<std::vector<Hypothesis>> decode(const Tensor& codes, BeamConfig search,
                                              const Labels& labels = {});
  /// One drawn sentence for each; the beam must be 1.
  std::vector<Hypothesis> sample(const Tensor& codes, Sampler& sampler, Random& random,
                                 const Labels& labels = {});
  /// A sentence as one line: a model may make the token of a line feed, which is a space here.
  std::string line_of(const Hypothesis& hypothesis) const;

 private:
  BeamConfig complete(BeamConfig search) const;
  template <class Found, class Decode>
  std::vector<Found> in_batches(const Tensor& codes, const Labels& labels, const Decode& decode);

  const data::Tokenizer& tokenizer_;
  std::int64_t context_;  // tokens of the longest sentence, with its end
  Coder coder_;
  SequenceDecoder decoder_;
  std::int64_t cut_ = 0;
};

}  // namespace abax

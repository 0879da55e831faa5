// Lines of text through an encoder-decoder: tokenised, batched by length, decoded, in order.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/data/text/tokenizer.h"
#include "models/generation/translator.h"

namespace abax {

/// The tokenisers of source and target, which are equal where the vocabulary is joint.
struct PairTokenizers {
  data::Tokenizer source, target;
};

/// A target as one line: a model may make the token of a line feed, which is a space here.
std::string line_of(const Hypothesis& hypothesis, const PairTokenizers& tokenizers);

class LineTranslator {
 public:
  /// `store` holds the model. It, the tokenisers and the workers must outlive the translator.
  /// Throws as longest_sequence() does.
  LineTranslator(Variables& store, const ModelSettings& settings, const PairTokenizers& tokenizers,
                 std::int64_t beam, Workers& workers,
                 SourceLocation where = SourceLocation::current());

  /// The n best targets of each line, best first; of a line without tokens as many empty
  /// ones. A line that is longer than the model's context is cut. Of `search`, begin, end and limit
  /// are set here. A model with latents writes each line's by its row of `codes` [lines,
  /// positions], without any by codes of zeros; see Translator::translate().
  std::vector<std::vector<Hypothesis>> translate(const std::vector<std::string>& lines,
                                                 BeamConfig search, const Tensor& codes = {});
  /// One drawn target for each line; the beam must be 1.
  std::vector<std::vector<Hypothesis>> sample(const std::vector<std::string>& lines,
                                              Sampler& sampler, Random& random,
                                              const Tensor& codes = {});
  /// How many lines of the last call were cut.
  std::int64_t cut_lines() const { return cut_; }

 private:
  using Batch = std::vector<std::vector<std::int32_t>>;  // tokens of some sources
  template <class Decode>
  std::vector<std::vector<Hypothesis>> in_batches(const std::vector<std::string>& lines,
                                                  const Tensor& codes, std::int64_t n_best,
                                                  const Decode& decode);
  BeamConfig complete(BeamConfig search) const;
  /// Of the shortest length that there is for sources of so many tokens.
  Translator& translator_for(std::int64_t length);

  Variables& store_;
  ModelSettings settings_;
  const PairTokenizers& tokenizers_;
  Workers& workers_;
  std::int64_t context_;  // tokens of the longest source or target, with their end
  std::int64_t beam_;
  std::int64_t batch_;                            // sources that are translated together
  std::map<std::int64_t, Translator> by_length_;  // made when the first sources of a length come
  std::int64_t cut_ = 0;
};

}  // namespace abax

// Classes of lines of text by a trained classifier: tokenised, batched by length, in order.
//
//     LineClassifier classifier(store, settings, tokenizer, workers);
//     const auto probabilities = classifier.classify({"a fine film", "dull"});   // [line][class]
#pragma once

#include <string>
#include <vector>

#include "core/base/parallel.h"
#include "core/graph/variables.h"
#include "models/data/text/tokenizer.h"
#include "models/generation/shape_plans.h"
#include "models/model_settings.h"

namespace abax {

class LineClassifier {
 public:
  /// The store holds the model; it stays as it is, see ShapePlans. It, the tokeniser and the
  /// workers must outlive the classifier.
  LineClassifier(Variables& store, const ModelSettings& settings, const data::Tokenizer& tokenizer,
                 Workers& workers);

  /// Of each line the probabilities of the classes, which sum to 1; none of a line without tokens.
  /// A line that is longer than the model's context is cut. Throws DataError where the tokeniser
  /// does.
  std::vector<std::vector<float>> classify(const std::vector<std::string>& lines);

 private:
  ModelSettings settings_;
  const data::Tokenizer& tokenizer_;
  ShapePlans plans_;
};

}  // namespace abax

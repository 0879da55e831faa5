// Counting the words that texts do not share.
#include "models/metrics/diversity.h"

#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/text/unicode.h"
#include "models/metrics/bleu.h"

namespace abax {

Diversity diversity(std::span<const std::vector<std::string>> texts, bool lower_case) {
  if (texts.empty()) throw DataError("diversity: expected several texts of each thing, got none");
  Diversity result;
  std::vector<std::string> left, right;  // each text beside each other one of the same thing
  for (const std::vector<std::string>& same : texts) {
    if (same.size() < 2)
      throw DataError(str_cat("diversity: expected at least two texts of each thing, got ",
                              same.size(), " of one"));
    std::set<std::string> words;
    std::set<std::pair<std::string, std::string>> pairs;
    double count = 0;
    for (const std::string& text : same) {
      const std::vector<std::string> its = bleu_words(lower_case ? data::lower_case(text) : text);
      words.insert(its.begin(), its.end());
      for (std::size_t i = 1; i < its.size(); ++i) pairs.emplace(its[i - 1], its[i]);
      count += static_cast<double>(its.size());
    }
    if (count > 0) {
      result.distinct_1 += static_cast<double>(words.size()) / count;
      result.distinct_2 += static_cast<double>(pairs.size()) / count;
    }
    for (std::size_t i = 0; i < same.size(); ++i)
      for (std::size_t j = 0; j < same.size(); ++j)
        if (i != j) {
          left.push_back(same[i]);
          right.push_back(same[j]);
        }
  }
  result.distinct_1 /= static_cast<double>(texts.size());
  result.distinct_2 /= static_cast<double>(texts.size());
  result.pairwise_bleu = bleu(left, right, lower_case).score;
  return result;
}

}  // namespace abax

// How much several texts that were made of one thing differ, such as replies to the same line.
//
//     const std::vector<std::vector<std::string>> replies{{"i am fine .", "i am tired ."},
//                                                         {"yes .", "yes ."}};
//     const Diversity found = diversity(replies);
//     const double words = found.distinct_1;     // 0.5625: the mean of 5 of 8 and 2 of 4
//     const double alike = found.pairwise_bleu;  // of each against each other one
#pragma once

#include <span>
#include <string>
#include <vector>

namespace abax {

struct Diversity {
  /// Different words, and different pairs of neighbouring words, over the number of words (Li et
  /// al. 2016, "A diversity-promoting objective function for neural conversation models", section
  /// 5.2), of the texts of one thing together: the mean over things. 0 of texts without words.
  double distinct_1 = 0, distinct_2 = 0;
  /// Corpus BLEU of each text against each other one of the same thing, 0 to 100: the lower, the
  /// more they differ (Shen et al. 2019, "Mixture models for diverse machine translation").
  double pairwise_bleu = 0;
};

/// Of several texts of each thing, whose words are those of bleu_words(); `lower_case`: in small
/// letters. Throws DataError where there is no thing, or one has fewer than two texts.
Diversity diversity(std::span<const std::vector<std::string>> texts, bool lower_case = false);

}  // namespace abax

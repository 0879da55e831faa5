// BLEU: how many runs of words two texts share (Papineni et al. 2002).
//
//     const std::vector<std::string> found{"the cat sat on the mat"};
//     const std::vector<std::string> wanted{"the cat sat on a mat"};
//     const Bleu result = bleu(found, wanted);
//     const double score = result.score;             // 53.7
//     const std::string summary = result.summary();  // "BLEU 53.73 (83.3/60.0/50.0/33.3, .."
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abax {

/// The words that BLEU counts: as mteval-v13a.pl and SacreBLEU's "13a" cut them. Punctuation and
/// symbols of ASCII are words of their own, save apostrophes, hyphens that no digit precedes, and
/// periods and commas between digits; &quot; &amp; &lt; &gt; stand for their characters.
std::vector<std::string> bleu_words(std::string_view line);

struct Bleu {
  double score = 0;                               // 0 to 100
  std::array<double, 4> precisions = {};          // of runs of 1, 2, 3, 4 words, in percent
  double brevity_penalty = 0;                     // 0 to 1
  std::int64_t length = 0, reference_length = 0;  // in words
  bool lower_case = false;

  /// In a line, with what it takes to compare it with others.
  std::string summary() const;
};

/// Corpus BLEU of translations, line i against reference i: the geometric mean of the clipped
/// precisions of runs of one to four words, summed over the corpus, without smoothing (0 where one
/// of them is 0), times the brevity penalty (equation in section 2.3). `lower_case`: in small
/// letters on both sides. Throws DataError where the numbers of lines differ or there are none.
Bleu bleu(std::span<const std::string> translations, std::span<const std::string> references,
          bool lower_case = false);

/// BLEU of one sentence, 0 to 100, as a reward or to compare sentences: as bleu(), but the
/// precisions of runs of 2, 3 and 4 words count one more run that is found, and one more in all
/// (Lin and Och 2004, "ORANGE", section 4; Chen and Cherry 2014, smoothing 2). 100 of an equal one,
/// 0 where not a word is shared.
///
///     sentence_bleu("the cat sat on the mat", "the cat sat on a mat");   // 63.9
double sentence_bleu(std::string_view translation, std::string_view reference,
                     bool lower_case = false);

}  // namespace abax

// BLEU: its words, values computed by hand, corpora with empty and short lines.
#include "models/metrics/bleu.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"

namespace abax {
namespace {

using doctest::Approx;
using Strings = std::vector<std::string>;

Bleu bleu_of(const Strings& translations, const Strings& references, bool lower_case = false) {
  return bleu(translations, references, lower_case);
}

}  // namespace

TEST_CASE("bleu words: as mteval-v13a cuts them") {
  CHECK(bleu_words("Hello, world!") == Strings{"Hello", ",", "world", "!"});
  CHECK(bleu_words("It costs $3.50, or 1,000.") ==
        Strings{"It", "costs", "$", "3.50", ",", "or", "1,000", "."});
  CHECK(bleu_words("a well-known 5-year don't (x/y)") ==
        Strings{"a", "well-known", "5", "-", "year", "don't", "(", "x", "/", "y", ")"});
  CHECK(bleu_words("end. Next...") == Strings{"end", ".", "Next", ".", ".", "."});
  CHECK(bleu_words("3. .5 a.5 5.b") == Strings{"3", ".", ".", "5", "a", ".", "5", "5", ".", "b"});
  CHECK(bleu_words("&quot;a&amp;b&quot; &lt;c&gt; <skipped>d") ==
        Strings{"\"", "a", "&", "b", "\"", "<", "c", ">", "d"});
  CHECK(bleu_words("Straße, „Ü“.") == Strings{"Straße", ",", "„Ü“", "."});
  CHECK(bleu_words("one\ntwo\u00A0three") == Strings{"one", "two", "three"});
  CHECK(bleu_words("").empty());
  CHECK(bleu_words("  ").empty());
}

TEST_CASE("bleu: values by hand") {
  const Bleu one = bleu_of({"the cat sat on the mat"}, {"the cat sat on a mat"});
  CHECK(one.precisions[0] == Approx(100 * 5. / 6));  // "the" counts once
  CHECK(one.precisions[1] == Approx(100 * 3. / 5));
  CHECK(one.precisions[2] == Approx(100 * 2. / 4));
  CHECK(one.precisions[3] == Approx(100 * 1. / 3));
  CHECK(one.brevity_penalty == 1);
  CHECK(one.score == Approx(100 * std::pow(1. / 12, 0.25)));
  CHECK(
      one.summary() ==
      "BLEU 53.73 (83.3/60.0/50.0/33.3, brevity 1.000, 6 words for 6; corpus, no smoothing, words "
      "as mteval-v13a)");

  // Too short by three words of seven: exp(1 - 7/4).
  const Bleu brief = bleu_of({"a b c d"}, {"a b c d e f g"});
  CHECK(brief.score == Approx(100 * std::exp(-0.75)));
  CHECK(brief.length == 4);
  CHECK(brief.reference_length == 7);
  CHECK(bleu_of({"a b c d e f g"}, {"a b c d"}).brevity_penalty == 1);

  // Papineni et al. 2002, example 2: clipped, 2 of 7.
  CHECK(bleu_of({"the the the the the the the"}, {"The cat is on the mat . the"}).precisions[0] ==
        Approx(100 * 2. / 7));
  // A known one of SacreBLEU's: 4, 2, 1, 0 of 6, 5, 4, 3.
  const Bleu known =
      bleu_of({"am I am a character sequence"}, {"I am a symbol string sequence a a"});
  CHECK(known.precisions[0] == Approx(400. / 6));
  CHECK(known.precisions[1] == Approx(40));
  CHECK(known.precisions[2] == Approx(25));
  CHECK(known.precisions[3] == 0);
  CHECK(known.score == 0);
}

TEST_CASE("bleu: over a corpus counts are summed, not scores") {
  // Runs found: 5 of 6 and 4 of 4 words; 3/5 and 3/3; 2/4 and 2/2; 1/3 and 1/1.
  const Bleu both =
      bleu_of({"the cat sat on the mat", "a b c d"}, {"the cat sat on a mat", "a b c d e f"});
  CHECK(both.score ==
        Approx(100 * std::exp(1 - 12. / 10) * std::pow(9. / 10 * 6. / 8 * 4. / 6 * 2. / 4, 0.25)));
  // Runs do not cross lines, and what one line has too much does not help another.
  CHECK(bleu_of({"a b", "c d"}, {"x a", "b c d"}).precisions[1] == Approx(50));
  CHECK(bleu_of({"a a", "b b"}, {"b b", "a a"}).precisions[0] == 0);
  const Bleu with_empty = bleu_of({"", "a b c d"}, {"x y", "a b c d"});
  CHECK(with_empty.score == Approx(100 * std::exp(1 - 6. / 4)));
}

TEST_CASE("bleu: case, nothing at all, unequal numbers of lines") {
  CHECK(bleu_of({"Ein Hund Über Äpfel"}, {"ein hund über äpfel"}).score == 0);
  const Bleu small = bleu_of({"Ein Hund Über Äpfel"}, {"ein hund über äpfel"}, true);
  CHECK(small.score == Approx(100));
  CHECK(small.summary().ends_with("mteval-v13a, lower case)"));
  for (const Strings& translations : {Strings{""}, Strings{"a b c"}}) {
    const Bleu none = bleu_of(translations, {"a b c d"});
    CHECK(none.score == 0);
    CHECK(std::isfinite(none.brevity_penalty));
  }
  CHECK(bleu_of({""}, {""}).score == 0);
  CHECK_THROWS_WITH_AS(bleu_of({"a"}, {"a", "b"}), doctest::Contains("1 translations and 2"),
                       DataError);
  CHECK_THROWS_AS(bleu_of({}, {}), DataError);
}

TEST_CASE("bleu: of a sentence, one run more found and in all of two words and longer") {
  // Runs found: 5 of 6 words, 3 of 5, 2 of 4, 1 of 3.
  CHECK(sentence_bleu("the cat sat on the mat", "the cat sat on a mat") ==
        Approx(100 * std::pow(5. / 6 * 4. / 6 * 3. / 5 * 2. / 4, 0.25)));
  // Shorter than the reference; no run of three words found.
  CHECK(sentence_bleu("a b x d", "a b c d e") ==
        Approx(100 * std::exp(1 - 5. / 4) * std::pow(3. / 4 * 2. / 4 * 1. / 3 * 1. / 2, 0.25)));
  CHECK(sentence_bleu("yes", "yes") == 100);
  CHECK(sentence_bleu("", "") == 100);
  CHECK(sentence_bleu("", "a b") == 0);
  CHECK(sentence_bleu("a b", "") == 0);
  CHECK(sentence_bleu("x y z", "a b c") == 0);
  CHECK(sentence_bleu("A B C D", "a b c d") == 0);
  CHECK(sentence_bleu("A B C D", "a b c d", true) == Approx(100));
}

}  // namespace abax

// A probabilistic grammar as a source of text whose entropy is known exactly.
//
//     TextSource coin({{"toss", {{1, "heads ."}, {3, "tails ."}}}});
//     coin.sample(random, 1000);     // "Heads.\nTails.\nTails.\n...", at least 1000 characters
//     coin.nats("Tails.\n");         // -log p of each character given all before it; here the
//                                    // first costs log(4/3), all others nothing
//
// A text is a sequence of independent sentences, a line each. The grammar is compiled to a finite
// automaton over words, whose states are what is left to be derived. The constructor sees to it
// that no state offers a word twice and that words cannot run into each other: each text then has
// exactly one derivation, so that the entropy of derivations is the entropy of texts. Of
// characters, though, several words may still be possible at a time ("cat", "cats"); the forward
// algorithm (Rabiner 1989, eq. 19-21) sums over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "models/data/text/tokenizer.h"

namespace abax::data {

/// What a rule's name may become. The body holds words of letters, "," and, at the end of a
/// sentence, one of . ! ?, and names of rules in angle brackets, all separated by spaces; it may be
/// empty. A body's probability is its weight over the sum of the weights of its rule.
struct Alternative {
  double weight = 1;
  std::string_view body;
};
struct Rule {
  std::string_view name;
  std::vector<Alternative> alternatives;
};

class TextSource {
 public:
  /// The first rule derives a sentence. Throws UsageError on: an unknown name, a weight that is not
  /// positive, a word with other characters, sentences that do not end with . ! or ?, an ambiguity,
  /// a recursion that is not at the end of a body (it needs infinitely many states) or never ends.
  explicit TextSource(const std::vector<Rule>& rules);

  /// Whole sentences, the last of which reaches or passes `characters`.
  std::string sample(Random& random, std::int64_t characters) const;

  /// Expected values of one sentence: entropy in nats; characters with the line feed; words with
  /// one end-of-line token, as TokenKind::words counts them.
  double sentence_entropy() const { return expected_[0].entropy; }
  double sentence_characters() const { return expected_[0].characters; }
  double sentence_words() const { return expected_[0].words; }
  /// The entropy rate of the source in nats a token: the least loss that any model can expect.
  /// Throws UsageError for subwords, whose number depends on their vocabulary.
  double entropy_rate(TokenKind kind) const;

  /// -log p in nats of each character, given all before it, for a text that starts with a sentence.
  /// Throws DataError with the offset of a character that cannot come from the source.
  std::vector<double> nats(std::string_view text) const;

  /// The mean -log p in nats over the tokens of this very text, save the first, which is given:
  /// what a model that knew the source would report as its loss. The text is whole sentences, at
  /// least one word and its white space. Throws as nats() and entropy_rate() do, and on a text with
  /// fewer than two tokens.
  double loss(std::string_view text, TokenKind kind) const;

  int states() const { return static_cast<int>(states_.size()); }

 private:
  struct Transition {
    std::string text;  // " cat", ",", ".\n"; at the start of a sentence "Cat"
    double probability = 0;
    int next = 0;  // state
  };
  struct Expected {
    double entropy = 0, characters = 0, words = 0;
  };
  void solve();

  std::vector<std::vector<Transition>> states_;  // 0: the start of a sentence
  std::vector<Expected> expected_;               // by state, up to the end of the sentence
};

}  // namespace abax::data

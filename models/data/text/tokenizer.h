// Tokenisers: text to token numbers and back.
//
//     Tokenizer words = Tokenizer::words(train_text, /*limit=*/10000);
//     std::vector<std::int32_t> tokens = words.encode("the cat sat\n");
//     std::string back = words.decode(tokens);
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/data/text/subword_model.h"
#include "models/data/text/utf8.h"
#include "models/data/text/words.h"

namespace abax::data {

/// What a token stands for:
/// - bytes: one of the 256 bytes; every text can be encoded;
/// - characters: one Unicode code point;
/// - words: what stands between white space (Unicode's, as Python's str.split() does), or "<eos>"
///   for a line feed, as is usual for Penn Treebank and WikiText;
/// - subwords: parts of words, from byte pair encoding (SubwordModel), or "<eos>" for a line feed;
///   all other white space counts as a single space between words, and as none at the ends of a
///   line.
/// All but bytes have token 0, "<unk>", for all that is not in the vocabulary. Characters and words
/// are in falling order of their count in the text that the vocabulary was made from, equals in
/// byte order.
enum class TokenKind : std::uint8_t { bytes, characters, words, subwords };

std::string_view name_of(TokenKind kind);
/// Throws UsageError on an unknown name, listing the known ones.
TokenKind token_kind(std::string_view name);

/// What happens to a text before it is cut into tokens; kept with the vocabulary. Not for bytes.
struct TextRules {
  bool lower_case = false;  // Latin, Greek and Cyrillic letters: see models/data/text/unicode.h
  bool split_punctuation = false;  // words only: see split_words() in models/data/text/words.h
  friend bool operator==(const TextRules&, const TextRules&) = default;
};

class Tokenizer {
 public:
  static Tokenizer bytes();
  /// `limit`: at most so many tokens, "<unk>" and "<eos>" included; 0 for no limit. Both throw
  /// UsageError on a limit below 2 and DataError on a text without any character or word.
  static Tokenizer characters(std::string_view text, std::int64_t limit = 0);
  static Tokenizer words(std::string_view text, std::int64_t limit = 0);
  /// `vocabulary`: at most so many tokens, fewer for a small text; 0 for 8,000. Throws UsageError
  /// where it is too small for the characters of the text, DataError on a text without any.
  static Tokenizer subwords(std::string_view text, std::int64_t vocabulary = 0);
  /// By kind; bytes take no notice of text and limit. Throws UsageError on rules that the kind does
  /// not have.
  static Tokenizer make(TokenKind kind, std::string_view text, std::int64_t limit = 0,
                        TextRules rules = {});

  TokenKind kind() const { return kind_; }
  const TextRules& rules() const { return rules_; }
  /// How many tokens there are: each is at least 0 and below this.
  std::int64_t vocabulary() const { return static_cast<std::int64_t>(pieces_.size()); }
  /// What a token stands for: "e", "cat", "<unk>", the single byte. Throws UsageError out of range.
  const std::string& piece(std::int32_t token) const;

  /// `text` must be UTF-8, save for bytes. Throws DataError with the byte offset where it is not.
  std::vector<std::int32_t> encode(std::string_view text) const;

  /// The text of tokens: always UTF-8, with U+FFFD for broken sequences of bytes and for the
  /// "<unk>" of characters and subwords; words are joined as WordJoiner does. Throws UsageError on
  /// a token out of range.
  std::string decode(std::span<const std::int32_t> tokens) const;

  /// As JSON lines: a header ({"tokenizer":"words","vocabulary":10000}; rules that are on as
  /// "lower_case":true), then a string a line; of subwords one string, the model in base64.
  std::string to_text() const;
  /// Throws DataError on anything that to_text() would not write.
  static Tokenizer from_text(std::string_view text);

 private:
  Tokenizer(TokenKind kind, TextRules rules, std::vector<std::string> pieces);
  Tokenizer(TextRules rules, SubwordModel model);

  /// Finds a piece by a view of it, without making a string.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view piece) const {
      return std::hash<std::string_view>{}(piece);
    }
  };

  TokenKind kind_;
  TextRules rules_;
  std::optional<SubwordModel> subwords_;
  std::vector<std::string> pieces_;                                              // by token
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> tokens_;  // piece -> token
};

/// Decodes token by token: gives out text as soon as it is certain.
class TokenDecoder {
 public:
  /// The tokeniser must outlive it.
  explicit TokenDecoder(const Tokenizer& tokenizer)
      : tokenizer_(&tokenizer), words_(tokenizer.rules().split_punctuation) {}
  explicit TokenDecoder(Tokenizer&&) = delete;
  std::string next(std::int32_t token);
  /// What is left of an unfinished character.
  std::string finish() { return joiner_.finish(); }

 private:
  const Tokenizer* tokenizer_;
  Utf8Joiner joiner_;
  WordJoiner words_;
  bool line_start_ = true;  // of subwords: no space goes before the next one
};

}  // namespace abax::data

// Tokenisers: splitting text, counting pieces, vocabularies as text.
#include "models/data/text/tokenizer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/function_ref.h"
#include "core/base/text.h"
#include "core/io/json.h"
#include "models/data/text/base64.h"
#include "models/data/text/text.h"
#include "models/data/text/unicode.h"
#include "models/data/text/utf8.h"

namespace abax::data {
namespace {

constexpr std::array<std::string_view, 4> kind_names = {"bytes", "characters", "words", "subwords"};
constexpr std::string_view unknown = "<unk>";
constexpr std::string_view subword_space = "\u2581";
constexpr std::int32_t subword_end_of_line = 1;
constexpr std::int64_t default_subwords = 8000;

using Visit = FunctionRef<void(std::string_view piece)>;

void split(TokenKind kind, const TextRules& rules, std::string_view all, Visit visit) {
  if (kind == TokenKind::words) return split_words(all, rules.split_punctuation, visit);
  const std::size_t one_byte = kind == TokenKind::bytes ? 1 : 0;
  for (std::size_t offset = 0; offset < all.size();) {
    const std::string_view piece =
        one_byte ? all.substr(offset, one_byte) : character_at(all, offset);
    visit(piece);
    offset += piece.size();
  }
}

/// The text as the rules have it; `kept` holds it where it differs from the original.
std::string_view normalised(const TextRules& rules, std::string_view all, std::string& kept) {
  if (!rules.lower_case) return all;
  kept = lower_case(all);
  return kept;
}

void check_rules(TokenKind kind, const TextRules& rules) {
  if (rules.lower_case && kind == TokenKind::bytes)
    throw UsageError("bytes are taken as they are: they cannot be made lower case");
  if (rules.split_punctuation && kind != TokenKind::words)
    throw UsageError(str_cat("punctuation is split from words, not from ", name_of(kind)));
}

/// "<unk>", then the pieces of the text, most frequent first.
std::vector<std::string> count_pieces(TokenKind kind, const TextRules& rules, std::string_view all,
                                      std::int64_t limit) {
  if (limit != 0 && limit < 2)
    throw UsageError(
        str_cat("a vocabulary needs at least 2 tokens, not ", limit, " (0: no limit)"));
  std::unordered_map<std::string_view, std::int64_t> counts;
  split(kind, rules, all, [&](std::string_view piece) { ++counts[piece]; });
  counts.erase(unknown);
  if (counts.empty())
    throw DataError(str_cat("the text to make a vocabulary from holds no ", name_of(kind)));
  std::vector<std::pair<std::string_view, std::int64_t>> order(counts.begin(), counts.end());
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (limit != 0 && static_cast<std::int64_t>(order.size()) > limit - 1)
    order.resize(static_cast<std::size_t>(limit - 1));
  std::vector<std::string> pieces = {std::string(unknown)};
  for (const auto& [piece, count] : order) pieces.emplace_back(piece);
  return pieces;
}

std::vector<std::string> all_bytes() {
  std::vector<std::string> pieces;
  for (int byte = 0; byte < 256; ++byte) pieces.emplace_back(1, static_cast<char>(byte));
  return pieces;
}

/// Whether a vocabulary may hold the piece: encoding must be able to give it.
bool is_piece(TokenKind kind, const TextRules& rules, const std::string& piece) {
  if (kind == TokenKind::words && piece == end_of_line) return true;
  int count = 0;
  bool whole = false;
  split(kind, rules, piece, [&](std::string_view part) {
    ++count;
    whole = part == piece;
  });
  return count == 1 && whole;
}

bool flag(const Json& header, std::string_view key) {
  const Json* found = header.find(key);
  return found != nullptr && found->boolean();
}

}  // namespace

std::string_view name_of(TokenKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

TokenKind token_kind(std::string_view name) {
  const auto* found = std::ranges::find(kind_names, name);
  if (found == kind_names.end())
    throw UsageError(
        str_cat("unknown tokens '", name, "' (known: bytes, characters, words, subwords)"));
  return static_cast<TokenKind>(found - kind_names.begin());
}

Tokenizer::Tokenizer(TokenKind kind, TextRules rules, std::vector<std::string> pieces)
    : kind_(kind), rules_(rules), pieces_(std::move(pieces)) {
  for (std::size_t i = 0; i < pieces_.size(); ++i)
    if (!tokens_.emplace(pieces_[i], static_cast<std::int32_t>(i)).second)
      throw DataError(str_cat("the vocabulary holds '", pieces_[i], "' twice"));
}

Tokenizer::Tokenizer(TextRules rules, SubwordModel model)
    : kind_(TokenKind::subwords),
      rules_(rules),
      subwords_(std::move(model)),
      pieces_(subwords_->pieces()) {}

Tokenizer Tokenizer::bytes() { return {TokenKind::bytes, {}, all_bytes()}; }

Tokenizer Tokenizer::characters(std::string_view text, std::int64_t limit) {
  return make(TokenKind::characters, text, limit);
}

Tokenizer Tokenizer::words(std::string_view text, std::int64_t limit) {
  return make(TokenKind::words, text, limit);
}

Tokenizer Tokenizer::subwords(std::string_view text, std::int64_t vocabulary) {
  return make(TokenKind::subwords, text, vocabulary);
}

Tokenizer Tokenizer::make(TokenKind kind, std::string_view text, std::int64_t limit,
                          TextRules rules) {
  check_rules(kind, rules);
  if (kind == TokenKind::bytes) return bytes();
  std::string kept;
  const std::string_view all = normalised(rules, text, kept);
  if (kind == TokenKind::subwords)
    return {rules, SubwordModel::train(all, limit == 0 ? default_subwords : limit)};
  return {kind, rules, count_pieces(kind, rules, all, limit)};
}

const std::string& Tokenizer::piece(std::int32_t token) const {
  if (token < 0 || token >= vocabulary())
    throw UsageError(str_cat("token ", token, " is outside the vocabulary of ", vocabulary()));
  return pieces_[static_cast<std::size_t>(token)];
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  std::string kept;
  std::string_view left = normalised(rules_, text, kept);
  std::vector<std::int32_t> tokens;
  if (subwords_) {
    if (const std::size_t offset = find_invalid_utf8(left); offset != left.npos)
      character_at(left, offset);
    while (!left.empty()) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      subwords_->encode(single_spaced(left.substr(0, end)), tokens);
      if (end < left.size()) tokens.push_back(subword_end_of_line);
      left.remove_prefix(std::min(end + 1, left.size()));
    }
    return tokens;
  }
  split(kind_, rules_, left, [&](std::string_view piece) {
    const auto found = tokens_.find(piece);
    tokens.push_back(found == tokens_.end() ? 0 : found->second);
  });
  return tokens;
}

std::string Tokenizer::decode(std::span<const std::int32_t> tokens) const {
  TokenDecoder decoder(*this);
  std::string result;
  for (const std::int32_t token : tokens) result += decoder.next(token);
  return result + decoder.finish();
}

std::string Tokenizer::to_text() const {
  Json::Object header{{"tokenizer", name_of(kind_)}, {"vocabulary", vocabulary()}};
  if (rules_.lower_case) header.emplace_back("lower_case", true);
  if (rules_.split_punctuation) header.emplace_back("split_punctuation", true);
  std::string result = abax::to_text(header) + "\n";
  if (kind_ == TokenKind::bytes) return result;
  if (subwords_) return result + abax::to_text(Json(to_base64(subwords_->serialized()))) + "\n";
  for (const std::string& piece : pieces_) result += abax::to_text(Json(piece)) + "\n";
  return result;
}

Tokenizer Tokenizer::from_text(std::string_view all) {
  std::int64_t number = 1;
  try {
    const std::vector<std::string_view> lines = lines_of(all);
    if (lines.empty()) throw DataError("it is empty");
    const Json header = parse_json(lines[0]);
    const TokenKind kind = token_kind(header.at("tokenizer").string());
    const std::uint64_t vocabulary = header.at("vocabulary").natural();
    const TextRules rules{flag(header, "lower_case"), flag(header, "split_punctuation")};
    check_rules(kind, rules);
    std::vector<std::string> strings;
    for (const std::string_view line : std::span(lines).subspan(1)) {
      ++number;
      strings.push_back(parse_json(line).string());
      const bool fits =
          kind == TokenKind::subwords ||
          (number == 2 ? strings.back() == unknown : is_piece(kind, rules, strings.back()));
      if (kind == TokenKind::bytes || !fits)
        throw DataError(str_cat("'", strings.back(), "' is no token of ", name_of(kind), " here"));
    }
    const auto made = [&]() -> Tokenizer {
      if (kind == TokenKind::bytes) return bytes();
      if (kind != TokenKind::subwords) return {kind, rules, std::move(strings)};
      if (strings.size() != 1) throw DataError("expected one line with the subword model");
      return {rules, SubwordModel(from_base64(strings[0]))};
    };
    Tokenizer result = made();
    if (result.pieces_.size() != vocabulary)
      throw DataError(str_cat("expected ", vocabulary, " tokens, found ", result.pieces_.size()));
    return result;
  } catch (const Error& error) {
    throw DataError(
        str_cat("the tokeniser's text cannot be read, line ", number, ": ", error.what()));
  }
}

std::string TokenDecoder::next(std::int32_t token) {
  const std::string& piece = tokenizer_->piece(token);
  switch (tokenizer_->kind()) {
    case TokenKind::bytes:
      return joiner_.push(piece);
    case TokenKind::characters:
      return token == 0 ? std::string(replacement) : piece;
    case TokenKind::words:
      return words_.next(piece);
    case TokenKind::subwords:
      break;
  }
  if (token == subword_end_of_line) {
    line_start_ = true;
    return "\n";
  }
  std::string_view left = token == 0 ? replacement : std::string_view(piece);
  if (line_start_ && left.starts_with(subword_space)) left.remove_prefix(subword_space.size());
  line_start_ = false;
  std::string result;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find(subword_space), left.size());
    result += left.substr(0, end);
    if (end < left.size()) result += ' ';
    left.remove_prefix(std::min(end + subword_space.size(), left.size()));
  }
  return result;
}

}  // namespace abax::data

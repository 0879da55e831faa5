// Tokenisers: splitting text, counting pieces, vocabularies as text.
#include "tools/data/tokenizer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/function_ref.h"
#include "core/base/text.h"
#include "core/io/json.h"

namespace abax::data {
namespace {

constexpr std::array<std::string_view, 3> kind_names = {"bytes", "characters", "words"};
constexpr std::string_view unknown = "<unk>";
constexpr std::string_view end_of_line = "<eos>";
constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// White space as Python's str.isspace() sees it.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

using Visit = FunctionRef<void(std::string_view piece)>;

/// The character at `offset`. Throws DataError where there is none.
std::string_view character_at(std::string_view all, std::size_t offset) {
  const std::size_t length = utf8_length(all.substr(offset));
  if (length == 0) throw DataError(text("the text to encode is not UTF-8 at byte ", offset));
  return all.substr(offset, length);
}

void split_characters(std::string_view all, Visit visit) {
  for (std::size_t offset = 0; offset < all.size();) {
    const std::string_view character = character_at(all, offset);
    visit(character);
    offset += character.size();
  }
}

void split_words(std::string_view all, Visit visit) {
  std::size_t start = 0;  // of the word that is being read
  std::size_t offset = 0;
  const auto end_word = [&] {
    if (offset > start) visit(all.substr(start, offset - start));
  };
  while (offset < all.size()) {
    const std::string_view character = character_at(all, offset);
    if (is_space(code_point(character))) {
      end_word();
      if (character == "\n") visit(end_of_line);
      start = offset + character.size();
    }
    offset += character.size();
  }
  end_word();
}

void split(TokenKind kind, std::string_view all, Visit visit) {
  if (kind == TokenKind::words) return split_words(all, visit);
  if (kind == TokenKind::characters) return split_characters(all, visit);
  for (std::size_t i = 0; i < all.size(); ++i) visit(all.substr(i, 1));
}

/// "<unk>", then the pieces of the text, most frequent first.
std::vector<std::string> count_pieces(TokenKind kind, std::string_view all, std::int64_t limit) {
  if (limit != 0 && limit < 2)
    throw UsageError(text("a vocabulary needs at least 2 tokens, not ", limit, " (0: no limit)"));
  std::unordered_map<std::string_view, std::int64_t> counts;
  split(kind, all, [&](std::string_view piece) { ++counts[piece]; });
  counts.erase(unknown);
  if (counts.empty())
    throw DataError(text("the text to make a vocabulary from holds no ", name_of(kind)));
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
bool is_piece(TokenKind kind, const std::string& piece) {
  int count = 0;
  bool whole = false;
  split(kind, piece, [&](std::string_view part) {
    ++count;
    whole = part == piece;
  });
  return count == 1 && whole;
}

}  // namespace

std::string_view name_of(TokenKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

TokenKind token_kind(std::string_view name) {
  const auto* found = std::ranges::find(kind_names, name);
  if (found == kind_names.end())
    throw UsageError(text("unknown tokens '", name, "' (known: bytes, characters, words)"));
  return static_cast<TokenKind>(found - kind_names.begin());
}

Tokenizer::Tokenizer(TokenKind kind, std::vector<std::string> pieces)
    : kind_(kind), pieces_(std::move(pieces)) {
  for (std::size_t i = 0; i < pieces_.size(); ++i)
    if (!tokens_.emplace(pieces_[i], static_cast<std::int32_t>(i)).second)
      throw DataError(text("the vocabulary holds '", pieces_[i], "' twice"));
}

Tokenizer Tokenizer::bytes() { return {TokenKind::bytes, all_bytes()}; }

Tokenizer Tokenizer::characters(std::string_view text, std::int64_t limit) {
  return make(TokenKind::characters, text, limit);
}

Tokenizer Tokenizer::words(std::string_view text, std::int64_t limit) {
  return make(TokenKind::words, text, limit);
}

Tokenizer Tokenizer::make(TokenKind kind, std::string_view text, std::int64_t limit) {
  if (kind == TokenKind::bytes) return bytes();
  return {kind, count_pieces(kind, text, limit)};
}

const std::string& Tokenizer::piece(std::int32_t token) const {
  if (token < 0 || token >= vocabulary())
    throw UsageError(text("token ", token, " is outside the vocabulary of ", vocabulary()));
  return pieces_[static_cast<std::size_t>(token)];
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int32_t> tokens;
  split(kind_, text, [&](std::string_view piece) {
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
  std::string result =
      abax::to_text(Json::Object{{"tokenizer", name_of(kind_)}, {"vocabulary", vocabulary()}}) +
      "\n";
  if (kind_ == TokenKind::bytes) return result;
  for (const std::string& piece : pieces_) result += abax::to_text(Json(piece)) + "\n";
  return result;
}

Tokenizer Tokenizer::from_text(std::string_view lines) {
  std::optional<TokenKind> kind;
  std::uint64_t vocabulary = 0;
  std::vector<std::string> pieces;
  int number = 0;
  try {
    while (!lines.empty()) {
      ++number;
      const std::size_t end = std::min(lines.find('\n'), lines.size());
      const Json json = parse_json(lines.substr(0, end));
      lines.remove_prefix(std::min(end + 1, lines.size()));
      if (kind) {
        pieces.push_back(json.string());
        const bool fits = number == 2 ? pieces.back() == unknown : is_piece(*kind, pieces.back());
        if (*kind == TokenKind::bytes || !fits)
          throw DataError(text("'", pieces.back(), "' is no token of ", name_of(*kind), " here"));
      } else {
        kind = token_kind(json.at("tokenizer").string());
        vocabulary = json.at("vocabulary").natural();
      }
    }
    if (!kind) throw DataError("it is empty");
    if (*kind == TokenKind::bytes) pieces = all_bytes();
    if (pieces.size() != vocabulary)
      throw DataError(text("expected ", vocabulary, " tokens, found ", pieces.size()));
    return {*kind, std::move(pieces)};
  } catch (const Error& error) {
    throw DataError(text("the tokeniser's text cannot be read, line ", number, ": ", error.what()));
  }
}

std::string TokenDecoder::next(std::int32_t token) {
  const std::string& piece = tokenizer_->piece(token);
  if (tokenizer_->kind() == TokenKind::bytes) return joiner_.push(piece);
  if (tokenizer_->kind() == TokenKind::characters)
    return token == 0 ? std::string(replacement) : piece;
  const bool ends_line = piece == end_of_line;
  const std::string before = line_start_ || ends_line ? "" : " ";
  line_start_ = ends_line;
  return before + (ends_line ? "\n" : piece);
}

}  // namespace abax::data

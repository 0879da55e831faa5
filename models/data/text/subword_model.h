// Subwords: byte pair encoding (Sennrich et al. 2016) through SentencePiece, whose headers stay in
// the source file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace abax::data {

/// Pieces 0 and 1 are "<unk>" and "<eos>"; encoding never gives the latter. A "\u2581" in a piece
/// stands for a space; each line starts with one. Copies share the model.
class SubwordModel {
 public:
  /// At most `vocabulary` pieces, fewer where the text holds no more pairs worth merging. The
  /// rarest characters, up to 1 in 10,000 of the text, are left to "<unk>". The same text gives the
  /// same model. Throws UsageError where the vocabulary does not even hold the characters,
  /// DataError on a text without any.
  static SubwordModel train(std::string_view text, std::int64_t vocabulary);

  /// From serialized(). Throws DataError where SentencePiece cannot read it. Beyond that nothing of
  /// it is checked: unlike all else in a checkpoint, a model of subwords is to be trusted.
  explicit SubwordModel(std::string serialized);

  const std::string& serialized() const { return serialized_; }
  std::vector<std::string> pieces() const;
  /// Appends the pieces of one line of UTF-8, in which each white space is one space.
  void encode(std::string_view line, std::vector<std::int32_t>& tokens) const;

 private:
  struct Processor;
  std::string serialized_;
  std::shared_ptr<const Processor> processor_;
};

}  // namespace abax::data

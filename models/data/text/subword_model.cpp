// Training and applying subwords with SentencePiece (Kudo and Richardson 2018).
#include "models/data/text/subword_model.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/text/text.h"
#include "models/data/text/utf8.h"
#include "models/data/text/words.h"

namespace abax::data {
namespace {

/// SentencePiece ends the program on a word of more than 65,535 characters.
constexpr std::size_t longest_piece = 16'384;  // in bytes

/// The lines of a text that are not blank, white space made single, long ones in pieces.
class Lines : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(std::string_view text) : lines_(lines_of(text)) { find(); }
  bool done() const override { return piece_.empty(); }
  void Next() override { find(); }
  const std::string& value() const override { return piece_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  void find() {
    for (; left_.empty() && at_ < lines_.size(); left_ = line_)
      line_ = single_spaced(lines_[at_++]);
    std::size_t end = std::min(left_.size(), longest_piece);
    while (end < left_.size() && utf8_length(left_.substr(end)) == 0) --end;
    piece_ = left_.substr(0, end);
    left_.remove_prefix(end);
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
  std::string line_;
  std::string_view left_;  // of the line
  std::string piece_;
};

}  // namespace

struct SubwordModel::Processor {
  sentencepiece::SentencePieceProcessor sentencepiece;
};

SubwordModel SubwordModel::train(std::string_view all, std::int64_t vocabulary) {
  Lines lines(all);
  if (lines.done()) throw DataError("the text to make a vocabulary from holds no subwords");
  std::string serialized;
  const auto status = sentencepiece::SentencePieceTrainer::Train(
      {{"model_type", "bpe"},
       {"vocab_size", std::to_string(vocabulary)},
       {"hard_vocab_limit", "false"},
       {"character_coverage", "0.9999"},
       {"unk_id", "0"},
       {"bos_id", "-1"},
       {"eos_id", "-1"},
       {"pad_id", "-1"},
       {"control_symbols", std::string(end_of_line)},
       {"normalization_rule_name", "identity"},
       {"max_sentence_length", "1000000000"},  // longer lines would be left out
       {"num_threads", "1"},
       {"minloglevel", "2"}},  // errors; it would tell its progress on stderr
      &lines, &serialized);
  if (!status.ok())
    throw UsageError(str_cat("no vocabulary of ", vocabulary, " subwords can be made: ",
                             status.message(), " (a larger vocabulary may help)"));
  return SubwordModel(std::move(serialized));
}

SubwordModel::SubwordModel(std::string serialized) : serialized_(std::move(serialized)) {
  auto processor = std::make_shared<Processor>();
  const auto status = processor->sentencepiece.LoadFromSerializedProto(serialized_);
  if (serialized_.empty() || !status.ok())
    throw DataError(str_cat("the subword model is damaged: ", status.message()));
  processor_ = std::move(processor);
}

std::vector<std::string> SubwordModel::pieces() const {
  std::vector<std::string> result;
  for (int i = 0; i < processor_->sentencepiece.GetPieceSize(); ++i)
    result.push_back(processor_->sentencepiece.IdToPiece(i));
  return result;
}

void SubwordModel::encode(std::string_view line, std::vector<std::int32_t>& tokens) const {
  std::vector<int> pieces;
  const auto status = processor_->sentencepiece.Encode(line, &pieces);
  if (!status.ok())
    throw DataError(str_cat("a line cannot be cut into subwords: ", status.message()));
  tokens.insert(tokens.end(), pieces.begin(), pieces.end());
}

}  // namespace abax::data

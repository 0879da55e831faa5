// Text that goes on from a prompt.
#include <algorithm>
#include <ostream>
#include <span>
#include <sstream>

#include "core/base/error.h"
#include "models/data/gzip.h"
#include "models/data/text/text.h"
#include "models/generation/generator.h"
#include "tools/tasks/language_task.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

/// Where the earliest of the strings begins in the text, or npos.
std::size_t first_stop(const std::string& content, const Words& stop) {
  std::size_t first = std::string::npos;
  for (const std::string& word : stop)
    if (!word.empty()) first = std::min(first, content.find(word));
  return first;
}

/// The rest of a text after a prompt: what is printed at once, and what may yet become the
/// beginning of a string to stop at.
class Continuation {
 public:
  Continuation(const Words& stop, std::ostream& out) : stop_(stop), out_(out) {
    for (const std::string& word : stop) longest_ = std::max(longest_, word.size());
  }
  /// False where the text has come to its end.
  bool add(const std::string& more) {
    held_ += more;
    if (const std::size_t end = first_stop(held_, stop_); end != std::string::npos) {
      out_ << held_.substr(0, end);
      held_.clear();
      return false;
    }
    // As much as could begin such a string stays, cut between characters.
    std::size_t sure = held_.size() - std::min(held_.size(), longest_ > 0 ? longest_ - 1 : 0);
    while (sure > 0 && sure < held_.size() &&
           (static_cast<unsigned char>(held_[sure]) & 0xC0) == 0x80)
      --sure;
    out_ << held_.substr(0, sure) << std::flush;
    held_.erase(0, sure);
    return true;
  }
  void finish() { out_ << held_; }

 private:
  const Words& stop_;
  std::ostream& out_;
  std::size_t longest_ = 0;
  std::string held_;
};

/// The lines of --prompts.
Words prompts_of(const TextGeneration& s, const data::Tokenizer& tokenizer) {
  const bool bytes = tokenizer.kind() == data::TokenKind::bytes;
  const std::string all = bytes ? data::read_bytes(s.prompts) : data::read_text(s.prompts);
  const auto lines = data::lines_of(all);
  return {lines.begin(), lines.end()};
}

/// Names the words of a prompt that the model reads as <unk>.
void tell_unknown(const std::string& prompt, const data::Tokenizer& tokenizer,
                  std::ostream& notes) {
  if (tokenizer.kind() == data::TokenKind::bytes) return;
  std::string unknown;
  std::istringstream in(prompt);
  for (std::string word; in >> word;) {
    const std::vector<std::int32_t> tokens = tokenizer.encode(word);
    if (std::ranges::find(tokens, 0) != tokens.end()) unknown += " " + word;
  }
  if (!unknown.empty())
    notes << "the vocabulary of the model lacks, in whole or in part, and reads as <unk>:"
          << unknown << '\n';
}

}  // namespace

void fields(Fields& f, TextGeneration& s) {
  f.group("Text of a language model");
  f("prompt", s.prompt, "what the text begins with").placeholder("TEXT");
  f("prompts", s.prompts, "a file of such beginnings, one a line, also .gz; - is standard input")
      .placeholder("FILE");
  f("tokens", s.tokens, "how many tokens to make, at most").at_least(0).at_most(1e9);
  f("samples", s.samples, "so many texts, each from the prompt").at_least(1).at_most(1e6);
  f("stop", s.stop, "a text ends before the first of these strings").placeholder("TEXT,...");
  f.part(s.drawing);
  repetition_penalty_field(f, s.drawing.sampling.repetition_penalty);
  f.require(s.prompt.empty() || s.prompts.empty(),
            "--prompt is one beginning, --prompts a file of them: give one of them");
}

void generate_text(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const TextGeneration& s = *settings.get<TextGeneration>();
  const data::Tokenizer tokenizer = language_tokenizer(context.run.files());
  // One token is little work: mostly one thread is best.
  Workers workers(context.threads == 0 ? 1 : static_cast<int>(context.threads));
  Generator generator(context.store, context.run.settings.model, workers);
  const SamplingConfig& sampling = s.drawing.sampling;
  Sampler sampler(sampling);
  Random random = s.drawing.random();
  const Words prompts = s.prompts.empty() ? Words{s.prompt} : prompts_of(s, tokenizer);
  for (const std::string& prompt : prompts) {
    tell_unknown(prompt, tokenizer, context.notes);
    // Without a prompt the text starts as a new line does; the line feed is not printed.
    const std::vector<std::int32_t> tokens = tokenizer.encode(prompt.empty() ? "\n" : prompt);
    if (tokens.empty()) throw UsageError("--prompt: holds no token");
    for (std::int64_t sample = 0; sample < s.samples; ++sample) {
      generator.reset();
      out << prompt;
      data::TokenDecoder decoder(tokenizer);
      Continuation text(s.stop, out);
      std::span<const float> logits;
      std::vector<std::int32_t> before;  // the tokens of the text, each once
      const auto note = [&](std::int32_t token) {
        if (sampling.repetition_penalty != 1 && std::ranges::find(before, token) == before.end())
          before.push_back(token);
      };
      for (const std::int32_t token : tokens) {
        note(token);
        decoder.next(token);  // a word after it needs its space
        logits = generator.next(token);
      }
      bool goes_on = true;
      for (std::int64_t i = 0; i < s.tokens && goes_on; ++i) {
        const std::int32_t token = sampler.draw(logits, random, before);
        note(token);
        goes_on = text.add(decoder.next(token));
        if (goes_on && i + 1 < s.tokens) logits = generator.next(token);
      }
      if (goes_on && text.add(decoder.finish())) text.finish();
      out << '\n';
    }
  }
}

}  // namespace abax

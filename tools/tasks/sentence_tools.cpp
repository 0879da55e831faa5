// New sentences, and sentences to codes and back.
#include <algorithm>
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/generation/interpolation.h"
#include "models/generation/sentence_coder.h"
#include "tools/tasks/classes.h"
#include "tools/tasks/sentence_task.h"
#include "tools/tasks/tasks.h"
#include "tools/tasks/translation_task.h"

namespace abax {
namespace {

constexpr std::int64_t default_samples = 10;
constexpr std::int64_t default_steps = 7;

/// The sentences of --data, or of the run's test part.
data::LabelledText chosen_text(const Words& files, RunContext& context) {
  if (!files.empty()) return data::read_sentences({files.begin(), files.end()});
  const std::unique_ptr<Task> task = open_test(context.run, {}, context.notes);
  return static_cast<const SentenceTask&>(*task).sentences(Part::test);
}

/// The sentences to begin from, as --from, --to and --line say.
std::vector<std::string> given_sentences(const SentenceGeneration& s, RunContext& context) {
  std::vector<std::string> lines;
  for (const std::string& line : {s.from, s.to})
    if (!line.empty()) lines.push_back(line);
  if (s.line.empty()) return lines;
  const data::LabelledText text = chosen_text(s.data, context);
  for (const std::int64_t number : s.line) {
    if (number > static_cast<std::int64_t>(text.size()))
      throw UsageError(str_cat("--line: there are ", text.size(), " sentences, not ", number));
    lines.push_back(text.sentences[static_cast<std::size_t>(number - 1)]);
    context.notes << "line " << number << ": " << lines.back() << '\n';
  }
  return lines;
}

void note_cut(std::int64_t cut, std::ostream& notes) {
  if (cut > 0)
    notes << cut << (cut == 1 ? " line was" : " lines were")
          << " longer than the model reads, and cut to --length of its training\n";
}

/// The sentences of codes, a line each; of several decodings each with the number of its latent.
std::vector<std::string> written(SentenceCoder& coder, const Tensor& codes,
                                 const SentenceWriting& s, bool drawn) {
  std::vector<std::string> lines;
  if (!drawn) {
    const auto found = coder.decode(codes, {.beam = s.beam, .length_penalty = s.length_penalty});
    for (const std::vector<Hypothesis>& best : found) lines.push_back(coder.line_of(best[0]));
    return lines;
  }
  Sampler sampler(s.drawing.sampling);
  Random random = s.drawing.random();
  const std::int64_t times = std::max<std::int64_t>(1, s.decodings);
  std::vector<std::vector<Hypothesis>> found;
  for (std::int64_t i = 0; i < times; ++i) found.push_back(coder.sample(codes, sampler, random));
  for (std::size_t row = 0; row < static_cast<std::size_t>(codes.shape()[0]); ++row)
    for (const std::vector<Hypothesis>& once : found)
      lines.push_back((times > 1 ? str_cat(row + 1, '\t') : "") + coder.line_of(once[row]));
  return lines;
}

}  // namespace

void fields(Fields& f, SentenceWriting& s) {
  f("decodings", s.decodings,
    "so many sentences drawn of each latent, each with its number and a tab where they are "
    "several; 0: of given sentences and codes the likeliest one, of the prior a drawn one")
      .at_least(0)
      .at_most(1 << 16);
  search_fields(f, s.beam, s.length_penalty);
  f.part(s.drawing);
  f.require(s.beam == 1 || s.decodings == 0,
            "--decodings draws, --beam searches: give one of them");
}

void fields(Fields& f, SentenceGeneration& s) {
  f.group("Sentences of an autoencoder");
  count_field(f, s.count, "samples of the prior (0: 10), or steps between two sentences (0: 7)");
  f("from", s.from, "a sentence whose latent is written again, instead of samples of the prior")
      .placeholder("TEXT");
  f("to", s.to,
    "with --from: sentences between the two, their latents on a line, or, of discrete codes, with "
    "more and more of them taken from this one, in random order")
      .placeholder("TEXT");
  f("line", s.line,
    "the same by number, from 1: one or two sentences of --data (a sentence a line) or of the "
    "run's test part")
      .at_least(1);
  test_data_field(f, s.data);
  f.part(s.writing);
  const bool given = !s.from.empty() || !s.line.empty();
  f.require(s.line.empty() || (s.from.empty() && s.to.empty()),
            "--line and --from both give sentences: give one of them");
  f.require(s.line.size() <= 2, "--line takes one sentence, or two to go between");
  f.require(s.to.empty() || !s.from.empty(), "--to is where the way ends that --from begins");
  f.require(s.data.empty() || !s.line.empty(), "--data is where --line finds sentences");
  f.require(
      s.writing.beam == 1 || given,
      "--beam searches, samples of the prior are drawn: --temperature 0 takes their likeliest "
      "words");
}

void fields(Fields& f, SentenceEncoding& s) {
  f.group("Codes of sentences");
  fields(f, s.codes, "sentences");
}

void fields(Fields& f, SentenceDecoding& s) {
  f.group("Sentences of codes");
  codes_field(f, s.codes);
  out_field(f, s.out, "text file to write, a sentence a line; without it they are printed");
  f.part(s.writing);
}

void generate_sentences(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const SentenceGeneration& s = *settings.get<SentenceGeneration>();
  const auto seed = static_cast<std::uint64_t>(s.writing.drawing.seed);
  context.store.set_seed(seed);
  const KnownClasses known = known_classes(context.run.files(), "sentences");
  Workers workers(static_cast<int>(context.threads));
  SentenceCoder coder(context.store, context.run.settings.model, known.tokenizer, s.writing.beam,
                      workers);
  const std::vector<std::string> given = given_sentences(s, context);
  Tensor codes;
  if (given.empty()) {
    codes = coder.prior(s.count > 0 ? s.count : default_samples);
  } else {
    codes = coder.encode(given);
    note_cut(coder.cut_lines(), context.notes);
    const std::int64_t steps = s.count > 0 ? s.count : default_steps;
    if (given.size() == 2 && steps < 2)
      throw UsageError("--count: the way between two sentences takes at least two steps");
    if (given.size() == 2) codes = interpolated_codes(codes, steps, seed);
  }
  out << joined(written(coder, codes, s.writing, given.empty() || s.writing.decodings > 0));
}

void encode_sentences(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const Encoding& s = settings.get<SentenceEncoding>()->codes;
  begin_encoding(s, context);
  const KnownClasses known = known_classes(context.run.files(), "sentences");
  Workers workers(static_cast<int>(context.threads));
  SentenceCoder coder(context.store, context.run.settings.model, known.tokenizer, 1, workers);
  const data::LabelledText text = chosen_text(s.data, context);
  EncodedItems encoded{coder.encode(text.sentences, s.codes()), {}};
  note_cut(coder.cut_lines(), context.notes);
  if (text.classes.size() > 1)
    encoded.labels = text.labels;
  else
    encoded.labels.assign(text.size(), -1);
  write_codes_of(context.run, s.out, coder.shape(), std::move(encoded));
  out << "codes of " << text.size() << " sentences in " << s.out << '\n';
}

void decode_sentences(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const SentenceDecoding& s = *settings.get<SentenceDecoding>();
  if (!s.out.empty()) check_writable(s.out);
  const CodeFile file = read_codes_of(context.run, s.codes, "sentences");
  const KnownClasses known = known_classes(context.run.files(), "sentences");
  Workers workers(static_cast<int>(context.threads));
  SentenceCoder coder(context.store, context.run.settings.model, known.tokenizer, s.writing.beam,
                      workers);
  const std::vector<std::string> lines =
      written(coder, file.codes, s.writing, s.writing.decodings > 0);
  if (s.out.empty()) {
    out << joined(lines);
    return;
  }
  write_file_atomically(s.out, joined(lines));
  out << lines.size() << " sentences in " << s.out << '\n';
}

}  // namespace abax

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

using Labels = SentenceCoder::Labels;

/// Lines, and the label of each.
struct Given {
  std::vector<std::string> lines;
  Labels labels;
};

/// The sentences of --data, or of the run's test part, with labels where the model reads them.
data::LabelledText chosen_text(const Words& files, RunContext& context, const KnownClasses& known) {
  if (files.empty()) {
    const std::unique_ptr<Task> task = open_test(context.run, {}, context.notes);
    return static_cast<const SentenceTask&>(*task).sentences(Part::test);
  }
  data::LabelledText text = data::read_sentences({files.begin(), files.end()});
  if (text.classes.size() == 1)
    text.labels.assign(text.size(), -1);
  else
    check_order(text.classes, known.names);
  return text;
}

/// A label by its name or number.
std::int32_t label_of(const std::string& text, const KnownClasses& known) {
  std::string names;
  for (std::size_t i = 0; i < known.names.size(); ++i) {
    if (text == known.names[i] || text == std::to_string(i)) return static_cast<std::int32_t>(i);
    names += str_cat(names.empty() ? "" : ", ", known.names[i]);
  }
  throw UsageError(str_cat("--label: there is no class '", text, "'; the classes are ", names));
}

/// The sentences to begin from, as --from, --to and --line say.
Given given_sentences(const SentenceGeneration& s, RunContext& context, const KnownClasses& known) {
  Given given;
  for (const std::string& line : {s.from, s.to})
    if (!line.empty()) given.lines.push_back(line);
  given.labels.assign(given.lines.size(), -1);
  if (s.line.empty()) return given;
  const data::LabelledText text = chosen_text(s.data, context, known);
  for (const std::int64_t number : s.line) {
    if (number > static_cast<std::int64_t>(text.size()))
      throw UsageError(str_cat("--line: there are ", text.size(), " sentences, not ", number));
    given.lines.push_back(text.sentences[static_cast<std::size_t>(number - 1)]);
    given.labels.push_back(text.labels[static_cast<std::size_t>(number - 1)]);
    context.notes << "line " << number << ": " << given.lines.back() << '\n';
  }
  return given;
}

void note_cut(std::int64_t cut, std::ostream& notes) {
  if (cut > 0)
    notes << cut << (cut == 1 ? " line was" : " lines were")
          << " longer than the model reads, and cut to --length of its training\n";
}

/// Each so many times.
Labels repeated(const Labels& labels, std::int64_t times) {
  Labels result;
  for (const std::int32_t label : labels)
    result.insert(result.end(), static_cast<std::size_t>(times), label);
  return result;
}

/// The sentences of codes, a line each, behind the name of its row, where it has one, and, of
/// several decodings, the row's number.
std::vector<std::string> written(SentenceCoder& coder, const Tensor& codes, const Labels& labels,
                                 const SentenceWriting& s, bool drawn,
                                 const std::vector<std::string>& names = {}) {
  std::vector<std::string> lines;
  const auto add = [&](std::size_t row, const Hypothesis& sentence, bool numbered) {
    lines.push_back((names.empty() ? "" : names[row] + "\t") +
                    (numbered ? str_cat(row + 1, '\t') : "") + coder.line_of(sentence));
  };
  if (!drawn) {
    const auto found =
        coder.decode(codes, {.beam = s.beam, .length_penalty = s.length_penalty}, labels);
    for (std::size_t row = 0; row < found.size(); ++row) add(row, found[row][0], false);
    return lines;
  }
  Sampler sampler(s.drawing.sampling);
  Random random = s.drawing.random();
  const std::int64_t times = std::max<std::int64_t>(1, s.decodings);
  std::vector<std::vector<Hypothesis>> found;
  for (std::int64_t i = 0; i < times; ++i)
    found.push_back(coder.sample(codes, sampler, random, labels));
  for (std::size_t row = 0; row < static_cast<std::size_t>(codes.shape()[0]); ++row)
    for (const std::vector<Hypothesis>& once : found) add(row, once[row], times > 1);
  return lines;
}

}  // namespace

void fields(Fields& f, SentenceWriting& s) {
  decodings_field(
      f, s.decodings,
      "so many sentences drawn of each latent, each with its number and a tab where they are "
      "several; 0: of given sentences and codes the likeliest one, of the prior a drawn one");
  search_fields(f, s.beam, s.length_penalty);
  f.part(s.drawing);
  f.require(s.beam == 1 || s.decodings == 0,
            "--decodings draws, --beam searches: give one of them");
}

void fields(Fields& f, SentenceGeneration& s) {
  f.group("Sentences of an autoencoder");
  count_field(f, s.count,
              "samples of the prior, of each label (0: 10), or steps between two sentences (0: 7)");
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
  label_field(
      f, s.label,
      "of a model that writes by label: classes, by name or number; without it each of them "
      "once, of given sentences their own")
      .placeholder("CLASS,...");
  f.part(s.writing);
  const bool given = !s.from.empty() || !s.line.empty();
  f.require(s.line.empty() || (s.from.empty() && s.to.empty()),
            "--line and --from both give sentences: give one of them");
  f.require(s.line.size() <= 2, "--line takes one sentence, or two to go between");
  f.require(s.to.empty() || !s.from.empty(), "--to is where the way ends that --from begins");
  f.require(s.data.empty() || !s.line.empty(), "--data is where --line finds sentences");
  f.require(s.writing.beam == 1 || given,
            "--beam searches, samples of the prior are drawn: --temperature 0 takes their "
            "likeliest words");
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
  const ModelSettings& model = context.run.settings.model;
  const auto seed = static_cast<std::uint64_t>(s.writing.drawing.seed);
  context.store.set_seed(seed);
  const KnownClasses known = known_classes(context.run.files(), "sentences");
  Workers workers(static_cast<int>(context.threads));
  SentenceCoder coder(context.store, model, known.tokenizer, s.writing.beam, workers);
  if (!s.label.empty() && !coder.reads_labels())
    throw UsageError(str_cat("--label: this ", model.name(), " does not write by label"));
  Labels labels;
  for (const std::string& label : s.label) labels.push_back(label_of(label, known));
  const Given given = given_sentences(s, context, known);
  Tensor codes;
  if (given.lines.empty()) {
    std::int64_t each = s.count > 0 ? s.count : default_samples;
    if (coder.reads_labels() && labels.empty()) {
      if (s.count == 0) each = 1;
      for (std::size_t i = 0; i < known.names.size(); ++i)
        labels.push_back(static_cast<std::int32_t>(i));
    }
    labels = repeated(labels, each);
    codes = coder.prior(labels.empty() ? each : std::ssize(labels));
    context.notes << prior_note(model);
  } else {
    codes = coder.encode(given.lines, Codes::likeliest, given.labels);
    note_cut(coder.cut_lines(), context.notes);
    const std::int64_t steps = s.count > 0 ? s.count : default_steps;
    if (given.lines.size() == 2 && steps < 2)
      throw UsageError("--count: the way between two sentences takes at least two steps");
    if (given.lines.size() == 2) codes = interpolated_codes(codes, steps, seed);
    if (labels.size() > 1)
      throw UsageError("--label: given sentences are written again as of one class");
    // Without another label all are of the first sentence's.
    const std::int32_t label = labels.empty() ? given.labels[0] : labels[0];
    labels.assign(static_cast<std::size_t>(codes.shape()[0]), label);
  }
  std::vector<std::string> names;
  if (given.lines.empty())
    for (const std::int32_t label : labels)
      names.push_back(known.names[static_cast<std::size_t>(label)]);
  const bool drawn = given.lines.empty() || s.writing.decodings > 0;
  out << joined(written(coder, codes, labels, s.writing, drawn, names));
}

void encode_sentences(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const Encoding& s = settings.get<SentenceEncoding>()->codes;
  begin_encoding(s, context);
  const KnownClasses known = known_classes(context.run.files(), "sentences");
  Workers workers(static_cast<int>(context.threads));
  SentenceCoder coder(context.store, context.run.settings.model, known.tokenizer, 1, workers);
  const data::LabelledText text = chosen_text(s.data, context, known);
  EncodedItems encoded{coder.encode(text.sentences, s.codes(), text.labels), text.labels};
  if (text.classes.size() == 1) encoded.labels.assign(text.size(), -1);
  note_cut(coder.cut_lines(), context.notes);
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
      written(coder, file.codes, file.labels, s.writing, s.writing.decodings > 0);
  if (s.out.empty()) {
    out << joined(lines);
    return;
  }
  write_file_atomically(s.out, joined(lines));
  out << lines.size() << " sentences in " << s.out << '\n';
}

}  // namespace abax

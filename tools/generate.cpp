// abax-generate: samples text from a language model, or translates lines.
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/generator.h"
#include "models/registry.h"
#include "models/sampling.h"
#include "models/translator.h"
#include "tools/data/text.h"
#include "tools/exit_codes.h"
#include "tools/option_set.h"
#include "tools/saved_run.h"
#include "tools/tasks/language_task.h"
#include "tools/tasks/translation_task.h"

namespace abax {
namespace {

struct GenerateOptions {
  std::string checkpoint;
  std::string prompt;
  std::string source;
  std::int64_t tokens = 500;
  std::int64_t seed = 1;
  std::int64_t threads = 0;
  double temperature = 1;
  std::int64_t top_k = 0;
  double top_p = 1;
  bool sample = false;
  std::int64_t beam = 1;
  std::int64_t n_best = 1;
  double length_penalty = 1;
};

OptionSet option_set(GenerateOptions& o) {
  OptionSet set(
      "generate",
      "Samples text from a checkpoint of abax-train; or, with an encoder-decoder, makes a "
      "line from each line of a file.");
  set.group("Model");
  set.add("checkpoint", &o.checkpoint,
          "folder of a run, whose best checkpoint is taken, or of a checkpoint (needed)")
      .placeholder("FOLDER");
  set.group("Text of a language model");
  set.add("prompt", &o.prompt, "what the text begins with").placeholder("TEXT");
  set.add("tokens", &o.tokens, "how many tokens to make").at_least(0).at_most(1e9);
  set.group("Lines of an encoder-decoder");
  set.add("source", &o.source, "lines to translate, also .gz; one line comes out for each")
      .placeholder("FILE");
  set.add("beam", &o.beam, "hypotheses that are kept; 1 takes the likeliest token each time")
      .at_least(1)
      .at_most(1000);
  set.add("n-best", &o.n_best,
          "so many a line, best first, as: number of the line, score, text, with tabs between")
      .at_least(1);
  set.add("length-penalty", &o.length_penalty,
          "scores are log-probabilities over length to this power; more favours long ones")
      .at_least(0);
  set.add("sample", &o.sample, "draw translations, as the options below say");
  set.group("Sampling");
  set.add("temperature", &o.temperature, "below 1 bolder, above 1 wilder; 0 takes the likeliest")
      .at_least(0);
  set.add("top-k", &o.top_k, "draw among the k likeliest tokens; 0: all").at_least(0);
  set.add("top-p", &o.top_p, "draw among the likeliest tokens that reach this probability")
      .above(0)
      .at_most(1);
  set.add("seed", &o.seed, "of the random draws").at_least(0);
  set.group("Run");
  set.add("threads", &o.threads, "0: one for a text, for lines as many as this process may use")
      .at_least(0);
  return set;
}

SamplingConfig sampling(const GenerateOptions& o) {
  return {.temperature = static_cast<float>(o.temperature),
          .top_k = static_cast<int>(o.top_k),
          .top_p = static_cast<float>(o.top_p)};
}

Random draws(const GenerateOptions& o) {
  return Random(stream_key(static_cast<std::uint64_t>(o.seed), "generate", "sample"));
}

/// Feeds the prompt, then writes what follows, token by token.
void write_text(const GenerateOptions& o, const SavedRun& run, Variables& store,
                std::ostream& out) {
  if (!o.source.empty() || o.beam > 1 || o.n_best > 1 || o.sample)
    throw UsageError(text("--source, --beam, --n-best and --sample are for encoder-decoders; ",
                          run.options.model, " goes on with a --prompt"));
  const data::Tokenizer tokenizer = language_tokenizer(run.files());
  // One token is little work: mostly one thread is best.
  Workers workers(o.threads == 0 ? 1 : static_cast<int>(o.threads));
  Generator generator(store, run.options.model, run.sizes(), workers);
  Sampler sampler(sampling(o));
  Random random = draws(o);

  // Without a prompt the text starts as a new line does; the line feed is not printed.
  const std::vector<std::int32_t> prompt = tokenizer.encode(o.prompt.empty() ? "\n" : o.prompt);
  if (prompt.empty()) throw UsageError("--prompt: holds no token");
  out << o.prompt;
  data::TokenDecoder decoder(tokenizer);
  std::span<const float> logits;
  for (const std::int32_t token : prompt) {
    decoder.next(token);  // a word after it needs its space
    logits = generator.next(token);
  }
  for (std::int64_t i = 0; i < o.tokens; ++i) {
    const std::int32_t token = sampler.draw(logits, random);
    out << decoder.next(token) << std::flush;
    if (i + 1 < o.tokens) logits = generator.next(token);
  }
  out << decoder.finish() << '\n';
}

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream in(data::read_text(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

void write_lines(const GenerateOptions& o, const SavedRun& run, Variables& store,
                 std::ostream& out) {
  if (o.source.empty())
    throw UsageError(text("--source: ", run.options.model, " needs a file with lines to read"));
  if (!o.prompt.empty()) throw UsageError("--prompt is for language models");
  if (o.n_best > o.beam)
    throw UsageError(text("--n-best: ", o.n_best, " of a beam of ", o.beam, "; raise --beam"));
  if (o.sample && o.beam > 1) throw UsageError("--sample draws, --beam searches: give one of them");
  const PairTokenizers tokenizers = pair_tokenizers(run.files());
  Workers workers(static_cast<int>(o.threads));
  Sampler sampler(sampling(o));
  Random random = draws(o);
  LineTranslator translator(store, run.sizes(), tokenizers, o.beam, workers);
  const std::vector<std::string> lines = lines_of(o.source);
  const BeamConfig search{.beam = o.beam, .n_best = o.n_best, .length_penalty = o.length_penalty};
  const auto found =
      o.sample ? translator.sample(lines, sampler, random) : translator.translate(lines, search);
  for (std::size_t line = 0; line < found.size(); ++line)
    for (const Hypothesis& hypothesis : found[line]) {
      if (o.n_best > 1) out << line + 1 << '\t' << hypothesis.score << '\t';
      out << line_of(hypothesis, tokenizers) << '\n';
    }
}

void generate(const GenerateOptions& o, std::ostream& out) {
  const SavedRun run = open_run(o.checkpoint, Which::best);
  Variables store;
  create_for_use(run, store);
  switch (model(run.options.model).task) {
    case TaskKind::language:
      return write_text(o, run, store, out);
    case TaskKind::translation:
      return write_lines(o, run, store, out);
    case TaskKind::classification:
    case TaskKind::images:
    case TaskKind::codes:
      break;
  }
  throw UsageError(text(run.options.model, " decides on classes and makes no text; see evaluate"));
}

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("generate", [&] {
    GenerateOptions options;
    OptionSet set = option_set(options);
    if (!set.parse(argc, argv, std::cout)) return int{exit_ok};
    if (options.checkpoint.empty())
      throw UsageError("which model? give --checkpoint FOLDER (--help shows all options)");
    generate(options, std::cout);
    return int{exit_ok};
  });
}

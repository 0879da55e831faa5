// abax-generate: samples text from a checkpoint.
#include <iostream>
#include <string>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/generator.h"
#include "models/sampling.h"
#include "tools/exit_codes.h"
#include "tools/option_set.h"
#include "tools/saved_run.h"
#include "tools/tasks/language_task.h"

namespace abax {
namespace {

struct GenerateOptions {
  std::string checkpoint;
  std::string prompt;
  std::int64_t tokens = 500;
  std::int64_t seed = 1;
  std::int64_t threads = 1;
  double temperature = 1;
  std::int64_t top_k = 0;
  double top_p = 1;
};

OptionSet option_set(GenerateOptions& o) {
  OptionSet set("generate", "Samples text from a checkpoint of abax-train.");
  set.group("Model");
  set.add("checkpoint", &o.checkpoint, "folder of a run, or of one of its checkpoints (needed)")
      .placeholder("FOLDER");
  set.group("Text");
  set.add("prompt", &o.prompt, "what the text begins with").placeholder("TEXT");
  set.add("tokens", &o.tokens, "how many tokens to make").at_least(0).at_most(1e9);
  set.group("Sampling");
  set.add("temperature", &o.temperature, "below 1 bolder, above 1 wilder; 0 takes the likeliest")
      .at_least(0);
  set.add("top-k", &o.top_k, "draw among the k likeliest tokens; 0: all").at_least(0);
  set.add("top-p", &o.top_p, "draw among the likeliest tokens that reach this probability")
      .above(0)
      .at_most(1);
  set.add("seed", &o.seed, "of the random draws").at_least(0);
  set.group("Run");
  set.add("threads", &o.threads, "one token is little work: one thread is mostly best").at_least(0);
  return set;
}

/// Feeds the prompt, then writes what follows, token by token.
void generate(const GenerateOptions& o, std::ostream& out) {
  const SavedRun run = open_run(o.checkpoint, Which::best);
  const data::Tokenizer tokenizer = language_tokenizer(run.files());
  Variables store;
  create_for_use(run, store);
  Workers workers(static_cast<int>(o.threads));
  Generator generator(store, run.options.model, run.sizes(), workers);
  Sampler sampler({.temperature = static_cast<float>(o.temperature),
                   .top_k = static_cast<int>(o.top_k),
                   .top_p = static_cast<float>(o.top_p)});
  Random random(stream_key(static_cast<std::uint64_t>(o.seed), "generate", "sample"));

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
    logits = generator.next(token);
  }
  out << decoder.finish() << '\n';
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

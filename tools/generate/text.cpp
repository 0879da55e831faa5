// Text that goes on from a prompt.
#include <ostream>

#include "core/base/error.h"
#include "models/generation/generator.h"
#include "tools/generate/generate.h"
#include "tools/tasks/language_task.h"

namespace abax {

void generate_text(const GenerateOptions& o, const SavedRun& run, Variables& store,
                   std::ostream& out) {
  expect_options(o, Output::text, run.options.model);
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

}  // namespace abax

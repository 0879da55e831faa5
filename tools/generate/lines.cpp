// Lines made from lines.
#include <ostream>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/text/text.h"
#include "models/generation/translator.h"
#include "tools/generate/generate.h"
#include "tools/tasks/translation_task.h"

namespace abax {
namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream in(data::read_text(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

void generate_lines(const GenerateOptions& o, const SavedRun& run, Variables& store,
                    std::ostream& out) {
  expect_options(o, Output::lines, run.options.model);
  if (o.source.empty())
    throw UsageError(text("--source: ", run.options.model, " needs a file with lines to read"));
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

}  // namespace abax

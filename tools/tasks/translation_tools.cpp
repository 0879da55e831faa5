// Lines made from lines.
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "tools/tasks/tasks.h"
#include "tools/tasks/translation_task.h"

namespace abax {

void search_fields(Fields& f, std::int64_t& beam, double& length_penalty) {
  f("beam", beam, "hypotheses that are kept; 1 takes the likeliest token each time")
      .at_least(1)
      .at_most(1000);
  f("length-penalty", length_penalty,
    "scores are log-probabilities over length to this power; more favours long ones")
      .at_least(0);
}

void fields(Fields& f, LineGeneration& s) {
  f.group("Lines of an encoder-decoder");
  source_field(f, s.source, "lines to translate, also .gz; one line comes out for each");
  search_fields(f, s.beam, s.length_penalty);
  f("n-best", s.n_best,
    "so many a line, best first, as: number of the line, score, text, with tabs between")
      .at_least(1);
  f("sample", s.sample, "draw translations, as the options below say");
  if (s.sample) f.part(s.drawing);
  f.require(s.n_best <= s.beam,
            str_cat("--n-best: ", s.n_best, " of a beam of ", s.beam, "; raise --beam"));
  f.require(!s.sample || s.beam == 1, "--sample draws, --beam searches: give one of them");
}

void generate_lines(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const LineGeneration& s = *settings.get<LineGeneration>();
  const PairTokenizers tokenizers = pair_tokenizers(context.run.files());
  Workers workers(static_cast<int>(context.threads));
  LineTranslator translator(context.store, context.run.settings.model, tokenizers, s.beam, workers);
  const std::vector<std::string> lines = lines_of_file(s.source);
  const BeamConfig search{.beam = s.beam, .n_best = s.n_best, .length_penalty = s.length_penalty};
  Sampler sampler(s.drawing.sampling);
  Random random = s.drawing.random();
  const auto found =
      s.sample ? translator.sample(lines, sampler, random) : translator.translate(lines, search);
  for (std::size_t line = 0; line < found.size(); ++line)
    for (const Hypothesis& hypothesis : found[line]) {
      if (s.n_best > 1) out << line + 1 << '\t' << hypothesis.score << '\t';
      out << line_of(hypothesis, tokenizers) << '\n';
    }
}

}  // namespace abax

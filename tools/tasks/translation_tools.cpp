// Lines made from lines.
#include <algorithm>
#include <ostream>
#include <span>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/generation/items.h"
#include "tools/tasks/tasks.h"
#include "tools/tasks/translation_task.h"

namespace abax {
namespace {

constexpr std::size_t most = 1024;  // lines at a time

/// `count` rows of codes [n, positions]; none of none.
Tensor rows(const Tensor& codes, std::size_t first, std::size_t count) {
  if (codes.size() == 0) return {};
  const auto rows = static_cast<std::int64_t>(count);
  Tensor result(codes.shape().with(0, rows), codes.dtype());
  copy_items(codes.view(), static_cast<std::int64_t>(first), rows, result, 0);
  return result;
}

}  // namespace

void search_fields(Fields& f, std::int64_t& beam, double& length_penalty) {
  f("beam", beam, "hypotheses that are kept; 1 takes the likeliest token each time")
      .at_least(1)
      .at_most(1000);
  f("length-penalty", length_penalty,
    "scores are log-probabilities over length to this power; more favours long ones")
      .at_least(0);
}

void line_writing_fields(Fields& f, LineGeneration& s) {
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

void fields(Fields& f, LineGeneration& s) {
  f.group("Lines of an encoder-decoder");
  source_field(f, s.source,
               "lines to translate, also .gz, - for standard input; one line comes out for each")
      .needed();
  line_writing_fields(f, s);
}

void generate_lines(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const LineGeneration& s = *settings.get<LineGeneration>();
  write_targets({lines_of_file(s.source)}, s, context, out);
}

void write_targets(const LinesToWrite& to_write, const LineGeneration& s, RunContext& context,
                   std::ostream& out) {
  const PairTokenizers tokenizers = pair_tokenizers(context.run.files());
  Workers workers(static_cast<int>(context.threads));
  LineTranslator translator(context.store, context.run.settings.model, tokenizers, s.beam, workers);
  const std::vector<std::string>& lines = to_write.sources;
  const auto each = static_cast<std::size_t>(to_write.each);
  const BeamConfig search{.beam = s.beam, .n_best = s.n_best, .length_penalty = s.length_penalty};
  Sampler sampler(s.drawing.sampling);
  Random random = s.drawing.random();
  std::int64_t cut = 0;
  // Lines of like length go together: some at a time, of which the first few are soon there. What
  // is drawn depends on all of them.
  std::size_t few = s.sample ? std::max<std::size_t>(1, lines.size()) : 64;
  for (std::size_t first = 0; first < lines.size(); first += few, few = std::min(2 * few, most)) {
    const std::span some = std::span(lines).subspan(first, std::min(few, lines.size() - first));
    const std::vector<std::string> now(some.begin(), some.end());
    const Tensor codes = rows(to_write.codes, first, now.size());
    const auto found = s.sample ? translator.sample(now, sampler, random, codes)
                                : translator.translate(now, search, codes);
    for (std::size_t line = 0; line < found.size(); ++line)
      for (const Hypothesis& hypothesis : found[line]) {
        if (to_write.beside_each) out << now[line] << '\t';
        if (s.n_best > 1 || each > 1) out << (first + line) / each + 1 << '\t';
        if (s.n_best > 1) out << exact(hypothesis.score) << '\t';
        out << line_of(hypothesis, tokenizers) << '\n';
      }
    out.flush();
    cut += translator.cut_lines();
  }
  cut /= to_write.each;
  if (cut > 0)
    context.notes << cut << (cut == 1 ? " line was" : " lines were")
                  << " longer than the model reads, and cut to --length of its training\n";
}

}  // namespace abax

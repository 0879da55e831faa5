// What the latents of pairs carry, and targets of several latents.
#include "tools/tasks/pair_task.h"

#include <algorithm>
#include <ostream>

#include "core/base/text.h"
#include "models/generation/sentence_coder.h"
#include "models/metrics/diversity.h"
#include "models/metrics/other_code_cost.h"
#include "models/registry.h"
#include "models/training/learner.h"
#include "tools/tasks/latent_scores.h"
#include "tools/tasks/sentence_task.h"

namespace abax {
namespace {

constexpr std::size_t shown = 3;        // sources, for people
constexpr std::int64_t shown_each = 3;  // targets of them

}  // namespace

void fields(Fields& f, PairData& s) { pair_fields(f, s.pairs); }

PairTask::PairTask(const RunSettings& settings, const Files* known, Use use)
    : TranslationTask(settings.data_as<PairData>().pairs, settings, known, use) {}

std::optional<double> PairTask::optimum(Part part) const {
  const Side& side = of(part);
  if (!side.nats) return std::nullopt;
  return *side.nats / static_cast<double>(side.pairs.size());
}

Results PairTask::results(const Evaluation& evaluation) const {
  return sentence_results(Task::results(evaluation), evaluation, model());
}

Json::Object PairTask::details(const Evaluation& evaluation) const {
  return kl_of_latents(evaluation);
}

Tensor PairTask::encoded(Part part, Variables& store, Workers& workers, Codes codes) const {
  Coder coder(store, model(), workers);
  return encode_in_order(coder, *of(part).batches, codes);
}

std::vector<std::string> repeated_lines(const std::vector<std::string>& lines, std::int64_t each) {
  std::vector<std::string> result;
  for (const std::string& line : lines)
    result.insert(result.end(), static_cast<std::size_t>(each), line);
  return result;
}

std::vector<std::vector<std::string>> PairTask::several(const std::vector<std::string>& sources,
                                                        std::int64_t each,
                                                        const ScoreOptions& options,
                                                        Variables& store, Workers& workers) const {
  Coder coder(store, model(), workers);
  LineTranslator translator(store, model(), tokenizers(), options.beam, workers);
  const auto found =
      translator.translate(repeated_lines(sources, each),
                           {.beam = options.beam, .length_penalty = options.length_penalty},
                           coder.sample(std::ssize(sources) * each));
  std::vector<std::vector<std::string>> targets(sources.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    targets[i / static_cast<std::size_t>(each)].push_back(line_of(found[i][0], tokenizers()));
  return targets;
}

Results PairTask::score(Part part, Variables& store, Workers& workers,
                        const ScoreOptions& options) const {
  const data::BatchSource& data = *source(part);
  Results results = latent_scores(model(), data, options, store, workers);
  const std::vector<std::string>& sources = pairs(part).source;
  if (sources.size() > 1 && options.wants({"other_z_cost"}))
    results["other_z_cost"] = other_code_cost(store, model(), workers, data);
  if (options.decodings > 1) {
    const Diversity all =
        diversity(several(sources, options.decodings, options, store, workers), lower_case());
    results.merge(Results{{"decodings", static_cast<double>(options.decodings)},
                          {"distinct_1", all.distinct_1},
                          {"distinct_2", all.distinct_2},
                          {"pairwise_bleu", all.pairwise_bleu}});
  }
  results.merge(TranslationTask::score(part, store, workers, options));
  return results;
}

void PairTask::show(std::ostream& out, Variables& store, Workers& workers) const {
  TranslationTask::show(out, store, workers);
  std::vector<std::string> sources = pairs(shown_part()).source;
  sources.resize(std::min(shown, sources.size()));
  out << "\nof latents drawn from the prior\n";
  const auto found = several(sources, shown_each, {}, store, workers);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    out << "\nsource       " << sources[i] << '\n';
    for (const std::string& target : found[i]) out << "target       " << target << '\n';
  }
}

std::vector<std::string> PairTask::next_commands(const std::string& folder) const {
  return {str_cat("generate --checkpoint ", folder, " --source YOUR.txt --decodings 3"),
          str_cat("encode --checkpoint ", folder, " --out codes.jsonl"),
          str_cat("evaluate --checkpoint ", folder, " --samples 64 --decodings 5")};
}

}  // namespace abax

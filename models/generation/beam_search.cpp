// Beam search: a list of live hypotheses a sequence, and those that have ended.
#include "models/generation/beam_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

constexpr double never = -std::numeric_limits<double>::infinity();

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// How a live hypothesis may go on.
struct Candidate {
  double log_probability = never;
  std::int64_t row = 0;  // of the beam
  std::int32_t token = 0;
};

/// Likelier first, then the lower row, then the lower token.
bool better(const Candidate& a, const Candidate& b) {
  if (a.log_probability != b.log_probability) return a.log_probability > b.log_probability;
  return a.row != b.row ? a.row < b.row : a.token < b.token;
}

Hypothesis finished(std::vector<std::int32_t> tokens, double log_probability, const BeamConfig& c) {
  const double length = static_cast<double>(tokens.size()) + 1;  // with its end
  return {std::move(tokens), log_probability, log_probability / std::pow(length, c.length_penalty)};
}

/// A model whose weights are broken has no way to go on.
void check_finite(std::span<const float> next) {
  for (const float x : next)
    if (!(x < std::numeric_limits<float>::infinity()))
      throw DivergedError(str_cat(
          "a log-probability of the next token is ", x,
          "; the model's weights are broken: train anew with a lower learning rate, or take an "
          "older checkpoint"));
}

/// The search of one sequence.
class Beam {
 public:
  explicit Beam(const BeamConfig& config) : config_(config), live_(at(config.beam)) {
    live_.front().log_probability = 0;  // at first all rows are the same: one of them goes on
  }

  bool done() const { return done_; }

  /// The last tokens of this beam's rows, and the rows that they go on from.
  void feed(std::span<std::int32_t> tokens, std::span<std::int32_t> parents) const {
    for (std::size_t row = 0; row < live_.size(); ++row) {
      tokens[row] = live_[row].tokens.empty() ? config_.begin : live_[row].tokens.back();
      parents[row] = static_cast<std::int32_t>(live_[row].parent);
    }
  }

  /// `next` is [beam, vocabulary]: the log-probabilities of what follows each row.
  void advance(std::span<const float> next, std::int64_t vocabulary, bool last_step) {
    collect(next, vocabulary, last_step);
    std::vector<Live> grown;
    for (std::size_t rank = 0; rank < candidates_.size(); ++rank) {
      const Candidate& candidate = candidates_[rank];
      const Live& from = live_[at(candidate.row)];
      if (candidate.token == config_.end) {
        if (rank < live_.size())
          results_.push_back(finished(from.tokens, candidate.log_probability, config_));
      } else if (grown.size() < live_.size()) {
        grown.push_back({from.tokens, candidate.log_probability, candidate.row});
        grown.back().tokens.push_back(candidate.token);
      }
    }
    done_ = grown.empty() || results_.size() >= live_.size();
    grown.resize(live_.size(), {{}, never, 0});
    live_ = std::move(grown);
  }

  std::vector<Hypothesis> results() && {
    if (results_.empty())
      throw DivergedError(
          "a beam search found no sequence of finite probability: the log-probabilities are all "
          "-inf; the model's weights are broken: train anew with a lower learning rate, or "
          "take an older checkpoint");
    std::ranges::stable_sort(results_, std::ranges::greater{}, &Hypothesis::score);
    if (results_.size() > at(config_.n_best)) results_.resize(at(config_.n_best));
    return std::move(results_);
  }

 private:
  struct Live {
    std::vector<std::int32_t> tokens = {};
    double log_probability = never;
    std::int64_t parent = 0;  // its row at the step before
  };

  /// The best continuations, twice as many as rows: were all of the better half ends, there would
  /// still be enough to go on with.
  void collect(std::span<const float> next, std::int64_t vocabulary, bool last_step) {
    candidates_.clear();
    const std::size_t wanted = 2 * live_.size();
    for (std::size_t row = 0; row < live_.size(); ++row) {
      if (live_[row].log_probability == never) continue;
      check_finite(next.subspan(row * at(vocabulary), at(vocabulary)));
      const auto add = [&](std::int32_t token) {
        const double sum = live_[row].log_probability + next[row * at(vocabulary) + at(token)];
        const Candidate candidate{sum, static_cast<std::int64_t>(row), token};
        if (sum == never) return;
        if (candidates_.size() == wanted) {  // a heap whose front is the worst
          if (!better(candidate, candidates_.front())) return;
          std::ranges::pop_heap(candidates_, better);
          candidates_.pop_back();
        }
        candidates_.push_back(candidate);
        std::ranges::push_heap(candidates_, better);
      };
      if (last_step)
        add(config_.end);
      else
        for (std::int64_t token = 0; token < vocabulary; ++token)
          if (token != config_.begin || token == config_.end) add(static_cast<std::int32_t>(token));
    }
    std::ranges::sort(candidates_, better);
  }

  BeamConfig config_;
  std::vector<Live> live_;  // `beam` of them; those that are none have never as log-probability
  std::vector<Candidate> candidates_;
  std::vector<Hypothesis> results_;
  bool done_ = false;
};

void check(const BeamConfig& c, std::int64_t sequences, std::int64_t vocabulary) {
  if (sequences < 0) throw UsageError(str_cat("there are no ", sequences, " sequences"));
  if (c.beam < 1) throw UsageError(str_cat("a beam has at least one hypothesis, not ", c.beam));
  if (c.n_best < 1 || c.n_best > c.beam)
    throw UsageError(
        str_cat("of a beam of ", c.beam, " the 1 to ", c.beam, " best can be had, not ", c.n_best));
  if (c.limit < 0) throw UsageError(str_cat("a sequence has no ", c.limit, " tokens"));
  for (const std::int32_t token : {c.begin, c.end})
    if (token < 0 || token >= vocabulary)
      throw UsageError(
          str_cat("begin and end are tokens of a vocabulary of ", vocabulary, ", not ", token));
}

void check_next(std::span<const float> next, std::int64_t rows, std::int64_t vocabulary) {
  if (static_cast<std::int64_t>(next.size()) != rows * vocabulary)
    throw UsageError(str_cat("expected log-probabilities [", rows, ", ", vocabulary, "], got ",
                             next.size(), " numbers"));
}

}  // namespace

std::vector<std::vector<Hypothesis>> beam_search(std::int64_t sequences, std::int64_t vocabulary,
                                                 const BeamConfig& config,
                                                 NextLogProbabilities next) {
  check(config, sequences, vocabulary);
  const std::int64_t rows = sequences * config.beam;
  std::vector<Beam> beams(at(sequences), Beam(config));
  std::vector<std::int32_t> tokens(at(rows)), parents(at(rows));
  for (std::int64_t step = 0; step <= config.limit; ++step) {
    if (std::ranges::all_of(beams, &Beam::done)) break;
    for (std::int64_t s = 0; s < sequences; ++s) {
      const std::size_t first = at(s * config.beam), count = at(config.beam);
      beams[at(s)].feed(std::span(tokens).subspan(first, count),
                        std::span(parents).subspan(first, count));
      for (std::size_t row = first; row < first + count; ++row)
        parents[row] += static_cast<std::int32_t>(first);
    }
    const auto following = next(tokens, parents);
    check_next(following, rows, vocabulary);
    const std::size_t size = at(config.beam * vocabulary);
    for (std::int64_t s = 0; s < sequences; ++s)
      if (!beams[at(s)].done())
        beams[at(s)].advance(following.subspan(at(s) * size, size), vocabulary,
                             step == config.limit);
  }
  std::vector<std::vector<Hypothesis>> results;
  for (Beam& beam : beams) results.push_back(std::move(beam).results());
  return results;
}

std::vector<Hypothesis> sample_sequences(std::int64_t sequences, std::int64_t vocabulary,
                                         const BeamConfig& config, Sampler& sampler, Random& random,
                                         NextLogProbabilities next) {
  check(config, sequences, vocabulary);
  std::vector<std::int32_t> tokens(at(sequences), config.begin), rows(at(sequences));
  std::iota(rows.begin(), rows.end(), 0);
  struct Drawn {
    std::vector<std::int32_t> tokens;
    double log_probability = 0;
    bool done = false;
  };
  std::vector<Drawn> drawn(at(sequences));
  std::vector<float> allowed;  // without the begin token, unless it ends
  for (std::int64_t step = 0; step <= config.limit; ++step) {
    if (std::ranges::all_of(drawn, &Drawn::done)) break;
    const auto following = next(tokens, rows);
    check_next(following, sequences, vocabulary);
    for (std::size_t s = 0; s < drawn.size(); ++s) {
      if (drawn[s].done) continue;
      const auto row = following.subspan(s * at(vocabulary), at(vocabulary));
      allowed.assign(row.begin(), row.end());
      check_finite(row);
      if (config.begin != config.end)
        allowed[at(config.begin)] = -std::numeric_limits<float>::infinity();
      tokens[s] =
          step == config.limit ? config.end : sampler.draw(allowed, random, drawn[s].tokens);
      drawn[s].log_probability += row[at(tokens[s])];
      drawn[s].done = tokens[s] == config.end;
      if (!drawn[s].done) drawn[s].tokens.push_back(tokens[s]);
    }
  }
  std::vector<Hypothesis> results;
  for (Drawn& d : drawn)
    results.push_back(finished(std::move(d.tokens), d.log_probability, config));
  return results;
}

}  // namespace abax

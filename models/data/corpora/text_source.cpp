// Grammars: compiled to an automaton, sampled, and scored with the forward algorithm.
#include "models/data/corpora/text_source.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {
namespace {

constexpr std::size_t max_left = 100;  // symbols that are left to derive
constexpr std::size_t max_depth = 100;

/// A name of a rule or a word.
struct Symbol {
  int rule = -1;  // -1: a word
  std::string word;
  friend auto operator<=>(const Symbol&, const Symbol&) = default;
};
using Stack = std::vector<Symbol>;  // what is left of the sentence, the next symbol last

struct Body {
  double probability = 0;
  Stack reversed;
};
using Bodies = std::vector<std::vector<Body>>;  // by rule

bool ends_sentence(const std::string& word) { return word == "." || word == "!" || word == "?"; }

void check_word(const std::string& word) {
  const auto is_letter = [](unsigned char c) { return std::islower(c) != 0; };
  if (word == "," || ends_sentence(word) || std::ranges::all_of(word, is_letter)) return;
  throw UsageError(str_cat("'", word, "' is no word of the letters a to z and no punctuation"));
}

Symbol parse_symbol(const std::string& part, const std::vector<Rule>& rules) {
  if (!part.starts_with('<')) {
    check_word(part);
    return {-1, part};
  }
  const auto found =
      std::ranges::find(rules, std::string_view(part).substr(1, part.size() - 2), &Rule::name);
  if (found == rules.end() || !part.ends_with('>'))
    throw UsageError(str_cat("the grammar has no rule ", part));
  return {static_cast<int>(found - rules.begin()), {}};
}

Bodies parse(const std::vector<Rule>& rules) {
  if (rules.empty()) throw UsageError("a grammar needs at least one rule");
  Bodies bodies;
  for (const Rule& rule : rules) {
    double sum = 0;
    for (const Alternative& alternative : rule.alternatives) sum += alternative.weight;
    std::vector<Body>& parsed = bodies.emplace_back();
    for (const Alternative& alternative : rule.alternatives) {
      if (!(alternative.weight > 0) || !std::isfinite(sum))
        throw UsageError(
            str_cat("weights are positive, not ", alternative.weight, " as in <", rule.name, ">"));
      Body body{alternative.weight / sum, {}};
      std::istringstream parts{std::string(alternative.body)};
      for (std::string part; parts >> part;) body.reversed.push_back(parse_symbol(part, rules));
      std::ranges::reverse(body.reversed);
      parsed.push_back(std::move(body));
    }
  }
  return bodies;
}

/// A word that may come next, and what is left after it.
struct Step {
  std::string word;
  double probability = 0;
  Stack rest;
};

void expand(const Bodies& bodies, Stack stack, double probability, std::size_t depth,
            std::vector<Step>& steps) {
  if (stack.empty()) throw UsageError("a sentence of the grammar does not end with . ! or ?");
  if (depth > max_depth) throw UsageError("a rule of the grammar begins with itself");
  const Symbol top = stack.back();
  stack.pop_back();
  if (top.rule < 0) {
    if (ends_sentence(top.word) != stack.empty())
      throw UsageError(
          str_cat("'", top.word, "' in the grammar: . ! and ? end a sentence, nothing else does"));
    steps.push_back({top.word, probability, std::move(stack)});
    return;
  }
  for (const Body& body : bodies[static_cast<std::size_t>(top.rule)]) {
    Stack longer = stack;
    longer.insert(longer.end(), body.reversed.begin(), body.reversed.end());
    expand(bodies, std::move(longer), probability * body.probability, depth + 1, steps);
  }
}

std::string written(const std::string& word, bool first) {
  if (ends_sentence(word)) return word + "\n";
  if (word == ",") return word;
  if (!first) return " " + word;
  std::string capital = word;
  capital[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(capital[0])));
  return capital;
}

void check_countable(TokenKind kind) {
  if (kind == TokenKind::subwords)
    throw UsageError("how many subwords a text of the grammar has depends on their vocabulary");
}

}  // namespace

TextSource::TextSource(const std::vector<Rule>& rules) {
  const Bodies bodies = parse(rules);
  // Numbers states as they are found; the end of a sentence is the start of the next.
  std::vector<Stack> stacks = {{Symbol{0, {}}}};
  std::map<Stack, int> numbers = {{stacks[0], 0}, {{}, 0}};
  for (std::size_t state = 0; state < stacks.size(); ++state) {
    if (stacks[state].size() > max_left)
      throw UsageError(
          "the grammar has infinitely many states; recursion must be at the end of a body");
    std::vector<Step> steps;
    expand(bodies, stacks[state], 1, 0, steps);
    std::set<std::string> words;
    std::vector<Transition>& transitions = states_.emplace_back();
    for (Step& step : steps) {
      if (!words.insert(step.word).second)
        throw UsageError(
            str_cat("the grammar is ambiguous: '", step.word, "' may come next in two ways"));
      const auto [found, is_new] = numbers.emplace(step.rest, static_cast<int>(stacks.size()));
      if (is_new) stacks.push_back(step.rest);
      transitions.push_back({written(step.word, state == 0), step.probability, found->second});
    }
  }
  solve();
}

void TextSource::solve() {
  // Expected values satisfy E(state) = sum over transitions of p (own + E(next)), with 0 after the
  // end of the sentence: iterated until nothing changes. What is left shrinks as long sentences do.
  expected_.assign(states_.size(), {});
  constexpr int max_rounds = 100'000;
  for (int round = 0; round < max_rounds; ++round) {
    double change = 0;
    for (std::size_t state = states_.size(); state-- > 0;) {
      Expected sum;
      if (state == 0) sum.words = 1;  // the first word has no space before it
      for (const Transition& transition : states_[state]) {
        const Expected next = transition.next == 0
                                  ? Expected{}
                                  : expected_[static_cast<std::size_t>(transition.next)];
        const double p = transition.probability;
        const bool separates = transition.text.front() == ' ' || transition.text.back() == '\n';
        sum.entropy += p * (next.entropy - std::log(p));
        sum.characters += p * (next.characters + static_cast<double>(transition.text.size()));
        sum.words += p * (next.words + (separates ? 1 : 0));
      }
      change = std::max(change, std::abs(sum.characters - expected_[state].characters));
      expected_[state] = sum;
    }
    if (change < 1e-13 * expected_[0].characters) return;
  }
  throw UsageError("the sentences of the grammar have no expected length: a recursion never ends");
}

std::string TextSource::sample(Random& random, std::int64_t characters) const {
  std::string result;
  int state = 0;
  while (state != 0 || static_cast<std::int64_t>(result.size()) < characters) {
    const std::vector<Transition>& transitions = states_[static_cast<std::size_t>(state)];
    double left = random.uniform();
    std::size_t chosen = 0;
    while (chosen + 1 < transitions.size() && left >= transitions[chosen].probability)
      left -= transitions[chosen++].probability;
    result += transitions[chosen].text;
    state = transitions[chosen].next;
  }
  return result;
}

double TextSource::entropy_rate(TokenKind kind) const {
  check_countable(kind);
  return sentence_entropy() / (kind == TokenKind::words ? sentence_words() : sentence_characters());
}

std::vector<double> TextSource::nats(std::string_view all) const {
  // A word that the text may be in, how much of it has been read, and its share of the probability.
  struct Hypothesis {
    const Transition* transition;
    std::size_t read;
    double weight;
  };
  std::vector<Hypothesis> now, later;
  const auto enter = [&](int state, double weight, std::vector<Hypothesis>& into) {
    for (const Transition& transition : states_[static_cast<std::size_t>(state)])
      into.push_back({&transition, 0, weight * transition.probability});
  };
  enter(0, 1, now);
  std::vector<double> result;
  result.reserve(all.size());
  for (const char c : all) {
    double before = 0, after = 0;
    later.clear();
    for (const Hypothesis& hypothesis : now) {
      before += hypothesis.weight;
      const std::string& word = hypothesis.transition->text;
      if (word[hypothesis.read] != c) continue;
      after += hypothesis.weight;
      if (hypothesis.read + 1 == word.size())
        enter(hypothesis.transition->next, hypothesis.weight, later);
      else
        later.push_back({hypothesis.transition, hypothesis.read + 1, hypothesis.weight});
    }
    if (later.empty())
      throw DataError(str_cat("the text cannot come from the source: character ", result.size(),
                              " ('", c, "')"));
    result.push_back(std::log(before) - std::log(after));
    for (Hypothesis& hypothesis : later) hypothesis.weight /= after;
    std::swap(now, later);
  }
  return result;
}

double TextSource::loss(std::string_view all, TokenKind kind) const {
  check_countable(kind);
  const std::vector<double> each = nats(all);
  // The first token is known: one character, or a word with the white space that ends it.
  std::size_t given = 1;
  std::size_t tokens = all.size();
  if (kind == TokenKind::words) {
    given = std::min(all.find_first_of(" \n"), all.size() - 1) + 1;
    tokens =
        static_cast<std::size_t>(std::ranges::count(all, ' ') + 2 * std::ranges::count(all, '\n'));
  }
  if (tokens < 2) throw DataError("expected a text with at least two tokens");
  return std::accumulate(each.begin() + static_cast<std::ptrdiff_t>(given), each.end(), 0.0) /
         static_cast<double>(tokens - 1);
}

}  // namespace abax::data

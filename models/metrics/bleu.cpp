// Counting runs of words.
#include "models/metrics/bleu.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <map>
#include <sstream>

#include "core/base/error.h"
#include "core/base/function_ref.h"
#include "core/base/text.h"
#include "models/data/text/unicode.h"
#include "models/data/text/words.h"

namespace abax {
namespace {

constexpr std::size_t longest = 4;  // words of a run
using Counts = std::map<std::string, std::int64_t>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_point(char c) { return c == '.' || c == ','; }
bool is_symbol(char c) {
  const auto in = [c](char first, char last) { return c >= first && c <= last; };
  return in('{', '~') || in('[', '`') || in('!', '&') || in('(', '+') || in(':', '@') || c == '/';
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// Replaces pairs of neighbouring characters that do not overlap, from left to right, as a regular
/// expression would; mteval's rules are three of these, one after the other.
std::string replace_pairs(const std::string& text, FunctionRef<bool(char, char)> matches,
                          bool space_in_front) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i + 1 == text.size() || !matches(text[i], text[i + 1])) {
      result += text[i];
      continue;
    }
    if (space_in_front) result += ' ';
    result += text[i++];
    result += ' ';
    result += text[i];
    if (!space_in_front) result += ' ';
  }
  return result;
}

/// The runs of `size` words, each joined with spaces, and how often they occur.
Counts count_runs(const std::vector<std::string>& words, std::size_t size) {
  Counts counts;
  for (std::size_t i = 0; i + size <= words.size(); ++i) {
    std::string run;
    for (std::size_t j = i; j < i + size; ++j) (run += words[j]) += ' ';
    ++counts[run];
  }
  return counts;
}

/// What BLEU counts, of all sentences added.
struct Runs {
  std::array<std::int64_t, longest> found = {}, all = {};  // of 1, 2, 3, 4 words
  std::int64_t length = 0, reference_length = 0;           // in words

  void add(std::string_view translation, std::string_view reference, bool lower_case) {
    const auto words_of = [&](std::string_view line) {
      return bleu_words(lower_case ? data::lower_case(line) : std::string(line));
    };
    const std::vector<std::string> words = words_of(translation), wanted = words_of(reference);
    length += std::ssize(words);
    reference_length += std::ssize(wanted);
    for (std::size_t size = 1; size <= longest; ++size) {
      const Counts expected = count_runs(wanted, size);
      for (const auto& [run, count] : count_runs(words, size)) {
        all[size - 1] += count;
        if (const auto known = expected.find(run); known != expected.end())
          found[size - 1] += std::min(count, known->second);
      }
    }
  }
  double brevity_penalty() const {
    if (length >= reference_length) return 1;
    if (length == 0) return 0;
    return std::exp(1 - static_cast<double>(reference_length) / static_cast<double>(length));
  }
};

}  // namespace

std::vector<std::string> bleu_words(std::string_view line) {
  std::string text(line);
  replace(text, "<skipped>", "");
  replace(text, "-\n", "");
  replace(text, "\n", " ");
  replace(text, "&quot;", "\"");
  replace(text, "&amp;", "&");
  replace(text, "&lt;", "<");
  replace(text, "&gt;", ">");
  std::string spaced = " ";
  for (const char c : text) {
    if (is_symbol(c)) spaced += ' ';
    spaced += c;
    if (is_symbol(c)) spaced += ' ';
  }
  spaced += ' ';
  spaced = replace_pairs(
      spaced, [](char a, char b) { return !is_digit(a) && is_point(b); }, false);
  spaced = replace_pairs(
      spaced, [](char a, char b) { return is_point(a) && !is_digit(b); }, true);
  spaced = replace_pairs(
      spaced, [](char a, char b) { return is_digit(a) && b == '-'; }, false);
  std::vector<std::string> words;
  data::split_words(spaced, false, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

Bleu bleu(std::span<const std::string> translations, std::span<const std::string> references,
          bool lower_case) {
  if (translations.size() != references.size() || translations.empty())
    throw DataError(str_cat("BLEU compares line by line: there are ", translations.size(),
                            " translations and ", references.size(), " references"));
  Bleu result;
  result.lower_case = lower_case;
  Runs runs;
  for (std::size_t i = 0; i < translations.size(); ++i)
    runs.add(translations[i], references[i], lower_case);
  result.length = runs.length;
  result.reference_length = runs.reference_length;
  double log_mean = 0;  // of the precisions
  for (std::size_t i = 0; i < longest; ++i) {
    const double precision =
        runs.all[i] > 0 ? static_cast<double>(runs.found[i]) / static_cast<double>(runs.all[i]) : 0;
    result.precisions[i] = 100 * precision;
    log_mean += std::log(precision) / longest;
  }
  result.brevity_penalty = runs.brevity_penalty();
  result.score = 100 * result.brevity_penalty * std::exp(log_mean);
  return result;
}

double sentence_bleu(std::string_view translation, std::string_view reference, bool lower_case) {
  Runs runs;
  runs.add(translation, reference, lower_case);
  if (runs.length == 0 && runs.reference_length == 0) return 100;
  if (runs.found[0] == 0) return 0;
  double log_mean = 0;
  for (std::size_t i = 0; i < longest; ++i) {
    const std::int64_t more = i > 0 ? 1 : 0;
    log_mean += std::log(static_cast<double>(runs.found[i] + more) /
                         static_cast<double>(runs.all[i] + more)) /
                longest;
  }
  return 100 * runs.brevity_penalty() * std::exp(log_mean);
}

std::string Bleu::summary() const {
  std::ostringstream out;
  out << std::fixed << std::setprecision(2) << "BLEU " << score << std::setprecision(1);
  for (std::size_t i = 0; i < longest; ++i) out << (i == 0 ? " (" : "/") << precisions[i];
  out << std::setprecision(3) << ", brevity " << brevity_penalty << ", " << length << " words for "
      << reference_length << "; corpus, no smoothing, words as mteval-v13a"
      << (lower_case ? ", lower case)" : ")");
  return out.str();
}

}  // namespace abax

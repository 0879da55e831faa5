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
  std::array<std::int64_t, longest> found = {}, all = {};
  const auto words_of = [&](const std::string& line) {
    return bleu_words(lower_case ? data::lower_case(line) : line);
  };
  for (std::size_t i = 0; i < translations.size(); ++i) {
    const std::vector<std::string> words = words_of(translations[i]);
    const std::vector<std::string> reference = words_of(references[i]);
    result.length += std::ssize(words);
    result.reference_length += std::ssize(reference);
    for (std::size_t size = 1; size <= longest; ++size) {
      const Counts expected = count_runs(reference, size);
      for (const auto& [run, count] : count_runs(words, size)) {
        all[size - 1] += count;
        if (const auto known = expected.find(run); known != expected.end())
          found[size - 1] += std::min(count, known->second);
      }
    }
  }
  double log_mean = 0;  // of the precisions
  for (std::size_t i = 0; i < longest; ++i) {
    const double precision =
        all[i] > 0 ? static_cast<double>(found[i]) / static_cast<double>(all[i]) : 0;
    result.precisions[i] = 100 * precision;
    log_mean += std::log(precision) / longest;
  }
  const auto length = static_cast<double>(result.length);
  const auto reference_length = static_cast<double>(result.reference_length);
  if (result.length >= result.reference_length)
    result.brevity_penalty = 1;
  else if (result.length > 0)
    result.brevity_penalty = std::exp(1 - reference_length / length);
  result.score = 100 * result.brevity_penalty * std::exp(log_mean);
  return result;
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

// Counting runs of characters.
#include "models/metrics/chrf.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/text/unicode.h"
#include "models/data/text/utf8.h"

namespace abax {
namespace {

constexpr std::size_t longest = 6;  // characters of a run
constexpr double weight = 4;        // b^2: recall counts so much more than precision
using Counts = std::unordered_map<std::string_view, std::int64_t>;

/// A line without white space, and where its characters begin; the last entry is its end.
struct Characters {
  std::string line;
  std::vector<std::size_t> starts;

  Characters(const std::string& given, bool lower_case) {
    const std::string cased = lower_case ? data::lower_case(given) : given;
    for (std::size_t at = 0; at < cased.size();) {
      const std::string_view character = data::character_at(cased, at);
      at += character.size();
      if (data::is_space(data::code_point(character))) continue;
      starts.push_back(line.size());
      line += character;
    }
    starts.push_back(line.size());
  }

  /// The runs of `size` characters, and how often they occur.
  Counts runs(std::size_t size) const {
    Counts counts;
    for (std::size_t i = 0; i + size < starts.size(); ++i)
      ++counts[std::string_view(line).substr(starts[i], starts[i + size] - starts[i])];
    return counts;
  }
};

struct Tally {
  std::int64_t translated = 0, expected = 0, shared = 0;
};

}  // namespace

double chrf(std::span<const std::string> translations, std::span<const std::string> references,
            bool lower_case) {
  if (translations.size() != references.size() || translations.empty())
    throw DataError(str_cat("chrF compares line by line: there are ", translations.size(),
                            " translations and ", references.size(), " references"));
  std::array<Tally, longest> tallies;
  for (std::size_t i = 0; i < translations.size(); ++i) {
    const Characters translation(translations[i], lower_case);
    const Characters reference(references[i], lower_case);
    for (std::size_t size = 1; size <= longest; ++size) {
      const Counts expected = reference.runs(size);
      if (expected.empty()) continue;  // nothing to be right or wrong about
      Tally& tally = tallies[size - 1];
      for (const auto& [run, count] : expected) tally.expected += count;
      for (const auto& [run, count] : translation.runs(size)) {
        tally.translated += count;
        if (const auto found = expected.find(run); found != expected.end())
          tally.shared += std::min(count, found->second);
      }
    }
  }
  double precision = 0, recall = 0, lengths = 0;
  for (const Tally& tally : tallies) {
    if (tally.translated == 0 || tally.expected == 0) continue;
    precision += static_cast<double>(tally.shared) / static_cast<double>(tally.translated);
    recall += static_cast<double>(tally.shared) / static_cast<double>(tally.expected);
    ++lengths;
  }
  if (precision == 0) return 0;
  precision /= lengths;
  recall /= lengths;
  return 100 * (1 + weight) * precision * recall / (weight * precision + recall);
}

}  // namespace abax

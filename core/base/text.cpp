// Joining of text, and the edit distance for helpful messages.
#include "core/base/text.h"

#include <algorithm>
#include <sstream>
#include <vector>

namespace abax {
namespace {

/// Of insertions, deletions, substitutions and exchanges of two neighbours ("stpes").
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitute});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string str_cat_printed(std::span<const Printed> parts) {
  std::ostringstream out;
  for (const Printed& part : parts) part.print(out);
  return std::move(out).str();
}

std::string nearest_name(std::string_view name, std::span<const std::string> known) {
  const auto in_scope = [](std::string_view longer, std::string_view shorter) {
    return longer.size() > shorter.size() && !shorter.empty() && longer.ends_with(shorter) &&
           longer[longer.size() - shorter.size() - 1] == '/';
  };
  for (const std::string& candidate : known)
    if (in_scope(candidate, name)) return candidate;
  std::string best;
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  for (const std::string& candidate : known)
    if (best.empty() && in_scope(name, candidate)) best = candidate;
  return best;
}

}  // namespace abax

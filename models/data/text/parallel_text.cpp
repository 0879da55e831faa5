// Reading two files side by side.
#include "models/data/text/parallel_text.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/text/text.h"

namespace abax::data {

ParallelText read_parallel_text(const std::filesystem::path& source,
                                const std::filesystem::path& target) {
  const std::string source_text = read_text(source);
  const std::string target_text = read_text(target);
  const auto source_lines = lines_of(source_text);
  const auto target_lines = lines_of(target_text);
  if (source_lines.size() != target_lines.size())
    throw DataError(str_cat("line n of one file belongs to line n of the other, but '",
                            source.string(), "' has ", source_lines.size(), " lines and '",
                            target.string(), "' has ", target_lines.size(),
                            "; find where they part, and add or take out what does not fit"));
  if (source_lines.empty())
    throw DataError(str_cat("'", source.string(), "' and '", target.string(), "' hold no lines"));
  ParallelText result{{source_lines.begin(), source_lines.end()},
                      {target_lines.begin(), target_lines.end()},
                      {},
                      source.string(),
                      target.string()};
  for (std::size_t i = 0; i < source_lines.size(); ++i)
    result.lines.push_back(static_cast<std::int64_t>(i) + 1);
  return result;
}

void check_lists(const ParallelText& text) {
  const std::size_t pairs = text.source.size(), lines = text.lines.size();
  if (text.target.size() != pairs || (lines > 0 && lines != pairs))
    throw UsageError(
        str_cat("a ParallelText has a target and a line for each source (no lines "
                "count as 1, 2, ..), got ",
                pairs, " sources, ", text.target.size(), " targets and ", lines, " lines"));
}

ParallelText select(const ParallelText& text, std::span<const std::size_t> positions) {
  check_lists(text);
  ParallelText result{{}, {}, {}, text.source_name, text.target_name};
  for (const std::size_t i : positions) {
    if (i >= text.size()) throw UsageError(str_cat("there is no pair ", i, " of ", text.size()));
    result.source.push_back(text.source[i]);
    result.target.push_back(text.target[i]);
    result.lines.push_back(text.line(i));
  }
  return result;
}

}  // namespace abax::data

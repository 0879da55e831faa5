// Targets of sources and latents, and pairs to codes and back.
#include <algorithm>
#include <ostream>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/registry.h"
#include "tools/tasks/pair_task.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

constexpr std::size_t shown = 10;  // sources of the run's own, where none are given

/// The sources of the run's own test part.
std::vector<std::string> own_sources(RunContext& context) {
  const std::unique_ptr<Task> task = open_test(context.run, {}, context.notes);
  return static_cast<const PairTask&>(*task).pairs(Part::test).source;
}

}  // namespace

void fields(Fields& f, PairGeneration& s) {
  f.group("Targets of sources");
  source_field(f, s.lines.source,
               "lines to write a target for, also .gz, - for standard input; without it "
               "the first 10 sources of the run's test part, which stand beside theirs");
  line_writing_fields(f, s.lines);
  decodings_field(
      f, s.decodings,
      "so many targets a line, each of another latent drawn from the prior and with the line's "
      "number and a tab where they are several; 0: one, of the prior's mean")
      .opens(1);
  if (s.decodings > 0 && !s.lines.sample)
    draws_seed_field(f, s.lines.drawing.seed, "of the random draws");
}

void fields(Fields& f, PairEncoding& s) {
  f.group("Codes of pairs");
  fields(f, s.codes, "pairs");
}

void fields(Fields& f, PairDecoding& s) {
  f.group("Targets of sources and codes");
  codes_field(f, s.codes);
  source_field(f, s.lines.source,
               "the lines that the targets are for, one for each row of codes; without it "
               "the sources of the run's test part");
  out_field(f, s.out, "text file to write, a target a line; without it they are printed");
  line_writing_fields(f, s.lines);
}

void generate_targets(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const PairGeneration& s = *settings.get<PairGeneration>();
  const bool given = !s.lines.source.empty();
  LinesToWrite lines{.each = std::max<std::int64_t>(1, s.decodings), .beside_each = !given};
  lines.sources = given ? lines_of_file(s.lines.source) : own_sources(context);
  if (!given) lines.sources.resize(std::min(shown, lines.sources.size()));
  lines.sources = repeated_lines(lines.sources, lines.each);
  if (s.decodings > 0) {
    context.store.set_seed(static_cast<std::uint64_t>(s.lines.drawing.seed));
    Workers workers(static_cast<int>(context.threads));
    lines.codes =
        Coder(context.store, context.run.settings.model, workers).sample(std::ssize(lines.sources));
  }
  write_targets(lines, s.lines, context, out);
}

void encode_pairs(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const Encoding& s = settings.get<PairEncoding>()->codes;
  begin_encoding(s, context);
  const std::unique_ptr<Task> task = open_test(context.run, s.data, context.notes);
  const auto& pairs = static_cast<const PairTask&>(*task);
  Workers workers(static_cast<int>(context.threads));
  EncodedItems encoded{pairs.encoded(Part::test, context.store, workers, s.codes()), {}};
  const std::int64_t count = encoded.codes.shape()[0];
  encoded.labels.assign(static_cast<std::size_t>(count), -1);
  const ModelSettings& model = context.run.settings.model;
  write_codes_of(context.run, s.out, model.entry().autoencoder.shape(model), std::move(encoded));
  out << "codes of " << count << " pairs in " << s.out << '\n';
}

void decode_pairs(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const PairDecoding& s = *settings.get<PairDecoding>();
  if (!s.out.empty()) check_writable(s.out);
  CodeFile file = read_codes_of(context.run, s.codes, "pairs");
  LinesToWrite lines{
      .sources = s.lines.source.empty() ? own_sources(context) : lines_of_file(s.lines.source),
      .codes = std::move(file.codes)};
  const std::int64_t count = std::ssize(lines.sources);
  if (lines.codes.shape()[0] != count)
    throw UsageError(str_cat("'", s.codes, "' holds the codes of ", lines.codes.shape()[0],
                             " pairs, but there are ", count, " sources ",
                             s.lines.source.empty() ? "in the run's test part" : "in --source",
                             "; give those that they were encoded with as --source"));
  if (s.out.empty()) {
    write_targets(lines, s.lines, context, out);
    return;
  }
  std::ostringstream content;
  write_targets(lines, s.lines, context, content);
  write_file_atomically(s.out, content.str());
  out << count << " targets in " << s.out << '\n';
}

}  // namespace abax

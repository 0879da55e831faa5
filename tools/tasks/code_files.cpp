// Codes between tools and files.
#include "tools/tasks/code_files.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/registry.h"
#include "tools/tasks/drawing.h"
#include "tools/tasks/tasks.h"

namespace abax {

void fields(Fields& f, Encoding& s, const std::string& items) {
  test_data_field(f, s.data);
  out_field(
      f, s.out,
      str_cat("file to write: .npy for an array [", items,
              ", positions], .jsonl for a line each, with its label; both keep the model's hash"))
      .needed();
  f("sampled", s.sampled,
    "codes drawn from the posterior q(z|x), by --seed, instead of the likeliest ones");
  // The likeliest codes are always the same.
  if (s.sampled) draws_seed_field(f, s.seed, "the same seed, the same codes");
}

void begin_encoding(const Encoding& s, RunContext& context) {
  const ModelSettings& model = context.run.settings.model;
  const Autoencoder& parts = model.entry().autoencoder;
  if (parts.shape && parts.shape(model).positions == 0)
    throw UsageError(
        str_cat("this ", model.name(), " has no latents (--latents 0): there are no codes of it"));
  check_codes_name(s.out);
  check_writable(s.out);
  context.store.set_seed(static_cast<std::uint64_t>(s.seed));
}

void write_codes_of(const SavedRun& run, const std::string& path, const CodeShape& shape,
                    EncodedItems encoded) {
  write_codes(path, {.model = run.settings.model.name(),
                     .hash = run.checkpoint.hash(),
                     .shape = shape,
                     .codes = std::move(encoded.codes),
                     .labels = std::move(encoded.labels)});
}

void codes_field(Fields& f, std::string& file) {
  f("codes", file, "file of codes, .npy or .jsonl").placeholder("FILE").needed();
}

CodeFile read_codes_of(const SavedRun& run, const std::string& path, const std::string& items) {
  CodeFile file = read_codes(path);
  if (file.hash != run.checkpoint.hash())
    throw CheckpointError(
        str_cat("'", path, "' holds codes of another model (", file.model, ", hash ", file.hash,
                "); this one is ", run.settings.model.name(), ", hash ", run.checkpoint.hash(),
                "; encode the ", items, " anew, or give the --checkpoint they are of"));
  if (file.codes.shape()[0] == 0)
    throw DataError(str_cat("'", path, "' holds the codes of no ", items));
  return file;
}

}  // namespace abax

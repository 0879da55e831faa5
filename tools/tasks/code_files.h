// Files of the codes of a run's items, as encode writes and decode reads them.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/tensor.h"
#include "models/data/codes/code_file.h"
#include "models/generation/coder.h"
#include "models/settings/fields.h"

namespace abax {

struct RunContext;
struct SavedRun;

/// What encode takes of any autoencoder: the likeliest codes, or drawn ones.
struct Encoding {
  Words data;
  std::string out;
  bool sampled = false;
  std::int64_t seed = 1;

  Codes codes() const { return sampled ? Codes::sampled : Codes::likeliest; }
};
/// `items` says what they are: "images".
void fields(Fields& f, Encoding& s, const std::string& items);
/// Refuses a file that could not be written, and sets the seed of the draws: before long work.
void begin_encoding(const Encoding& s, RunContext& context);
/// Writes codes of the run's model.
void write_codes_of(const SavedRun& run, const std::string& path, const CodeShape& shape,
                    EncodedItems encoded);

/// The file of codes that decode reads.
void codes_field(Fields& f, std::string& file);
/// Throws CheckpointError where they are of another model, by its hash, DataError where there are
/// none; both say so of `items`.
CodeFile read_codes_of(const SavedRun& run, const std::string& path, const std::string& items);

}  // namespace abax

// How tools draw tokens and codes: what they are told, and their random numbers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "core/base/random.h"
#include "models/generation/sampling.h"
#include "models/settings/fields.h"

namespace abax {

struct Drawing {
  SamplingConfig sampling;
  std::int64_t seed = 1;

  Random random() const {
    return Random(stream_key(static_cast<std::uint64_t>(seed), "generate", "sample"));
  }
};
void fields(Fields& f, Drawing& s);

/// How many results; 0: as many as suit what is asked for.
void count_field(Fields& f, std::int64_t& count, std::string help);
/// Which labels to make something of: numbers, or names.
template <class Labels>
Field& label_field(Fields& f, Labels& labels, std::string help) {
  return f("label", labels, std::move(help));
}
/// How many texts of one thing are drawn.
Field& decodings_field(Fields& f, std::int64_t& decodings, std::string help);
/// The seed of a tool's draws.
void draws_seed_field(Fields& f, std::int64_t& seed, std::string help);

}  // namespace abax

// The fields of drawing.
#include "tools/tasks/drawing.h"

namespace abax {

void count_field(Fields& f, std::int64_t& count, std::string help) {
  f("count", count, std::move(help)).at_least(0).at_most(1 << 16);
}

Field& decodings_field(Fields& f, std::int64_t& decodings, std::string help) {
  return f("decodings", decodings, std::move(help)).at_least(0).at_most(1 << 16);
}

void draws_seed_field(Fields& f, std::int64_t& seed, std::string help) {
  f("seed", seed, std::move(help)).at_least(0);
}

void fields(Fields& f, Drawing& s) {
  f.part(s.sampling);
  draws_seed_field(f, s.seed, "of the random draws");
}

}  // namespace abax

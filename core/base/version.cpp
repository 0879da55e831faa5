// The version of the library.
#include "core/base/version.h"

namespace abax {

std::string_view version() { return ABAX_VERSION; }

}  // namespace abax

// The version of the library: that of the Meson project.
#pragma once

#include <string_view>

namespace abax {

/// "0.1.0".
std::string_view version();

}  // namespace abax

// Attributes of ops as text that tells every two values apart.
#pragma once

#include <cstdio>
#include <string>

namespace abax {

/// A number in full, as hexadecimal: "0x1.99999ap-4".
inline std::string exact(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%a", value);
  return buffer;
}

}  // namespace abax

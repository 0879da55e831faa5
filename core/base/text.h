// Text out of parts: g++ 12 has no std::format.
#pragma once

#include <span>
#include <sstream>
#include <string>
#include <string_view>

namespace abax {

/// Joins the arguments as a stream would print them: str_cat("got ", 3, " of ", shape).
template <class... Args>
std::string str_cat(const Args&... args) {
  std::ostringstream out;
  (out << ... << args);
  return std::move(out).str();
}

/// The name in `known` with the least edit distance to `name`, or "" where nothing is near
/// (more than a third of the letters differ). For messages: "unknown key 'stpes'; did you mean
/// 'steps'?".
std::string nearest_name(std::string_view name, std::span<const std::string> known);

}  // namespace abax

// Bytes as text of 64 letters (RFC 4648, section 4).
#pragma once

#include <string>
#include <string_view>

namespace abax::data {

std::string to_base64(std::string_view bytes);

/// Throws DataError on anything that to_base64() would not write.
std::string from_base64(std::string_view text);

}  // namespace abax::data

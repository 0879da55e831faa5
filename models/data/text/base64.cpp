// Three bytes as four letters, and back.
#include "models/data/text/base64.h"

#include <array>
#include <cstdint>

#include "core/base/error.h"

namespace abax::data {
namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;  // 24 bits
    for (std::size_t j = i; j < i + 3; ++j)
      word = word << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      result += i + j > bytes.size() ? '=' : letters[word >> (18 - 6 * j) & 63u];
  }
  return result;
}

std::string from_base64(std::string_view text) {
  std::array<std::uint32_t, 256> values;
  values.fill(64);
  for (std::uint32_t i = 0; i < letters.size(); ++i)
    values[static_cast<unsigned char>(letters[i])] = i;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string result;
  result.reserve(text.size() / 4 * 3);
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_padding = i + padding >= text.size();
    const std::uint32_t value = is_padding ? 0 : values[static_cast<unsigned char>(text[i])];
    if (value > 63) throw DataError("the base64 text holds a character that is not of its 64");
    word = word << 6 | value;
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) result += static_cast<char>(word >> shift & 255u);
    word = 0;
  }
  for (std::size_t i = 0; i < padding && !result.empty(); ++i) result.pop_back();
  if (to_base64(result) != text) throw DataError("the base64 text is cut off or malformed");
  return result;
}

}  // namespace abax::data

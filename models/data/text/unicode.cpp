// White space, punctuation and case by ranges of code points.
#include "models/data/text/unicode.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/text/utf8.h"

namespace abax::data {
namespace {

bool in(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

/// Blocks where capitals and small letters alternate: the capital is even, or odd.
char32_t after_even(char32_t c) { return c % 2 == 0 ? c + 1 : c; }
char32_t after_odd(char32_t c) { return c % 2 == 1 ? c + 1 : c; }

char32_t lower_latin(char32_t c) {
  if (in(c, 0xC0, 0xDE) && c != 0xD7) return c + 0x20;
  if (c == 0x130) return 'i';
  if (c == 0x178) return 0xFF;
  if (in(c, 0x100, 0x137) || in(c, 0x14A, 0x177)) return after_even(c);
  if (in(c, 0x139, 0x148) || in(c, 0x179, 0x17E)) return after_odd(c);
  // Latin Extended-B: the letters of African, Croatian, Pinyin, Romanian and other alphabets.
  switch (c) {
    case 0x181:
      return 0x253;
    case 0x186:
      return 0x254;
    case 0x189:
      return 0x256;
    case 0x18A:
      return 0x257;
    case 0x18E:
      return 0x1DD;
    case 0x18F:
      return 0x259;
    case 0x190:
      return 0x25B;
    case 0x193:
      return 0x260;
    case 0x194:
      return 0x263;
    case 0x196:
      return 0x269;
    case 0x197:
      return 0x268;
    case 0x19C:
      return 0x26F;
    case 0x19D:
      return 0x272;
    case 0x19F:
      return 0x275;
    case 0x1A6:
      return 0x280;
    case 0x1A9:
      return 0x283;
    case 0x1AE:
      return 0x288;
    case 0x1B1:
      return 0x28A;
    case 0x1B2:
      return 0x28B;
    case 0x1B7:
      return 0x292;
    case 0x1C4:
      return 0x1C6;
    case 0x1C7:
      return 0x1C9;
    case 0x1CA:
      return 0x1CC;
    case 0x1F1:
      return 0x1F3;
    case 0x1F6:
      return 0x195;
    case 0x1F7:
      return 0x1BF;
    case 0x220:
      return 0x19E;
    case 0x23A:
      return 0x2C65;
    case 0x23D:
      return 0x19A;
    case 0x23E:
      return 0x2C66;
    case 0x243:
      return 0x180;
    case 0x244:
      return 0x289;
    case 0x245:
      return 0x28C;
    default:
      break;
  }
  if (in(c, 0x182, 0x185) || in(c, 0x198, 0x199) || in(c, 0x1A0, 0x1A5) || c == 0x1AC ||
      c == 0x1B8 || c == 0x1BC || c == 0x1C8 || in(c, 0x1DE, 0x1EF) || c == 0x1F2 || c == 0x1F4 ||
      in(c, 0x1F8, 0x21F) || in(c, 0x222, 0x233) || in(c, 0x246, 0x24F))
    return after_even(c);
  if (c == 0x187 || c == 0x18B || c == 0x191 || c == 0x1A7 || c == 0x1AF || c == 0x1B3 ||
      c == 0x1B5 || c == 0x1C5 || in(c, 0x1CB, 0x1DC) || c == 0x23B || c == 0x241)
    return after_odd(c);
  if (c == 0x1E9E) return 0xDF;
  if (in(c, 0x1E00, 0x1E95) || in(c, 0x1EA0, 0x1EFF)) return after_even(c);
  return c;
}

char32_t lower_greek(char32_t c) {
  if (in(c, 0x391, 0x3A1) || in(c, 0x3A3, 0x3AB)) return c + 0x20;
  if (c == 0x386) return 0x3AC;
  if (in(c, 0x388, 0x38A)) return c + 0x25;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 0x3F;
  if (c == 0x370 || c == 0x372 || c == 0x376 || in(c, 0x3D8, 0x3EF)) return after_even(c);
  if (c == 0x37F) return 0x3F3;
  if (c == 0x3CF) return 0x3D7;
  if (c == 0x3F4) return 0x3B8;
  if (c == 0x3F7 || c == 0x3FA) return c + 1;
  if (c == 0x3F9) return 0x3F2;
  if (in(c, 0x3FD, 0x3FF)) return c - 0x82;
  return c;
}

char32_t lower_cyrillic(char32_t c) {
  if (in(c, 0x410, 0x42F)) return c + 0x20;
  if (in(c, 0x400, 0x40F)) return c + 0x50;
  if (c == 0x4C0) return 0x4CF;
  if (in(c, 0x460, 0x481) || in(c, 0x48A, 0x4BF) || in(c, 0x4D0, 0x52F)) return after_even(c);
  if (in(c, 0x4C1, 0x4CE)) return after_odd(c);
  return c;
}

}  // namespace

bool is_space(char32_t c) {
  return in(c, 0x09, 0x0D) || in(c, 0x1C, 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         in(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_punctuation(char32_t c) {
  if (c < 0x80)
    return in(c, 0x21, 0x2F) || in(c, 0x3A, 0x40) || in(c, 0x5B, 0x60) || in(c, 0x7B, 0x7E);
  if (c < 0x100)  // not the letters among Latin-1's symbols: ª µ º
    return (in(c, 0xA1, 0xBF) && c != 0xAA && c != 0xB5 && c != 0xBA) || c == 0xD7 || c == 0xF7;
  return in(c, 0x2010, 0x2027) || in(c, 0x2030, 0x205E) || in(c, 0x20A0, 0x20BF) ||
         in(c, 0x3001, 0x3003) || in(c, 0x3008, 0x3011) || in(c, 0x3014, 0x301F) ||
         in(c, 0xFF01, 0xFF0F) || in(c, 0xFF1A, 0xFF20) || in(c, 0xFF3B, 0xFF40) ||
         in(c, 0xFF5B, 0xFF65);
}

bool is_digit(char32_t c) { return in(c, '0', '9'); }

char32_t lower_case(char32_t c) {
  if (c < 0x80) return in(c, 'A', 'Z') ? c + 0x20 : c;
  if (c < 0x250 || in(c, 0x1E00, 0x1EFF)) return lower_latin(c);
  if (in(c, 0x370, 0x3FF)) return lower_greek(c);
  if (in(c, 0x400, 0x52F)) return lower_cyrillic(c);
  return c;
}

std::string lower_case(std::string_view all) {
  std::string result;
  result.reserve(all.size());
  for (std::size_t offset = 0; offset < all.size();) {
    const std::string_view character = character_at(all, offset);
    append_utf8(result, lower_case(code_point(character)));
    offset += character.size();
  }
  return result;
}

void append_utf8(std::string& to, char32_t c) {
  const auto byte = [&](char32_t value) { to += static_cast<char>(value); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      byte(0xE0 | c >> 12);
    } else {
      byte(0xF0 | c >> 18);
      byte(0x80 | (c >> 12 & 0x3F));
    }
    byte(0x80 | (c >> 6 & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

}  // namespace abax::data

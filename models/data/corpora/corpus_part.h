// Drawing the parts of a generated corpus, so that no text is in two of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/random.h"

namespace abax::data {

/// Which part a text belongs to: 0 train (9 of 10), 1 valid, 2 test. A function of the text.
int part_of(std::string_view text);

inline constexpr std::string_view part_names[] = {"train", "valid", "test"};

/// Draws until the item belongs to the part: `draw` gives an item, `key` its text.
template <class Draw, class Key>
auto draw_for(int part, Draw draw, Key key) {
  while (true) {
    auto item = draw();
    if (part_of(key(item)) == part) return item;
  }
}

/// One of the strings, equally likely.
template <std::size_t n>
std::string_view pick(const std::string_view (&choices)[n], Random& random) {
  return choices[static_cast<std::size_t>(random.below(n))];
}

}  // namespace abax::data

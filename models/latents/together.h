// A check that functions over several values make first, so that its place is the caller's.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "core/graph/graph.h"

namespace abax {

/// That `first` and the others, by their names, are f32 values of one graph whose shapes broadcast.
/// Throws UsageError where one is empty or of another graph, ShapeError else; `what` begins the
/// message, which ends with the place of `first`.
void check_together(std::string_view what, const Operand& first,
                    std::initializer_list<std::pair<std::string_view, Value>> others);

/// The same, and that the others have the shape of `first`: where a broadcast would make other
/// terms of a sum.
void check_one_shape(std::string_view what, const Operand& first,
                     std::initializer_list<std::pair<std::string_view, Value>> others);

}  // namespace abax

// For functions that build parts of a graph out of others: their errors tell who called them, too.
//
//     Value block(Value x, SourceLocation where = SourceLocation::current()) {
//       return called_from(where, [&] { return normalise(linear(x, 8, "in"), "norm"); });
//     }
#pragma once

#include <string>

#include "core/base/error.h"

namespace abax {

/// What `body` gives. A ShapeError or UsageError that comes out of it gets the line "called from
/// PLACE" at its end: the places before say what failed, this one for whom.
template <class Body>
auto called_from(const SourceLocation& where, const Body& body) {
  const auto told = [&](const Error& error) {
    return std::string(error.what()) + "\n  called from " + place_of(where);
  };
  try {
    return body();
  } catch (const ShapeError& error) {
    throw ShapeError(told(error));
  } catch (const UsageError& error) {
    throw UsageError(told(error));
  }
}

}  // namespace abax

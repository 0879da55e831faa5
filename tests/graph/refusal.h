// What wrong use is told.
#pragma once

#include <string>

#include "core/base/error.h"

namespace abax::test {

/// The message of the UsageError that `call` throws, or "accepted".
template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace abax::test

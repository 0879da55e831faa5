// The exceptions of the library. Each message says what was expected, what came, where, and what to
// do.
#pragma once

#include <stdexcept>
#include <string>

#include "core/base/source_location.h"

namespace abax {

/// Everything that the library throws on purpose; the subclasses say what kind of failure it is.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A wrong call: a name, an option, an argument, a model that does not fit together.
struct UsageError : Error {
  using Error::Error;
};

/// Shapes or element types that an op does not accept. Ops throw it without a place; the graph adds
/// the scope and the caller's source line.
struct ShapeError : UsageError {
  using UsageError::UsageError;
};

/// Input data that cannot be used: bytes, records, values out of their declared range.
struct DataError : Error {
  using Error::Error;
};

/// A checkpoint or tensor file that is damaged, or of another model.
struct CheckpointError : Error {
  using Error::Error;
};

/// The loss or a gradient is no longer finite.
struct DivergedError : Error {
  using Error::Error;
};

/// More memory was asked for than there is.
struct MemoryError : Error {
  using Error::Error;
};

/// More threads were asked for than the system gives.
struct ThreadError : Error {
  using Error::Error;
};

/// A file or folder could not be written.
struct DiskError : Error {
  using Error::Error;
};

/// "models/layers/transformer.cpp:88".
std::string place_of(const SourceLocation& where);

}  // namespace abax

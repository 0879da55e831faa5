// Where a call came from, as text.
#include "core/base/error.h"

namespace abax {

std::string place_of(const SourceLocation& where) {
  std::string file = where.file_name();
  while (file.starts_with("../")) file.erase(0, 3);  // the build folder's way up to the sources
  return file + ":" + std::to_string(where.line());
}

}  // namespace abax

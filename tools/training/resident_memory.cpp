// Resident memory from /proc.
#include "tools/training/resident_memory.h"

#include <unistd.h>

#include <fstream>

namespace abax {

std::size_t resident_memory() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  if (!(statm >> total >> resident)) return 0;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace abax

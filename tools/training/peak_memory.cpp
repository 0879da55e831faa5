// Peak memory from /proc.
#include "tools/training/peak_memory.h"

#include <fstream>
#include <string>

namespace abax {

std::size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes << 10;
  }
  return 0;
}

}  // namespace abax

// The check: the owner of each byte, step after step.
#include "tests/plan/memory_check.h"

#include <algorithm>
#include <vector>

#include "core/base/text.h"
#include "core/plan/plan.h"

namespace abax::test {
namespace {

constexpr int untouched = -1, garbage = -2;  // owners that are no values

class Checker {
 public:
  explicit Checker(const Plan& plan)
      : plan_(plan), program_(plan.program), owners_(static_cast<std::size_t>(plan.base_count())) {}

  std::string check() {
    for (int first = 0, end = 0; first < program_.step_count(); first = end) {
      while (end < program_.step_count() && time(end) == time(first)) ++end;
      check_beside(first, end);
    }
    for (const Program::Output& output : program_.outputs) read(output.value, "an output");
    for (const Program::Commit& commit : program_.commits) read(commit.value, "an assignment");
    return error_;
  }

 private:
  using Owners = std::vector<std::vector<int>>;

  int time(int s) const { return plan_.times[static_cast<std::size_t>(s)]; }

  /// Steps that run side by side: each must find its operands whatever the others wrote before.
  void check_beside(int first, int end) {
    for (int s = first; s < end; ++s) {
      const auto before = end - first > 1 ? owners_ : Owners{};
      for (int other = first; other < end; ++other) {
        write_scratch(other);
        for (const int id : program_.step(other).outputs)
          if (other != s) write_value(id);
      }
      for (const int id : program_.step(s).inputs) read(id, program_.step(s).nodes.front());
      if (end - first > 1) owners_ = before;
    }
    for (int s = first; s < end; ++s) {
      write_scratch(s);
      for (const int id : program_.step(s).outputs) write_value(id);
    }
    for (int s = first; s < end; ++s)
      for (const int id : program_.step(s).outputs)
        read(id, program_.step(s).nodes.front() + ", its own result");
  }

  void write_scratch(int s) {
    const std::size_t at = static_cast<std::size_t>(s);
    write({0, plan_.memory.scratch_offsets[at]}, plan_.steps[at].kernel.scratch, garbage);
  }
  void write_value(int id) { write(plan_.address_of(id), program_.value(id).type.bytes(), id); }

  void write(Address address, std::size_t bytes, int owner) {
    if (address.base == 0 && address.offset + bytes > plan_.memory.arena_bytes)
      error_ = str_cat("bytes beyond the arena belong to ", owner);
    std::vector<int>& owners = owners_[static_cast<std::size_t>(address.base)];
    if (owners.size() < address.offset + bytes) owners.resize(address.offset + bytes, untouched);
    std::fill_n(owners.begin() + static_cast<std::ptrdiff_t>(address.offset), bytes, owner);
  }

  void read(int id, const std::string& reader) {
    const int root = program_.root(id);
    const ProgramValue& origin = program_.value(root);
    const int expected = origin.source == Source::computed ? root : untouched;
    const Address address = plan_.address_of(id);
    const std::vector<int>& owners = owners_[static_cast<std::size_t>(address.base)];
    const std::size_t end = address.offset + program_.value(id).type.bytes();
    for (std::size_t i = address.offset; i < end; ++i) {
      const int owner = i < owners.size() ? owners[i] : untouched;
      if (owner == expected) continue;
      error_ = str_cat(reader, " reads ", program_.value(id).name, " (%", id, ") where %", owner,
                       " lies");
      return;
    }
  }

  const Plan& plan_;
  const Program& program_;
  Owners owners_;  // of each base and byte: a value, or what is said above
  std::string error_;
};

}  // namespace

std::string check_memory(const Plan& plan) { return Checker(plan).check(); }

}  // namespace abax::test

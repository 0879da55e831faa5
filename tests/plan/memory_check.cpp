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
    for (int s = 0; s < program_.step_count(); ++s) {
      const Step& step = program_.step(s);
      const std::size_t scratch = plan_.steps[static_cast<std::size_t>(s)].kernel.scratch;
      write({0, plan_.memory.scratch_offsets[static_cast<std::size_t>(s)]}, scratch, garbage);
      for (const int id : step.inputs) read(id, step.nodes.front());
      for (const int id : step.outputs)
        write(plan_.address_of(id), program_.value(id).type.bytes(), id);
      for (const int id : step.outputs) read(id, step.nodes.front() + ", its own result");
    }
    for (const Program::Output& output : program_.outputs) read(output.value, "an output");
    for (const Program::Commit& commit : program_.commits) read(commit.value, "an assignment");
    return error_;
  }

 private:
  void write(Address address, std::size_t bytes, int owner) {
    if (address.base == 0 && address.offset + bytes > plan_.memory.arena_bytes)
      error_ = text("bytes beyond the arena belong to ", owner);
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
      error_ =
          text(reader, " reads ", program_.value(id).name, " (%", id, ") where %", owner, " lies");
      return;
    }
  }

  const Plan& plan_;
  const Program& program_;
  std::vector<std::vector<int>> owners_;  // of each base and byte: a value, or what is said above
  std::string error_;
};

}  // namespace

std::string check_memory(const Plan& plan) { return Checker(plan).check(); }

}  // namespace abax::test

// abax-inspect: what a checkpoint holds, without running it; its model alone, for use elsewhere.
#include <iomanip>
#include <iostream>
#include <map>
#include <string>

#include "core/base/text.h"
#include "core/io/checkpoint.h"
#include "tools/exit_codes.h"
#include "tools/options/command_line.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

std::string_view word(Role role) {
  switch (role) {
    case Role::trainable:
      return "parameter";
    case Role::saved:
      return "saved";
    case Role::carried:
      return "carried";
  }
  return "?";
}

void print(const SavedRun& run, bool with_configuration, std::ostream& out) {
  const CheckpointReader& checkpoint = run.checkpoint;
  const Checkpoint& contents = checkpoint.contents();
  out << "model          " << contents.model << "\nwritten by     abax " << checkpoint.version()
      << "\nstep           " << contents.step << "\ndata position  " << contents.data_position
      << " batches\nseed           " << checkpoint.seed() << "\nmodel reads   ";
  for (const auto& [name, value] : contents.settings) out << ' ' << name << '=' << value;
  out << "\n\n";
  std::size_t widest = 4;
  for (const SafetensorsEntry& entry : checkpoint.variables().entries())
    widest = std::max(widest, entry.name.size());
  const auto row = [&](const auto& name, const auto& role, const auto& type, const auto& bytes) {
    out << std::left << std::setw(static_cast<int>(widest) + 2) << name << std::setw(11) << role
        << std::setw(20) << type << std::right << std::setw(12) << bytes << '\n';
  };
  row("name", "role", "type", "bytes");
  std::map<std::string_view, std::int64_t> elements;
  for (const SafetensorsEntry& entry : checkpoint.variables().entries()) {
    const std::string_view role = word(checkpoint.role_of(entry));
    row(entry.name, role, str_cat(entry.type), entry.bytes);
    elements[role] += entry.type.size();
  }
  out << '\n';
  for (const auto& [role, count] : elements)
    out << std::left << std::setw(15) << role << count << " elements\n";
  if (with_configuration) out << "\n" << to_toml(run.settings);
}

struct Inspection {
  std::string checkpoint;
  bool configuration = false;
  std::string export_to;
};
void fields(Fields& f, Inspection& s) {
  f.group("What");
  checkpoint_field(f, s.checkpoint);
  f("configuration", s.configuration, "show the settings of the run too");
  f("export", s.export_to,
    "also write a checkpoint of the model alone, for use: averaged weights where there are some, "
    "no optimiser; the best one of a run. Codes take it for another model")
      .placeholder("FOLDER");
}

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("inspect", [&] {
    Inspection s;
    const CommandLine line(
        "inspect",
        "Shows what a checkpoint of abax-train holds, without running it, and exports its model.",
        [&](Fields& f) { fields(f, s); });
    if (!line.parse(argc, argv, std::cout)) return int{exit_ok};
    print(open_run(s.checkpoint), s.configuration, std::cout);
    if (!s.export_to.empty()) {
      export_run(open_run(s.checkpoint, Which::best), s.export_to);
      std::cout << "\nexported to " << s.export_to << '\n';
    }
    return int{exit_ok};
  });
}

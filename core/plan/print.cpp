// A plan as text: a line a step, with shapes, fused groups, scopes and offsets.
#include "core/base/text.h"
#include "core/plan/plan.h"

namespace abax {
namespace {

class Printer {
 public:
  explicit Printer(const Plan& plan) : plan_(plan), program_(plan.program) {}

  std::string print() {
    result_ = str_cat("plan '", program_.label, "': ", program_.steps.size(), " steps, arena ",
                      plan_.memory.arena_bytes, " bytes, packs ", plan_.pack_bytes, " bytes, ",
                      name_of(plan_.options.level), "\n");
    for (const Program::Input& input : program_.inputs) {
      result_ += str_cat("  input '", input.name, "': ", input.type);
      if (input.range.bounded())
        result_ += str_cat(" in [", input.range.low, ", ", input.range.high, ")");
      result_ += "\n";
    }
    for (const Program::Pack& pack : program_.packs) {
      result_ += str_cat("  pack ",
                         program_.variables[static_cast<std::size_t>(pack.variable)].name, ": ");
      step(pack.step);
    }
    for (std::size_t s = 0; s < program_.steps.size(); ++s) {
      const bool beside = s > 0 && plan_.times[s] == plan_.times[s - 1];
      result_ += str_cat(beside ? "  | " : "  ", s, ": ");  // beside the step before
      step(program_.steps[s]);
    }
    for (const Program::Commit& commit : program_.commits)
      result_ +=
          str_cat("  assign ", program_.variables[static_cast<std::size_t>(commit.variable)].name,
                  " = ", value(commit.value), commit.in_place ? " in place" : "", "\n");
    for (const Program::Output& output : program_.outputs)
      result_ += str_cat("  output ", output.names.front(), " = ", value(output.value), "\n");
    return std::move(result_);
  }

 private:
  /// "%7", "x", "lstm0/weight", "%3+64" for a view.
  std::string value(int id) const {
    const int root = program_.root(id);
    const ProgramValue& origin = program_.value(root);
    const std::string name = origin.source == Source::computed || origin.source == Source::packed
                                 ? str_cat("%", root)
                                 : origin.name;
    return id == root ? name : str_cat(name, "+", program_.value(id).byte_offset, "b");
  }

  std::string operands(const std::vector<int>& ids) const {
    std::string list;
    for (const int id : ids)
      list += str_cat(list.empty() ? "" : ", ", value(id), " ", program_.value(id).type);
    return list;
  }

  /// "@1024", "@variable lstm0/weight": where a result is written.
  std::string location(int id) const {
    const Address address = plan_.address_of(id);
    const int variable = address.base - plan_.variable_base(0);
    if (address.base == plan_.pack_base()) return str_cat("@pack+", address.offset);
    if (address.base == 0) return str_cat("@", address.offset);
    return str_cat("@", program_.variables[static_cast<std::size_t>(variable)].name);
  }

  void step(const Step& step) {
    std::string results;
    for (const int id : step.outputs)
      results += str_cat(results.empty() ? "" : ", ", value(id), " ", program_.value(id).type, " ",
                         location(id));
    result_ += results + " = ";
    if (step.op) {
      result_ += str_cat(step.op->name(), "(", operands(step.inputs), ")");
      if (const std::string attributes = step.op->attributes(); !attributes.empty())
        result_ += " " + attributes;
      if (step.tiles) result_ += str_cat("\n       with {", step.tiles->describe(), "}");
    } else {
      result_ +=
          str_cat("tile(", operands(step.inputs), ")\n       {", step.tiles->describe(), "}");
    }
    result_ += "\n      ";
    for (const std::string& node : step.nodes) result_ += " " + node;
    result_ += "\n";
  }

  const Plan& plan_;
  const Program& program_;
  std::string result_;
};

}  // namespace

std::string to_text(const Plan& plan) { return Printer(plan).print(); }

}  // namespace abax

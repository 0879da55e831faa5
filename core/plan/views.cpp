// Steps whose outputs are contiguous pieces of an input's memory vanish: the outputs become views.
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/plan/passes.h"

namespace abax {
namespace {

/// Makes the outputs of `step` views. Returns false, and changes nothing, where one is none.
bool become_views(Program& program, const Step& step) {
  const std::vector<TensorType> types = types_of(program, step.inputs);
  std::vector<ViewOf> views;
  for (std::size_t i = 0; i < step.outputs.size(); ++i) {
    const std::optional<ViewOf> view = step.op->view(static_cast<int>(i), types);
    if (!view) return false;
    const std::size_t end =
        static_cast<std::size_t>(view->byte_offset) + step.op_outputs[i].bytes();
    if (view->byte_offset < 0 || end > types[static_cast<std::size_t>(view->input)].bytes())
      throw UsageError(str_cat("op '", step.op->name(), "' (", step.nodes.front(), "): output ", i,
                               " is no piece of input ", view->input));
    views.push_back(*view);
  }
  for (std::size_t i = 0; i < views.size(); ++i) {
    const int input = step.inputs[static_cast<std::size_t>(views[i].input)];
    ProgramValue& value = program.value(step.outputs[i]);
    value.view_of = program.root(input);
    value.byte_offset = program.value(input).byte_offset + views[i].byte_offset;
  }
  return true;
}

}  // namespace

void make_views(Program& program) {
  std::vector<Step> kept;
  for (Step& step : program.steps)
    if (step.outputs.empty() || !become_views(program, step)) kept.push_back(std::move(step));
  program.steps = std::move(kept);
}

}  // namespace abax

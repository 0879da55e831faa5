// The command line of a tool whose options depend on the run that it opens.
#include "tools/run_tool.h"

#include <algorithm>
#include <iostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"
#include "tools/exit_codes.h"
#include "tools/options/command_line.h"

namespace abax {
namespace {

struct Common {
  std::string checkpoint;
  std::int64_t threads = 0;
  Questions questions;
};
void fields(Fields& f, Common& s) {
  f.group("Run");
  checkpoint_field(f, s.checkpoint);
  threads_field(f, s.threads);
  f.part(s.questions);
}

/// All that an action can take.
std::vector<KnownField> known_options(const TaskAction& action) {
  AnySettings scratch = action.settings;
  return known_fields([&](Fields& f) { fields(f, scratch); }, [&] { scratch = action.settings; });
}

/// The options of all tasks that have the action; those of several come once.
std::vector<KnownField> known_options(const RunTool& tool) {
  std::vector<KnownField> known;
  for (const TaskEntry& task : tasks()) {
    for (KnownField& field : known_options(task.*tool.action))
      if (std::ranges::none_of(
              known, [&](const KnownField& k) { return k.field.name() == field.field.name(); }))
        known.push_back(std::move(field));
  }
  return known;
}

/// "lstm_lm, seq2seq": the models whose tasks have the action.
std::string models_with(const RunTool& tool) {
  std::string names;
  for (const ModelEntry& entry : model_entries())
    if ((task_entry(ModelSettings(entry.name)).*tool.action).act)
      names += str_cat(names.empty() ? "" : ", ", entry.name);
  return names;
}

/// What the tool takes for every task; what several take alike comes once.
std::string whole_help(const RunTool& tool, const std::vector<KnownField>& known, Common& common) {
  Fields page;
  std::vector<AnySettings> settings;  // which the page's fields point to
  for (const TaskEntry& task : tasks()) settings.push_back((task.*tool.action).settings);
  for (AnySettings& each : settings) {
    Fields own;
    fields(own, each);
    for (const Field& field : own.all()) {
      const auto alike = [&](const Field& f) {
        return f.name() == field.name() && f.group() == field.group();
      };
      if (std::ranges::none_of(page.all(), alike)) page.all().push_back(field);
    }
  }
  fields(page, common);
  return help_page(tool.name, tool.purpose, page, known, tool.epilogue);
}

int act(const RunTool& tool, int argc, char** argv) {
  Common common;
  const Declare declare_common = [&](Fields& f) { fields(f, common); };
  const std::vector<KnownField> known = known_options(tool);
  std::vector<Field> all;
  for (const KnownField& field : known) all.push_back(field.field);
  Fields own;
  declare_common(own);
  all.insert(all.end(), own.all().begin(), own.all().end());
  const std::vector<GivenValue> given = read_arguments(argc, argv, all);
  std::vector<GivenValue> values = assign(declare_common, given);
  if (common.questions.version) std::cout << version_line(tool.name);
  if (common.questions.help && common.checkpoint.empty())
    std::cout << whole_help(tool, known, common);
  if (common.questions.version || (common.questions.help && common.checkpoint.empty()))
    return exit_ok;
  check_needed(own, given);

  RunContext context{.run = open_run(common.checkpoint, Which::best), .threads = common.threads};
  const ModelSettings& model = context.run.settings.model;
  const TaskAction& action = task_entry(model).*tool.action;
  if (!action.act)
    throw UsageError(str_cat(model.name(), ": there is nothing to ", tool.name,
                             " with it, as there is with ", models_with(tool)));
  AnySettings settings = action.settings;
  const Declare declare = [&](Fields& f) { fields(f, settings); };
  const std::vector<GivenValue> unread = assign(declare, std::move(values));
  Fields now;
  declare(now);
  if (common.questions.help) {
    fields(now, common);
    std::cout << help_page(tool.name, tool.purpose, now, known_options(action), tool.epilogue);
    return exit_ok;
  }
  if (!unread.empty()) {
    std::string taken;
    for (const Field& field : now.all()) taken += str_cat(" --", field.name());
    throw UsageError(str_cat(unread.front().place, " means nothing to ", model.name(),
                             ", with which ", tool.name, " takes", taken));
  }
  check_needed(now, given);
  check_together(declare);
  create_for_use(context.run, context.store);
  action.act(settings, context, std::cout);
  return exit_ok;
}

}  // namespace

int run_tool_main(const RunTool& tool, int argc, char** argv) {
  return guarded_main(tool.name, [&] { return act(tool, argc, argv); });
}

}  // namespace abax

// From defaults, preset, file and command line to the settings of a run.
#include "tools/training/train_call.h"

#include <algorithm>
#include <ostream>
#include <set>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/text/utf8.h"
#include "models/registry.h"
#include "tools/options/command_line.h"
#include "tools/options/config_file.h"
#include "tools/options/presets.h"

namespace abax {
namespace {

constexpr const char* purpose =
    "Trains a model. Without options: a small LSTM language model on a built-in corpus whose exact "
    "entropy is known, in under a minute.";

constexpr const char* examples =
    "Examples\n"
    "  train --data book.txt --width 256 --layers 2 --dropout 0.2 --epochs 10 --out runs/book\n"
    "  train --data wiki.txt --tokens words --vocabulary 20000 --schedule cosine --steps 20000\n"
    "  train --preset char-small --data plays.txt\n"
    "  train --config runs/book/config.toml --seed 2 --out runs/book2\n"
    "  train --resume runs/book\n"
    "\n"
    "Exit codes: 0 done, 2 usage, 3 bad data, 4 bad checkpoint, 5 diverged, 6 out of memory,\n"
    "7 cannot write; after saving 129 hung up, 130 Ctrl-C, 141 nobody reads, 143 SIGTERM.";

/// What asks, or names other settings; no setting itself.
struct Asked {
  Questions questions;
  std::string preset, config, resume;
  bool presets = false, dump_config = false, dry_run = false;
};
void fields(Fields& f, Asked& s) {
  f.group("Configuration");
  f("preset", s.preset, "settings of a known task; all else overrides them")
      .placeholder("NAME")
      .command_line_only();
  f("config", s.config, "TOML file with these options; the command line overrides it")
      .placeholder("FILE")
      .command_line_only();
  f("resume", s.resume, "go on with the run in this folder, bit for bit")
      .placeholder("FOLDER")
      .command_line_only();
  f("dump-config", s.dump_config, "print the resulting options as such a file, and stop")
      .command_line_only();
  f("dry-run", s.dry_run, "rehearse some steps; print parameters, FLOP, speed and memory, and stop")
      .command_line_only();
  f("presets", s.presets, "list the presets, what data they need and what they reach, and stop")
      .command_line_only();
  f.part(s.questions);
}

/// All options that some model takes.
std::vector<KnownField> known_settings(const RunSettings& start) {
  RunSettings scratch = start;
  return known_fields(fields_of(scratch), [&] { scratch = start; });
}

std::vector<Field> options_of(const std::vector<KnownField>& known, const Declare& more) {
  std::vector<Field> result;
  for (const KnownField& k : known)
    if (!k.field.is_derived()) result.push_back(k.field);
  Fields all;
  more(all);
  result.insert(result.end(), all.all().begin(), all.all().end());
  return result;
}

bool has(const std::vector<GivenValue>& values, std::string_view name) {
  return std::ranges::find(values, name, &GivenValue::name) != values.end();
}

/// Of two that exclude each other a weaker origin gives way.
void drop_weaker(std::vector<GivenValue>& values, std::string_view a, std::string_view b) {
  const auto first = std::ranges::find(values, a, &GivenValue::name);
  const auto second = std::ranges::find(values, b, &GivenValue::name);
  if (first == values.end() || second == values.end() || first->origin == second->origin) return;
  values.erase(first->origin < second->origin ? first : second);
}

/// Configurations and checkpoints keep what is given, as UTF-8.
void check_text(const std::vector<GivenValue>& values) {
  for (const GivenValue& value : values)
    if (const std::string given = to_text(value.value);
        data::find_invalid_utf8(given) != given.npos)
      throw UsageError(str_cat(value.place,
                               ": expected UTF-8, which a run keeps; a file of another name can be "
                               "given by a link"));
}

/// Refuses what no choice could read.
void check_keys(const std::vector<GivenValue>& values, const std::vector<KnownField>& known) {
  Words keys;
  for (const KnownField& k : known)
    if (k.field.in_files()) keys.push_back(k.field.name());
  for (const GivenValue& value : values) {
    if (std::ranges::find(keys, value.name) != keys.end()) continue;
    const std::string hint = nearest_name(value.name, keys);
    throw UsageError(
        str_cat(value.place, " is no key of a configuration file",
                hint.empty() ? std::string() : str_cat("; did you mean '", hint, "'?")));
  }
}

/// What nothing reads is refused where a person asked for it; else there is a note.
Words judge_unread(const std::vector<GivenValue>& unread, const RunSettings& settings) {
  if (unread.empty()) return {};
  const std::vector<KnownField> near = known_settings(settings);
  RunSettings copy = settings;
  Fields now;
  fields(now, copy);
  std::string dropped;
  for (const GivenValue& value : unread) {
    if (value.origin == Origin::command_line)
      throw UsageError(unread_message(value, near, now, settings.model.name()));
    dropped += str_cat(dropped.empty() ? "" : ", ", value.name);
  }
  return {
      str_cat("not read by ", settings.model.name(), " as it was chosen, and left out: ", dropped)};
}

/// The fields that every model has, of the settings as they are: what a page without --model shows.
Fields common_fields(RunSettings& settings) {
  Fields all, common;
  fields(all, settings);
  std::set<std::string> names, differing;
  for (const Field& field : all.all()) names.insert(field.name());
  for (const ModelEntry& entry : model_entries()) {
    RunSettings other(entry.name);
    Fields theirs;
    fields(theirs, other);
    std::erase_if(names, [&](const std::string& name) { return !theirs.find(name); });
    for (const Field& field : theirs.all())
      if (const Field* own = all.find(field.name()); own && own->help() != field.help())
        differing.insert(field.name());
  }
  for (Field field : all.all()) {
    if (!names.contains(field.name())) continue;
    if (differing.contains(field.name()))
      field.explained(
          str_cat("of each model in its own way; of ", settings.model.name(), ": ", field.help()));
    common.all().push_back(field);
  }
  return common;
}

std::string help(RunSettings& settings, bool of_model, Asked& asked) {
  Fields page;
  if (of_model)
    fields(page, settings);
  else
    page = common_fields(settings);
  fields(page, asked);
  std::string list = "Models, each with options of its own (train --model NAME --help)\n";
  for (const ModelEntry& entry : model_entries()) {
    list += str_cat("  ", entry.name,
                    std::string(entry.name.size() < 18 ? 18 - entry.name.size() : 1, ' '),
                    entry.description, "\n");
  }
  return help_page("train", purpose, page,
                   of_model ? known_settings(settings) : std::vector<KnownField>{},
                   list + "\n" + examples);
}

void check_resumable(RunSettings before, RunSettings now) {
  Fields old_fields, new_fields;
  fields(old_fields, before);
  fields(new_fields, now);
  for (const Field& field : new_fields.all()) {
    if (field.is_resumable() || field.is_derived()) continue;
    const Field* old = old_fields.find(field.name());
    const std::string was = old ? old->to_text() : "none";
    if (was != field.to_text())
      throw UsageError(str_cat("--", field.name(), ": this run has ", was,
                               ", and --resume goes on with it; for ", field.to_text(),
                               " start a new run, with --init-from if its weights shall be kept"));
  }
}

TrainCall resumed_call(const Asked& asked, std::vector<GivenValue> values,
                       const RunSettings& before) {
  if (!asked.preset.empty())
    throw UsageError("--preset begins a run; --resume goes on with the settings of one");
  if (has(values, "init-from"))
    throw UsageError(
        "--resume goes on with a run, --init-from starts a new one from its weights: give one of "
        "them");
  TrainCall call{.settings = before, .resume = asked.resume, .dry_run = asked.dry_run};
  TrainingSettings& training = call.settings.training;
  if (has(values, "epochs") && !has(values, "steps")) training.steps = 0;
  call.notes = judge_unread(assign(fields_of(call.settings), std::move(values)), call.settings);
  check_resumable(before, call.settings);
  return call;
}

}  // namespace

std::optional<TrainCall> parse_train_call(
    int argc, const char* const* argv, std::ostream& out,
    FunctionRef<RunSettings(const std::string& run)> settings_of_run) {
  Asked asked;
  const Declare ask = [&](Fields& f) { fields(f, asked); };
  const std::vector<KnownField> known = known_settings(RunSettings());
  std::vector<GivenValue> values = read_arguments(argc, argv, options_of(known, ask));
  values = assign(ask, std::move(values));  // what is left are settings
  check_text(values);
  if (asked.questions.version) out << version_line("train");
  if (asked.presets) out << preset_list();
  if (asked.questions.version || asked.presets) return std::nullopt;

  std::vector<GivenValue> all;
  if (!asked.preset.empty()) all = preset(asked.preset).values;
  if (!asked.config.empty())
    for (GivenValue& value : read_config_file(asked.config)) all.push_back(std::move(value));
  all.insert(all.end(), values.begin(), values.end());
  check_keys(all, known);
  all = strongest(std::move(all));
  const bool of_model = has(all, "model");
  drop_weaker(all, "steps", "epochs");

  if (!asked.resume.empty() && !asked.questions.help) {
    TrainCall call = resumed_call(asked, std::move(all), settings_of_run(asked.resume));
    if (asked.dump_config) out << to_toml(call.settings);
    check_together(fields_of(call.settings));
    if (asked.dump_config) return std::nullopt;
    return call;
  }
  TrainCall call{.dry_run = asked.dry_run};
  const bool own_warmup = std::ranges::any_of(all, [](const GivenValue& value) {
    return value.name == "warmup" && value.origin >= Origin::file;
  });
  const std::vector<GivenValue> unread = assign(fields_of(call.settings), std::move(all));
  TrainingSettings& training = call.settings.training;
  // Nobody asked for their warm-up, so that it does not keep a training from being short.
  if (!own_warmup && training.steps > 0)
    training.rate.warmup = std::min(training.rate.warmup, training.steps);
  if (asked.questions.help) {
    out << help(call.settings, of_model, asked);
    return std::nullopt;
  }
  call.notes = judge_unread(unread, call.settings);
  if (asked.dump_config) out << to_toml(call.settings);
  check_together(fields_of(call.settings));
  if (asked.dump_config) return std::nullopt;
  return call;
}

}  // namespace abax

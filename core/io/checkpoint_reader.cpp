// Reading checkpoints: checked whole, then given to a store.
#include <algorithm>
#include <functional>
#include <system_error>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/checkpoint.h"
#include "core/io/checkpoint_format.h"
#include "core/io/json.h"

namespace abax {
namespace {

namespace fs = std::filesystem;

/// The folder that holds the checkpoint of that path.
fs::path readable_folder(const fs::path& path) {
  const fs::path named = path.has_filename() ? path : path.parent_path();
  const fs::path old = checkpoint_format::old_path(named);
  return !path_exists(named) && path_exists(old) ? old : named;
}

checkpoint_format::Flags flags_of(const SafetensorsFile& file, const SafetensorsEntry& entry) {
  const auto found = file.metadata().find(entry.name);
  if (found == file.metadata().end()) return {};
  try {
    return checkpoint_format::parse_flags(found->second);
  } catch (const DataError& error) {
    throw CheckpointError(
        str_cat("'", file.path().string(), "', tensor '", entry.name, "': ", error.what()));
  }
}

/// Collects what is wrong, so that a message can show the first few things at once.
class Problems {
 public:
  void add(std::string problem) { all_.push_back(std::move(problem)); }
  void throw_if_any(const std::string& source) const {
    if (all_.empty()) return;
    constexpr std::size_t shown = 5;
    std::string message = str_cat("'", source, "' does not fit the model:");
    for (std::size_t i = 0; i < std::min(shown, all_.size()); ++i) message += "\n  " + all_[i];
    if (all_.size() > shown) message += str_cat("\n  and ", all_.size() - shown, " more");
    throw CheckpointError(message);
  }

 private:
  std::vector<std::string> all_;
};

std::string suggestion(const std::string& name, const std::vector<std::string>& known) {
  const std::string nearest = nearest_name(name, known);
  return nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?");
}

/// Checks that file and store hold the same of those variables that `counts` accepts, then reads
/// them. Carried state is of one plan's stream, and either side may know plans that the other does
/// not: such a state of the file is left out, of the store begins anew.
void load(const SafetensorsFile& file, const std::string& source, Variables& store,
          const std::function<bool(Role)>& counts) {
  Problems problems;
  std::vector<std::string> stored;
  std::vector<std::pair<const SafetensorsEntry*, Variable*>> pairs;
  for (const SafetensorsEntry& entry : file.entries()) {
    const Role role = flags_of(file, entry).role;
    if (!counts(role)) continue;
    stored.push_back(entry.name);
    const int index = store.find(entry.name);
    if (index < 0) {
      if (role == Role::carried) continue;
      problems.add(str_cat("the model has no variable '", entry.name, "'",
                           suggestion(entry.name, store.names())));
      continue;
    }
    Variable& variable = store[index];
    if (variable.value().type() != entry.type)
      problems.add(str_cat("'", entry.name, "': the model has ", variable.value().type(),
                           ", the checkpoint ", entry.type));
    else if (!entry.readable)
      problems.add(str_cat("'", entry.name, "' has the element type ", entry.stored,
                           ", which cannot be read"));
    else if (variable.role != role)
      problems.add(str_cat("'", entry.name, "' has another role in the model"));
    pairs.emplace_back(&entry, &variable);
  }
  std::vector<Variable*> fresh;
  for (int i = 0; i < store.count(); ++i) {
    if (!counts(store[i].role) || file.find(store[i].name)) continue;
    if (store[i].role == Role::carried)
      fresh.push_back(&store[i]);
    else
      problems.add(str_cat("the checkpoint has no variable '", store[i].name, "'",
                           suggestion(store[i].name, stored)));
  }
  problems.throw_if_any(source);
  for (const auto& [entry, variable] : pairs) file.read(*entry, variable->write());
  for (Variable* variable : fresh) variable->write() = Tensor(variable->value().type());
}

}  // namespace

std::optional<std::int64_t> checkpoint_step(const fs::path& path) {
  try {
    const std::string written = read_file(readable_folder(path) / checkpoint_format::description);
    return checkpoint_format::unsealed(written).at("step").integer();
  } catch (const DataError&) {
    return std::nullopt;
  }
}

CheckpointReader::CheckpointReader(const fs::path& path) : path_(path) {
  const fs::path folder = readable_folder(path);
  if (!path_exists(folder)) fail("there is no such folder");
  if (!path_exists(folder / checkpoint_format::description))
    fail(str_cat("it has no ", checkpoint_format::description, ", so it is no checkpoint"));
  try {
    read_description(folder);
  } catch (const DataError& error) {
    fail(error.what());
  }
}

void CheckpointReader::fail(const std::string& what) const {
  throw CheckpointError(str_cat("checkpoint '", path_.string(), "': ", what));
}

void CheckpointReader::read_description(const fs::path& folder) {
  const std::string written = read_file(folder / checkpoint_format::description);
  Json json;
  try {
    json = checkpoint_format::unsealed(written);
    contents_.format = json.at("format").integer();
    if (contents_.format < 1 || contents_.format > checkpoint_format::format)
      throw DataError(str_cat("expected format ", checkpoint_format::format, " or older, found ",
                              contents_.format, "; it was written by a newer version of abax"));
    version_ = json.at("abax").string();
    contents_.model = json.at("model").string();
    contents_.step = json.at("step").integer();
    contents_.data_position = json.at("data_position").integer();
    seed_ = json.at("seed").natural();
    for (const auto& [label, count] : json.at("runs").object()) runs_[label] = count.natural();
    for (const auto& [key, value] : json.at("values").object())
      contents_.values[key] = value.string();
    if (contents_.format == 1) {
      contents_.configuration = json.at("configuration").string();
      contents_.settings = contents_.values;
    } else {
      for (const auto& [key, value] : json.at("settings").object())
        contents_.settings[key] = value.string();
    }
  } catch (const DataError& error) {
    fail(str_cat(checkpoint_format::description, ": ", error.what()));
  }

  for (const auto& [name, listed] : json.at("files").object()) {
    if (!checkpoint_format::is_plain(name)) fail(str_cat("it lists a file '", name, "'"));
    const FileSummary expected{listed.at("bytes").natural(), listed.at("xxh3").natural()};
    const FileReader file(folder / name);
    if (file.size() != expected.bytes)
      fail(str_cat(name, " has ", file.size(), " bytes, expected ", expected.bytes));
    if (file.summary() != expected) fail(str_cat(name, " is damaged: its hash does not match"));
    if (name == checkpoint_format::variables) {
      variables_ = std::make_unique<SafetensorsFile>(folder / name);
      hash_ = expected.hash;
    } else {
      contents_.files[name] = read_file(folder / name);
    }
  }
  if (!variables_) fail(str_cat("it lists no ", checkpoint_format::variables));
  for (const SafetensorsEntry& entry : variables_->entries()) flags_of(*variables_, entry);
}

std::string CheckpointReader::hash() const { return hash_text(hash_); }

Role CheckpointReader::role_of(const SafetensorsEntry& entry) const {
  return flags_of(*variables_, entry).role;
}

void CheckpointReader::restore(Variables& store) const {
  try {
    load(*variables_, path_.string(), store, [](Role) { return true; });
  } catch (const CheckpointError& error) {
    // A graph that only evaluates makes no state of an optimiser.
    for (int i = 0; i < store.count(); ++i)
      if (store[i].role != Role::trainable) throw;
    throw CheckpointError(str_cat(error.what(),
                                  "\n  load_parameters() loads the parameters alone, whatever else "
                                  "the checkpoint holds"));
  }
  store.set_seed(seed_);
  for (const auto& [label, count] : runs_) store.runs(label) = count;
}

void CheckpointReader::create(Variables& store) const {
  Problems problems;
  for (const SafetensorsEntry& entry : variables_->entries())
    if (store.find(entry.name) >= 0)
      problems.add(str_cat("the model has a variable '", entry.name, "' already"));
  problems.throw_if_any(path_.string());
  for (const SafetensorsEntry& entry : variables_->entries()) {
    const checkpoint_format::Flags flags = flags_of(*variables_, entry);
    Variable& variable = store[store.create(entry.name, entry.type, flags.role, init::zeros())];
    variable.frozen = flags.frozen;
    variable.decay = flags.decay;
    variables_->read(entry, variable.write());
  }
  store.set_seed(seed_);
  for (const auto& [label, count] : runs_) store.runs(label) = count;
}

void load_parameters(const SafetensorsFile& file, Variables& store) {
  load(file, file.path().string(), store, [](Role role) { return role == Role::trainable; });
}

void load_parameters(const fs::path& path, Variables& store) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored))
    load_parameters(SafetensorsFile(path), store);
  else
    load_parameters(CheckpointReader(path).variables(), store);
}

}  // namespace abax

// The store of variables.
#include "core/graph/variables.h"

#include <algorithm>
#include <cstddef>
#include <mutex>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

int Variables::count() const {
  const std::shared_lock lock(mutex_);
  return static_cast<int>(all_.size());
}

const std::shared_ptr<Variable>& Variables::shared(int index) const {
  const std::shared_lock lock(mutex_);
  if (index < 0 || index >= static_cast<int>(all_.size()))
    throw UsageError(str_cat("there is no variable ", index, " in a store of ", all_.size(),
                             "; find() gives -1 for an unknown name, at() says so"));
  return all_[static_cast<std::size_t>(index)];
}

int Variables::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  return find_unlocked(name);
}

int Variables::find_unlocked(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? -1 : found->second;
}

Variable& Variables::at(std::string_view name, SourceLocation where) {
  const int index = find(name);
  if (index >= 0) return (*this)[index];
  const std::string nearest = nearest_name(name, names());
  throw UsageError(str_cat("there is no variable '", name, "'",
                           nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?"),
                           "\n  at ", place_of(where)));
}

std::vector<std::string> Variables::names() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& variable : all_) names.push_back(variable->name);
  return names;
}

int Variables::create(std::string name, TensorType type, Role role,
                      const Initialiser& initialiser) {
  std::shared_ptr<Variable> variable = make(name, type, role, initialiser);
  const std::unique_lock lock(mutex_);
  if (find_unlocked(name) >= 0)
    throw UsageError(str_cat("there is a variable '", name, "' already"));
  return append_unlocked(std::move(variable));
}

int Variables::find_or_create(const std::string& name, TensorType type, Role role,
                              const Initialiser& initialiser) {
  if (const int known = find(name); known >= 0) return known;
  // Without the lock: an initialiser may read other variables. Where another thread was faster, its
  // variable, which has the same values, is the one.
  std::shared_ptr<Variable> variable = make(name, type, role, initialiser);
  const std::unique_lock lock(mutex_);
  const int known = find_unlocked(name);
  return known >= 0 ? known : append_unlocked(std::move(variable));
}

std::shared_ptr<Variable> Variables::make(const std::string& name, TensorType type, Role role,
                                          const Initialiser& initialiser) const {
  if (name.empty()) throw UsageError("a variable needs a name");
  auto variable = std::make_shared<Variable>();
  variable->name = name;
  variable->role = role;
  try {
    variable->value_ = Tensor(type);
  } catch (const MemoryError& error) {
    throw MemoryError(str_cat("the variable '", name, "', ", type, ": ", error.what()));
  }
  Random random(stream_key(seed_, "initialise", name));
  initialiser.fill(variable->value_, random);
  return variable;
}

int Variables::append_unlocked(std::shared_ptr<Variable> variable) {
  const int index = static_cast<int>(all_.size());
  const std::string& name = all_.emplace_back(std::move(variable))->name;
  index_.emplace(name, index);
  return index;
}

void Variables::exempt_from_decay(int index) {
  Variable& variable = (*this)[index];
  const std::unique_lock lock(mutex_);
  if (variable.decay) variable.decay = false;  // not written again where other threads may read it
}

int Variables::freeze(std::string_view prefix, bool frozen) {
  const std::unique_lock lock(mutex_);
  int changed = 0;
  for (const auto& variable : all_)
    if (variable->role == Role::trainable && variable->name.starts_with(prefix)) {
      variable->frozen = frozen;
      ++changed;
    }
  return changed;
}

std::uint64_t& Variables::runs(const std::string& label) {
  const std::unique_lock lock(mutex_);
  return runs_[label];
}

std::map<std::string, std::uint64_t> Variables::all_runs() const {
  const std::shared_lock lock(mutex_);
  return runs_;
}

std::unique_ptr<Variables> sharing_parameters(Variables& store) {
  const std::shared_lock lock(store.mutex_);
  auto other = std::make_unique<Variables>(store.seed_);
  for (const auto& variable : store.all_)
    if (variable->role == Role::trainable) other->append_unlocked(variable);
  return other;
}

namespace {

void copy_into(Variables& to, const Variable& from) {
  const auto fill = [&from](Tensor& tensor, Random&) {
    const auto bytes = static_cast<const std::byte*>(from.value().data());
    std::copy_n(bytes, from.value().bytes(), static_cast<std::byte*>(tensor.data()));
  };
  Variable& made = to[to.create(from.name, from.value().type(), from.role, {fill})];
  made.frozen = from.frozen;
  made.decay = from.decay;
}

}  // namespace

std::unique_ptr<Variables> copy_of(const Variables& store) {
  auto copy = std::make_unique<Variables>(store.seed());
  for (int i = 0; i < store.count(); ++i) copy_into(*copy, store[i]);
  for (const auto& [label, count] : store.all_runs()) copy->runs(label) = count;
  return copy;
}

}  // namespace abax

// The store of variables.
#include "core/graph/variables.h"

#include <algorithm>
#include <cstddef>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

int Variables::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? -1 : found->second;
}

Variable& Variables::at(std::string_view name) {
  const int index = find(name);
  if (index >= 0) return (*this)[index];
  const std::string nearest = nearest_name(name, names());
  throw UsageError(str_cat("there is no variable '", name, "'",
                           nearest.empty() ? "" : str_cat("; did you mean '", nearest, "'?")));
}

std::vector<std::string> Variables::names() const {
  std::vector<std::string> names;
  for (const Variable& variable : all_) names.push_back(variable.name);
  return names;
}

int Variables::create(std::string name, TensorType type, Role role,
                      const Initialiser& initialiser) {
  if (name.empty()) throw UsageError("a variable needs a name");
  if (find(name) >= 0) throw UsageError(str_cat("there is a variable '", name, "' already"));
  Tensor value(type);
  Random random(stream_key(seed_, "initialise", name));
  initialiser.fill(value, random);
  const int index = count();
  index_.emplace(name, index);
  Variable& variable = all_.emplace_back();
  variable.name = std::move(name);
  variable.role = role;
  variable.value_ = std::move(value);
  return index;
}

int Variables::freeze(std::string_view prefix, bool frozen) {
  int changed = 0;
  for (Variable& variable : all_)
    if (variable.role == Role::trainable && variable.name.starts_with(prefix)) {
      variable.frozen = frozen;
      ++changed;
    }
  return changed;
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

std::unique_ptr<Variables> copy_of_parameters(const Variables& store) {
  auto copy = std::make_unique<Variables>();
  for (int i = 0; i < store.count(); ++i)
    if (store[i].role == Role::trainable) copy_into(*copy, store[i]);
  return copy;
}

std::unique_ptr<Variables> copy_of(const Variables& store) {
  auto copy = std::make_unique<Variables>(store.seed());
  for (int i = 0; i < store.count(); ++i) copy_into(*copy, store[i]);
  for (const auto& [label, count] : store.all_runs()) copy->runs(label) = count;
  return copy;
}

}  // namespace abax

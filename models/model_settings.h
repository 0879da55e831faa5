// A model of the registry with its settings.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/settings/fields.h"

namespace abax {

struct ModelEntry;

class ModelSettings {
 public:
  /// With the model's defaults. Throws UsageError on an unknown name, naming the nearest.
  explicit ModelSettings(std::string_view model = "lstm_lm");
  /// With these. Throws UsageError where they are not the model's.
  template <class S>
  ModelSettings(std::string_view model, S settings) : ModelSettings(model) {
    as<S>() = std::move(settings);
  }
  /// Those of a checkpoint: its model, its values, its format. Throws CheckpointError on values
  /// that are refused.
  ModelSettings(std::string_view model, const std::map<std::string, std::string>& values,
                std::int64_t format);

  const ModelEntry& entry() const { return *entry_; }
  const std::string& name() const;
  /// Throws UsageError where the model's settings are of another type.
  template <class S>
  const S& as() const {
    const S* settings = settings_.get<S>();
    if (!settings) refuse_type();
    return *settings;
  }
  template <class S>
  S& as() {
    return const_cast<S&>(std::as_const(*this).template as<S>());
  }
  /// The value of the field of that name as text, "" where it is not read.
  std::string value_of(std::string_view field) const;
  /// Sets the derived values of these names that the model has; the others are not its own.
  void derive(const std::map<std::string, FieldValue>& values);

  friend void fields(Fields& f, ModelSettings& s) { f.part(s.settings_); }

 private:
  [[noreturn]] void refuse_type() const;

  const ModelEntry* entry_;
  AnySettings settings_;
};

namespace detail {
template <auto F, class Type = decltype(F)>
struct Erased;
template <auto F, class R, class S, class... Args>
struct Erased<F, R (*)(const S&, Args...)> {
  static R call(const ModelSettings& s, Args... args) { return F(s.as<S>(), args...); }
};
template <auto F, class R, class First, class S, class... Args>
struct Erased<F, R (*)(First&, const S&, Args...)> {
  static R call(First& first, const ModelSettings& s, Args... args) {
    return F(first, s.as<S>(), args...);
  }
};
}  // namespace detail

/// A function of a model's own settings as one of any model's: `erased<lstm_language_model>`.
template <auto F>
constexpr auto erased = &detail::Erased<F>::call;

}  // namespace abax

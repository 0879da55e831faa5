// Settings that are declared once: a struct, and one function that says what its fields are called,
// what they may hold and what they mean. Options, configuration files, help, limits and checkpoints
// all follow from the list of fields.
//
//     struct Nearest { std::int64_t codes = 512; float decay = .99f; };
//     void fields(Fields& f, Nearest& s) {
//       f("codes", s.codes, "vectors of a codebook").at_least(1);
//       f("codebook-decay", s.decay, "of its moving averages").at_least(0).below(1);
//     }
//     struct Quantiser { std::variant<Nearest, Finite> kind; std::int64_t stages = 1; };
//     void fields(Fields& f, Quantiser& s) {
//       f.choice("quantiser", s.kind, {"nearest", "finite"}, "how vectors become codes");
//       f("stages", s.stages, "codebooks in turn").at_least(1);
//     }
//
// What a struct reads only sometimes is declared only then, behind an `if`.
#pragma once

#include <any>
#include <array>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "models/settings/field.h"

namespace abax {

/// The fields of some structs, in the order in which they were declared.
class Fields {
 public:
  /// Declares a field whose value is `value`, its default what that holds now.
  template <class T>
  Field& operator()(std::string_view name, T& value, std::string help) {
    return add(name, &value, std::move(help));
  }
  /// A choice that is no std::variant.
  Field& operator()(std::string_view name, Field::Choice choice, std::string help) {
    return add(name, std::move(choice), std::move(help));
  }
  /// Declares which alternative `kind` holds, and then the fields of that one.
  template <class... Kinds>
  Field& choice(std::string_view name, std::variant<Kinds...>& kind, Words names,
                std::string help) {
    const auto get = [&kind] { return kind.index(); };
    const auto set = [&kind](std::size_t index) {
      static constexpr std::array<void (*)(std::variant<Kinds...>&), sizeof...(Kinds)> make{
          [](std::variant<Kinds...>& v) { v.template emplace<Kinds>(); }...};
      if (index != kind.index()) make[index](kind);
    };
    Field& field = add(name, Field::Choice{get, set}, std::move(help));
    field.one_of(std::move(names));
    std::visit([&](auto& chosen) { part(chosen); }, kind);
    return field;
  }
  /// The fields of a part; with a prefix each is called PREFIX-NAME.
  template <class Part>
  void part(Part& settings) {
    fields(*this, settings);
  }
  template <class Part>
  void part(std::string_view prefix, Part& settings) {
    const std::string before = prefix_;
    prefix_ += std::string(prefix) + "-";
    fields(*this, settings);
    prefix_ = before;
  }
  /// A value that follows from the data: no option, but a part of checkpoints.
  template <class T>
  Field& derived(std::string_view name, T& value) {
    return add(name, &value, "").derived();
  }
  /// A check across fields. Where it does not hold, the message is the error's.
  void require(bool holds, std::string message);
  /// What is declared from here on stands under this title in the help.
  void group(std::string title);

  std::deque<Field>& all() { return all_; }
  const std::deque<Field>& all() const { return all_; }
  /// Null where there is none of that name.
  Field* find(std::string_view name);
  const Field* find(std::string_view name) const;
  /// Messages of the checks that do not hold, in order.
  const Words& complaints() const { return complaints_; }

 private:
  Field& add(std::string_view name, Field::Target target, std::string help);

  std::deque<Field> all_;  // references stay valid
  std::string prefix_;
  std::string group_ = "Options";
  Words complaints_;
};

/// Declares fields anew, of structs that it knows: a choice that was made changes which there are.
using Declare = std::function<void(Fields&)>;

/// A settings struct of any type that fields() knows, held by value.
class AnySettings {
 public:
  AnySettings() = default;  // of nothing
  template <class S>
  requires(!std::is_same_v<S, AnySettings>) AnySettings(S settings)
      : value_(std::move(settings)),
        declare_([](Fields& f, std::any& value) { f.part(*std::any_cast<S>(&value)); }) {}

  /// Null where it holds another type.
  template <class S>
  const S* get() const {
    return std::any_cast<S>(&value_);
  }
  template <class S>
  S* get() {
    return std::any_cast<S>(&value_);
  }
  /// Whether both hold the same type.
  bool same_type(const AnySettings& other) const { return value_.type() == other.value_.type(); }
  friend void fields(Fields& f, AnySettings& s) {
    if (s.declare_) s.declare_(f, s.value_);
  }

 private:
  std::any value_;
  void (*declare_)(Fields&, std::any&) = nullptr;
};

}  // namespace abax

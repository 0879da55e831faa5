// Text out of parts: g++ 12 has no std::format.
#pragma once

#include <initializer_list>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

namespace abax {

/// A value that knows how to print itself: what str_cat() makes of its arguments, so that no list
/// of types costs a compiler code of its own.
class Printed {
 public:
  template <class T>
  explicit Printed(const T& value)
      : value_(&value),
        print_([](std::ostream& out, const void* one) { out << *static_cast<const T*>(one); }) {}
  void print(std::ostream& out) const { print_(out, value_); }

 private:
  const void* value_;
  void (*print_)(std::ostream&, const void*);
};
std::string str_cat_printed(std::span<const Printed> parts);

/// Joins the arguments as a stream would print them: str_cat("got ", 3, " of ", shape).
template <class... Args>
std::string str_cat(const Args&... args) {
  return str_cat_printed(std::initializer_list<Printed>{Printed(args)...});
}

/// The name in `known` that is `name` in a further scope ("decoder/weight" for "weight"), else that
/// with the least edit distance (at most a third of the letters), else `name` without a scope, or
/// "" where there is none. For messages: "unknown key 'stpes'; did you mean 'steps'?".
std::string nearest_name(std::string_view name, std::span<const std::string> known);

}  // namespace abax

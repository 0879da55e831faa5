// The caller's place in the source, as a default argument: SourceLocation::current().
//
//     void hidden_layer(int width, SourceLocation where = SourceLocation::current());
//
// A struct of our own: std::source_location is another type in each compiler's library, and a
// library built by one compiler could not be linked into a program of another.
#pragma once

#if __cplusplus < 202002L
#error "Abax needs C++20: compile with -std=c++20"
#endif

namespace abax {

class SourceLocation {
 public:
  /// The place of the call, where it stands as a default argument.
  static constexpr SourceLocation current(const char* file = __builtin_FILE(),
                                          const char* function = __builtin_FUNCTION(),
                                          unsigned line = __builtin_LINE()) {
    return {file, function, line};
  }
  /// Nowhere: line 0.
  constexpr SourceLocation() = default;

  constexpr const char* file_name() const { return file_; }
  constexpr const char* function_name() const { return function_; }
  constexpr unsigned line() const { return line_; }

 private:
  constexpr SourceLocation(const char* file, const char* function, unsigned line)
      : file_(file), function_(function), line_(line) {}

  const char* file_ = "";
  const char* function_ = "";
  unsigned line_ = 0;
};

}  // namespace abax

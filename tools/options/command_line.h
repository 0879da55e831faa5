// The command line of a tool, and its help: what fields say, in the way of command lines.
//
//     struct Example { std::string out; std::int64_t threads = 0; };
//     void fields(Fields& f, Example& e) { ... }
//     Example e;
//     const CommandLine line("example", "Shows an example.", [&](Fields& f) { fields(f, e); });
//     if (!line.parse(argc, argv, std::cout)) return 0;    // --help and its like were answered
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "models/settings/values.h"

namespace abax {

/// The questions that every tool answers.
struct Questions {
  bool help = false;
  bool version = false;
};
void fields(Fields& f, Questions& s);

/// The values of a command line whose options are `known`, by their names: of one that came twice
/// the last counts, lists add up. Throws UsageError on an option that there is not, naming the
/// nearest, or what it is called now; the values themselves are not looked at.
std::vector<GivenValue> read_arguments(int argc, const char* const* argv,
                                       const std::vector<Field>& known);

/// Throws UsageError, naming the fields that the tool needs and that are not among the values.
void check_needed(const Fields& fields, const std::vector<GivenValue>& values);

/// The help: fields by group, within 96 columns. `routes` may tell which choices lead to further
/// fields.
std::string help_page(const std::string& tool, const std::string& purpose, const Fields& fields,
                      const std::vector<KnownField>& known, const std::string& epilogue);

class CommandLine {
 public:
  /// `declare` declares the fields of a struct that outlives this.
  CommandLine(std::string tool, std::string purpose, Declare declare, std::string epilogue = "");

  /// Sets the fields. False where a question was answered on `out` instead. Throws UsageError on a
  /// wrong option or value, one that nothing reads, and a needed one that is missing.
  bool parse(int argc, const char* const* argv, std::ostream& out) const;

 private:
  std::string tool_, purpose_;
  Declare declare_;
  std::string epilogue_;
};

/// "abax-train 0.1.0" and a line feed.
std::string version_line(const std::string& tool);

/// Of a value that nothing reads under the choices made: why, and what is read instead.
std::string unread_message(const GivenValue& value, const std::vector<KnownField>& known,
                           const Fields& now, const std::string& reader);

}  // namespace abax

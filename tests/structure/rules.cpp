// The rules of the source tree's structure; see rules.h.
#include "tests/structure/rules.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "core/base/text.h"

namespace abax::structure {
namespace {

namespace fs = std::filesystem;

/// A floor and the beginnings of what it may include besides itself, the first that fits a file.
/// Tests and benchmarks see everything.
struct Floor {
  std::string_view folder;
  std::vector<std::string_view> below;
};

const std::vector<Floor>& floors() {
  static const std::vector<Floor> all = {
      {"core/base/", {}},
      {"core/graph/", {"core/base/"}},
      {"core/plan/", {"core/graph/", "core/base/"}},
      {"core/io/", {"core/graph/", "core/base/"}},
      {"ops/", {"core/plan/", "core/graph/", "core/base/"}},
      {"models/settings/", {"core/base/"}},
      {"models/layers/", {"models/model", "models/settings/", "ops/", "core/"}},
      {"models/latents/", {"models/layers/", "models/model", "models/settings/", "ops/", "core/"}},
      {"models/training/",
       {"models/data/batch", "models/model", "models/registry", "models/settings/", "ops/",
        "core/"}},
      {"models/data/", {"models/", "ops/", "core/"}},
      {"models/", {"ops/", "core/"}},
      {"tools/", {"models/", "ops/", "core/"}},
      {"tests/", {"tools/", "models/", "ops/", "core/", "benchmarks/"}},
      {"benchmarks/", {"tools/", "models/", "ops/", "core/", "tests/"}},
  };
  return all;
}

bool is_cpp(const SourceFile& file) {
  return file.path.ends_with(".h") || file.path.ends_with(".cpp");
}

/// Calls visit(line number from 1, line).
void for_each_line(std::string_view content,
                   const std::function<void(int, const std::string&)>& visit) {
  std::istringstream lines{std::string(content)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) visit(number, line);
}

std::string at(const SourceFile& file, int line) { return str_cat(file.path, ":", line, ": "); }

using Names = std::initializer_list<std::string_view>;

/// C++ files other than `allowed`, these rules and their test, that say a forbidden word outside
/// comments.
Violations check_words(const std::vector<SourceFile>& files, Names forbidden, Names allowed,
                       std::string_view where) {
  Violations found;
  for (const SourceFile& file : files) {
    const bool may = std::ranges::find(allowed, file.path) != allowed.end();
    if (!is_cpp(file) || may || file.path.starts_with("tests/structure/")) continue;
    for_each_line(without_comments(file.content), [&](int number, const std::string& line) {
      for (const std::string_view word : forbidden) {
        if (line.find(word) == std::string::npos) continue;
        found.push_back(str_cat(at(file, number), "'", word, "' may be named in ", where, " only"));
        return;
      }
    });
  }
  return found;
}

/// "core/base/shape.h" of the line `#include "core/base/shape.h"`, or "" of another line.
std::string included(const std::string& line) {
  const auto hash = line.find_first_not_of(" \t");
  if (hash == std::string::npos || line[hash] != '#') return "";
  const auto open = line.find('"', hash);
  const auto close = line.rfind('"');
  const bool include = line.find("include", hash) < open;
  return include && open < close ? line.substr(open + 1, close - open - 1) : "";
}

}  // namespace

std::vector<SourceFile> read_tree(const fs::path& root) {
  std::vector<SourceFile> files;
  for (const char* folder : {"core", "ops", "models", "tools", "tests", "benchmarks"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string name = entry.path().filename().string();
      const std::string kind = entry.path().extension().string();
      const bool source = kind == ".h" || kind == ".cpp" || kind == ".py" || kind == ".sh" ||
                          kind == ".in" || kind.empty() || name == "meson.build";
      if (!entry.is_regular_file() || !source || name.starts_with(".")) continue;
      std::ostringstream content;
      content << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      files.push_back({fs::relative(entry.path(), root).generic_string(), content.str()});
    }
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

std::vector<std::string> top_level(const fs::path& root) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".") || name.starts_with("build") || name == "runs") continue;
    names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::string without_comments(std::string_view code) {
  enum class State { code, line_comment, block_comment, quoted };
  State state = State::code;
  char quote = 0;
  std::string result;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    const char next = i + 1 < code.size() ? code[i + 1] : '\0';
    // A ' between digits separates them: 10'000.
    const bool separator = c == '\'' && i > 0 &&
                           std::isxdigit(static_cast<unsigned char>(code[i - 1])) &&
                           std::isxdigit(static_cast<unsigned char>(next));
    if (state == State::code && c == '/' && next == '/') state = State::line_comment;
    if (state == State::code && c == '/' && next == '*') state = State::block_comment;
    if (state == State::line_comment && c == '\n') state = State::code;
    if (state == State::code || state == State::quoted || c == '\n') result += c;
    if (state == State::quoted && c == '\\') {
      if (next != '\0') result += code[++i];
    } else if (state == State::quoted && (c == quote || c == '\n')) {
      state = State::code;
    } else if (state == State::code && (c == '"' || c == '\'') && !separator) {
      state = State::quoted;
      quote = c;
    } else if (state == State::block_comment && c == '/' && i > 0 && code[i - 1] == '*') {
      state = State::code;
    }
  }
  return result;
}

Violations check_include_floors(const std::vector<SourceFile>& files) {
  std::set<std::string> known;
  for (const SourceFile& file : files) {
    known.insert(file.path);
    if (file.path.ends_with(".in")) known.insert(file.path.substr(0, file.path.size() - 3));
  }
  Violations found;
  for (const SourceFile& file : files) {
    // Programs of the README include as a user's do.
    if (!is_cpp(file) || file.path.starts_with("tests/readme/")) continue;
    const auto floor = std::ranges::find_if(
        floors(), [&](const Floor& f) { return file.path.starts_with(f.folder); });
    if (floor == floors().end()) {
      found.push_back(str_cat(file.path, ": stands on no floor"));
      continue;
    }
    for_each_line(without_comments(file.content), [&](int number, const std::string& line) {
      const std::string target = included(line);
      if (target.empty()) return;
      if (!known.contains(target)) {
        found.push_back(str_cat(at(file, number), "\"", target, "\" is no path from the root"));
        return;
      }
      const bool same = target.starts_with(floor->folder);
      const bool below = std::ranges::any_of(
          floor->below, [&](std::string_view folder) { return target.starts_with(folder); });
      if (!same && !below)
        found.push_back(
            str_cat(at(file, number), "includes \"", target, "\", which does not lie below"));
    });
  }
  return found;
}

Violations check_simd_is_hidden(const std::vector<SourceFile>& files) {
  return check_words(files,
                     {"xsimd", "_mm_", "_mm256_", "_mm512_", "__m128", "__m256", "__m512",
                      "mmintrin.h", "arm_neon.h", "__builtin_ia32_"},
                     {"core/base/simd.h"}, "core/base/simd.h");
}

Violations check_tbb_is_hidden(const std::vector<SourceFile>& files) {
  return check_words(files, {"tbb", "task_arena"},
                     {"core/base/parallel.h", "core/base/parallel.cpp"},
                     "core/base/parallel.h and .cpp");
}

Violations check_clang_14(const std::vector<SourceFile>& files) {
  return check_words(
      files,
      {"std::source_location", "<source_location>", "std::views", "std::ranges::unique",
       "std::ranges::remove", "std::ranges::rotate", "std::ranges::partition",
       "std::ranges::stable_partition", "std::ranges::search", "std::ranges::equal_range"},
      {"core/base/source_location.h"}, "core/base/source_location.h");
}

Violations check_purpose_lines(const std::vector<SourceFile>& files) {
  Violations found;
  for (const SourceFile& file : files) {
    std::istringstream lines(file.content);
    std::string first;
    std::getline(lines, first);
    if (first.starts_with("#!")) std::getline(lines, first);
    const bool python = file.path.ends_with(".py");
    const bool cpp = is_cpp(file) || file.path.ends_with(".h.in");
    const bool comment = cpp ? first.starts_with("// ")
                             : first.starts_with("# ") || (python && first.starts_with("\"\"\""));
    if (!comment || first.size() < 20)
      found.push_back(
          str_cat(file.path, ":1: does not start with a comment that says its purpose"));
  }
  return found;
}

Violations check_lengths(const std::vector<SourceFile>& files) {
  constexpr auto most = 600;
  Violations found;
  for (const SourceFile& file : files) {
    const auto lines = std::ranges::count(file.content, '\n');
    if (lines > most) found.push_back(str_cat(file.path, ": ", lines, " lines, more than ", most));
  }
  return found;
}

Violations check_top_level(const std::vector<std::string>& names) {
  static const std::set<std::string> allowed = {"core",        "ops",        "models",
                                                "tools",       "tests",      "benchmarks",
                                                "meson.build", "LICENSE",    "meson_options.txt",
                                                "README.md",   "subprojects"};
  Violations found;
  for (const std::string& name : names)
    if (!allowed.contains(name))
      found.push_back(str_cat(name, ": does not belong to the top level"));
  return found;
}

Violations check_readme_programs(const std::vector<SourceFile>& files, std::string_view readme) {
  constexpr std::string_view opening = "```cpp\n", closing = "```";
  std::set<std::string> shown;
  for (auto begin = readme.find(opening); begin != std::string_view::npos;
       begin = readme.find(opening, begin)) {
    begin += opening.size();
    shown.emplace(readme.substr(begin, readme.find(closing, begin) - begin));
  }
  Violations found;
  for (const SourceFile& file : files) {
    if (!file.path.starts_with("tests/readme/") || !is_cpp(file)) continue;
    // The purpose line belongs to the file alone.
    const bool whole =
        file.path.find('/', std::string_view("tests/readme/").size()) == file.path.npos;
    if (shown.erase(file.content.substr(file.content.find('\n') + 1)) == 0 && whole)
      found.push_back(str_cat(file.path, ": is not what README.md shows"));
  }
  for (const std::string& program : shown)
    found.push_back(str_cat("README.md: shows a program that is not in tests/readme: ",
                            program.substr(0, program.find('\n'))));
  return found;
}

}  // namespace abax::structure

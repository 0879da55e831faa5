// The rules of the source tree's structure: functions over file texts that return what breaks them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace abax::structure {

/// A file of the tree: its path from the root ("core/base/shape.h") and what it holds.
struct SourceFile {
  std::string path;
  std::string content;
};

/// Each one says file, line and what is wrong.
using Violations = std::vector<std::string>;

/// The C++ files, scripts and meson.build files of the building's folders.
std::vector<SourceFile> read_tree(const std::filesystem::path& root);
/// What stands at the top, without hidden names, build folders and run outputs.
std::vector<std::string> top_level(const std::filesystem::path& root);

/// tools -> models -> ops -> core/plan, core/io -> core/graph -> core/base: quoted includes name an
/// existing file by its path from the root, on the same floor or below.
Violations check_include_floors(const std::vector<SourceFile>& files);
/// Only core/base/simd.h names xsimd or intrinsics.
Violations check_simd_is_hidden(const std::vector<SourceFile>& files);
/// Only core/base/parallel.h and .cpp name oneTBB.
Violations check_tbb_is_hidden(const std::vector<SourceFile>& files);
/// What Debian 12's clang++ 14 cannot compile: std::source_location outside
/// core/base/source_location.h, std::views, and the algorithms of std::ranges that return a
/// subrange.
Violations check_clang_14(const std::vector<SourceFile>& files);
/// The first line (in scripts the one after "#!") is a comment that says what the file is for.
Violations check_purpose_lines(const std::vector<SourceFile>& files);
/// No file has more than 600 lines.
Violations check_lengths(const std::vector<SourceFile>& files);
/// The top level holds the fixed folders and files and nothing else.
Violations check_top_level(const std::vector<std::string>& names);

/// The C++ programs that the README shows are the files of tests/readme, which are compiled and
/// run, without their purpose lines: each file is shown (of a folder in there maybe a part) and
/// each shown program is a file.
Violations check_readme_programs(const std::vector<SourceFile>& files, std::string_view readme);

/// C++ without its comments, its lines kept: a comment may name what code may not.
std::string without_comments(std::string_view code);

}  // namespace abax::structure

// The structure of the source tree holds, and each rule catches a planted violation.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/text.h"
#include "tests/source_root.h"
#include "tests/structure/rules.h"

using namespace abax::structure;

namespace {

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> files = read_tree(source_root);
  return files;
}

void expect_none(const Violations& found) {
  for (const std::string& violation : found) FAIL_CHECK(violation);
}

/// The tree with one more file.
std::vector<SourceFile> with(SourceFile file) {
  std::vector<SourceFile> files = tree();
  files.push_back(std::move(file));
  return files;
}

/// Exactly one violation, which names the planted file.
void expect_caught(const Violations& found, std::string_view path) {
  REQUIRE(found.size() == 1);
  CHECK(found[0].find(path) != std::string::npos);
}

}  // namespace

TEST_CASE("the tree is read") {
  CHECK(tree().size() > 20);
  CHECK(std::ranges::any_of(tree(),
                            [](const SourceFile& f) { return f.path == "core/base/shape.h"; }));
}

TEST_CASE("includes go downwards") {
  expect_none(check_include_floors(tree()));
  const auto including = [](std::string path, std::string_view target) {
    return check_include_floors(
        with({path, abax::str_cat("// Planted.\n#include \"", target, "\"\n")}));
  };
  CHECK(including("core/graph/planted.h", "core/base/shape.h").empty());
  CHECK(including("tests/planted.cpp", "core/plan/compile.h").empty());
  expect_caught(including("core/base/planted.h", "core/graph/graph.h"), "core/base/planted.h:2");
  expect_caught(including("core/graph/planted.h", "core/plan/compile.h"), "planted");
  expect_caught(including("core/io/planted.h", "core/plan/compile.h"), "planted");
  expect_caught(including("ops/planted.cpp", "tests/structure/rules.h"), "planted");
  expect_caught(including("models/planted.cpp", "tests/structure/rules.h"), "planted");
  expect_caught(including("models/layers/planted.h", "models/latents/quantiser.h"), "planted");
  expect_caught(including("models/latents/planted.h", "models/vqvae.h"), "planted");
  CHECK(including("models/latents/planted.h", "models/layers/layers.h").empty());
  expect_caught(including("tools/planted.cpp", "tests/structure/rules.h"), "planted");
  expect_caught(including("core/base/planted.h", "shape.h"), "planted");
  expect_caught(including("ops/planted.cpp", "../core/base/shape.h"), "planted");
  CHECK(check_include_floors(with({"core/base/p.h", "// #include \"core/graph/graph.h\"\n"}))
            .empty());
}

TEST_CASE("only core/base/simd.h names xsimd and intrinsics") {
  expect_none(check_simd_is_hidden(tree()));
  for (const char* planted :
       {"#include <xsimd/xsimd.hpp>", "xsimd::batch<float> x;", "#include <immintrin.h>",
        "auto x = _mm256_setzero_ps();", "__m512 x;", "auto x = _mm_setzero_ps();"})
    expect_caught(check_simd_is_hidden(with({"ops/planted.cpp", planted})), "ops/planted.cpp:1");
  CHECK(check_simd_is_hidden(with({"ops/planted.cpp", "int x;  // xsimd's is slower\n"})).empty());
}

TEST_CASE("only core/base/parallel names oneTBB") {
  expect_none(check_tbb_is_hidden(tree()));
  for (const char* planted : {"#include <tbb/parallel_for.h>", "#include <oneapi/tbb.h>",
                              "tbb::parallel_reduce(x);", "/* why */ tbb::task_arena arena;"})
    expect_caught(check_tbb_is_hidden(with({"core/plan/planted.cpp", planted})), "planted");
}

TEST_CASE("nothing that clang++ 14 cannot compile") {
  expect_none(check_clang_14(tree()));
  for (const char* planted : {"std::source_location where;", "std::ranges::unique(x);"})
    expect_caught(check_clang_14(with({"ops/planted.h", planted})), "planted");
}

TEST_CASE("each file starts with its purpose") {
  expect_none(check_purpose_lines(tree()));
  expect_caught(check_purpose_lines(with({"ops/planted.h", "#pragma once\n"})), "ops/planted.h");
  expect_caught(check_purpose_lines(with({"tools/planted", "#!/bin/sh\nset -e\n"})), "planted");
}

TEST_CASE("no file is long") {
  expect_none(check_lengths(tree()));
  expect_caught(check_lengths(with({"ops/planted.h", std::string(601, '\n')})), "ops/planted.h");
}

TEST_CASE("the top level holds the fixed names") {
  auto names = top_level(source_root);
  CHECK(names.size() >= 8);
  expect_none(check_top_level(names));
  names.push_back("notes.txt");
  expect_caught(check_top_level(names), "notes.txt");
}

TEST_CASE("the README shows the programs of tests/readme") {
  std::ostringstream readme;
  readme << std::ifstream(std::filesystem::path(source_root) / "README.md").rdbuf();
  CHECK(readme.str().size() > 1000);
  expect_none(check_readme_programs(tree(), readme.str()));
  const std::vector<SourceFile> files = {{"tests/readme/a.cpp", "// A program.\nint main() {}\n"}};
  CHECK(check_readme_programs(files, "Text\n\n```cpp\nint main() {}\n```\n").empty());
  expect_caught(check_readme_programs(files, "No program."), "tests/readme/a.cpp");
  const Violations both = check_readme_programs(files, "```cpp\nint main() { }\n```\n");
  CHECK(both.size() == 2);
  expect_caught(check_readme_programs({}, "```cpp\nint main() {}\n```\n"), "int main");
}

TEST_CASE("comments are taken out, strings and line numbers stay") {
  CHECK(without_comments("a; // tbb\nb; /* tbb\n*/ c;") == "a; \nb; \n c;");
  CHECK(without_comments("f(\"// no comment\", '\"'); // x") == "f(\"// no comment\", '\"'); ");
  CHECK(without_comments("10'000; // x\n'a';") == "10'000; \n'a';");
}

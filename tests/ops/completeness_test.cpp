// Every builder function of ops/*.h has at least one row in the case table.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/cases/case.h"
#include "tests/source_root.h"

namespace abax::cases {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::regex_replace(text.str(), std::regex("//[^\n]*"), "");
}

/// The types of these headers that hold values: structs with a member of type Value.
std::set<std::string> structs_of_values(const std::string& header) {
  std::set<std::string> names;
  const std::regex pattern("\nstruct (\\w+)[^{};]*\\{([^}]*)\\}");
  for (std::sregex_iterator i(header.begin(), header.end(), pattern), end; i != end; ++i)
    if (std::regex_search((*i)[2].str(), std::regex("\\bValue\\b"))) names.insert((*i)[1]);
  return names;
}

/// The functions declared at namespace level whose result is one of `types`.
std::set<std::string> builders(const std::string& header, const std::set<std::string>& types) {
  std::set<std::string> names;
  const std::regex pattern(
      "\n(?:inline )?([A-Za-z_][\\w:<>, ]*?)\\s+(\\w+|operator ?[^\\s\\w(]+)\\s*\\(");
  for (std::sregex_iterator i(header.begin(), header.end(), pattern), end; i != end; ++i)
    if (types.contains((*i)[1])) names.insert((*i)[2]);
  return names;
}

}  // namespace

TEST_CASE("cases: every builder function of ops/*.h has a row") {
  const std::filesystem::path folder = std::filesystem::path(source_root) / "ops";
  std::set<std::string> covered;
  for (const Family& family : families())
    for (const Case& row : family.cases) {
      const bool division = row.name.starts_with("operator/");
      covered.insert(row.name.substr(0, row.name.find('/', division ? 9 : 0)));
    }
  std::vector<std::string> headers;
  std::set<std::string> types = {"Value", "std::vector<Value>", "Loss"};
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".h") {
      headers.push_back(read(entry.path()));
      types.merge(structs_of_values(headers.back()));
    }
  std::size_t found = 0;
  for (const std::string& header : headers)
    for (const std::string& builder : builders(header, types)) {
      ++found;
      CHECK_MESSAGE(covered.contains(builder), "no case row for ", builder);
    }
  CHECK(found >= 30);  // the scan itself works
}

}  // namespace abax::cases

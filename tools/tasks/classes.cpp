// Tokenisers and classes to files and back.
#include "tools/tasks/classes.h"

#include <algorithm>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {
namespace {

constexpr const char* tokenizer_file = "tokenizer.jsonl";
constexpr const char* classes_file = "classes.txt";  // a name a line, in the order of the labels

}  // namespace

KnownClasses known_classes(const Files& files, std::string_view task) {
  const auto found = files.find(tokenizer_file), names = files.find(classes_file);
  if (found == files.end() || names == files.end())
    throw CheckpointError(str_cat("the checkpoint holds no ", tokenizer_file, " and ", classes_file,
                                  "; it is not one of ", task, " that abax-train wrote"));
  KnownClasses result{data::Tokenizer::from_text(found->second), {}};
  std::istringstream lines(names->second);
  for (std::string line; std::getline(lines, line);) result.names.push_back(line);
  return result;
}

Files files_of(const data::Tokenizer& tokenizer, const std::vector<std::string>& classes) {
  return {{tokenizer_file, tokenizer.to_text()}, {classes_file, joined(classes)}};
}

void check_order(const std::vector<std::string>& files, const std::vector<std::string>& known) {
  std::string order;
  for (const std::string& name : known) order += (order.empty() ? "" : ",") + name;
  for (std::size_t i = 0; i < std::min(files.size(), known.size()); ++i)
    if (files[i] != known[i] && std::ranges::find(known, files[i]) != known.end())
      throw UsageError(str_cat("the file of the class ", files[i], " stands where that of ",
                               known[i], " belongs: the classes are ", order, ", in this order"));
}

}  // namespace abax

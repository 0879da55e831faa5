// Each setting has one place that says its name, limits and meaning: no two declarations share one.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "core/base/error.h"
#include "core/base/text.h"
#include "tests/source_root.h"
#include "tests/structure/rules.h"
#include "tools/tasks/tasks.h"
#include "tools/training/run_settings.h"

using namespace abax;
using structure::SourceFile;

namespace {

/// Names that stand for another thing in another tool, and how many things there are.
struct Shared {
  const char* name;
  int declarations;
  const char* reason;
};
constexpr Shared shared[] = {
    {"codes", 2, "train: vectors of a codebook; decode: the file to read"},
    {"data", 2, "train: what to learn from; the others: in the place of its test part"},
    {"latents", 2, "of an item; of a sentence's resampler: places with codes"},
    {"out", 2, "train: the folder of the run; the others: the file to write"},
    {"pooling", 2, "of an encoder's states; of those of a sentence's parts, which have no last"},
    {"samples", 3, "train: of an estimator; generate: texts; evaluate: of a bound"},
    {"seed", 2, "train: of weights and data; the others: of their draws"},
    {"source-vocabulary-size", 2, "derived: of seq2seq's source; of a condition"},
    {"temperature", 2, "train: of relaxed samples; generate: of the softmax"},
    {"tokens", 2, "train: what one is; generate: how many"},
};

void add_names(std::set<std::string>& names, const Declare& declare,
               const std::function<void()>& restore) {
  for (const KnownField& known : known_fields(declare, restore)) names.insert(known.field.name());
}

/// Of all that train takes for any model, and what tools take for any task.
std::set<std::string> setting_names() {
  std::set<std::string> names;
  RunSettings run;
  add_names(names, fields_of(run), [&] { run = RunSettings(); });
  for (const TaskEntry& task : tasks())
    for (const auto action : {&TaskEntry::generate, &TaskEntry::predict, &TaskEntry::encode,
                              &TaskEntry::decode, &TaskEntry::evaluate}) {
      AnySettings settings = (task.*action).settings;
      add_names(
          names, [&](Fields& f) { fields(f, settings); },
          [&] { settings = (task.*action).settings; });
    }
  return names;
}

/// The prefixes of parts: f.part("encoder", ..).
std::set<std::string> prefixes(const std::vector<SourceFile>& files) {
  static const std::regex part(R"re(\bf\.part\(\s*"([a-z0-9-]+)")re");
  std::set<std::string> result;
  for (const SourceFile& file : files)
    for (std::sregex_iterator at(file.content.begin(), file.content.end(), part), end; at != end;
         ++at)
      result.insert(str_cat((*at)[1], "-"));
  return result;
}

/// How often each name is declared in the library and the tools: f("name", ..), f.choice("name",
/// ..), f.derived("name", ..), or the first argument of a helper, width_field(f, "name", ..).
std::map<std::string, int> declarations(const std::vector<SourceFile>& files) {
  static const std::regex declaration(
      R"re((\bf(\.choice|\.derived)?\(|_field\(\s*f,)\s*"([a-z0-9-]+)")re");
  std::map<std::string, int> result;
  for (const SourceFile& file : files) {
    const auto in = [&](const char* folder) { return file.path.starts_with(folder); };
    if (!in("core/") && !in("ops/") && !in("models/") && !in("tools/")) continue;
    if (!file.path.ends_with(".cpp") && !file.path.ends_with(".h")) continue;
    const std::string code = structure::without_comments(file.content);
    for (std::sregex_iterator at(code.begin(), code.end(), declaration), end; at != end; ++at)
      ++result[(*at)[3]];
  }
  return result;
}

/// "codes: 3 declarations instead of 2".
structure::Violations violations(const std::vector<SourceFile>& files) {
  const std::map<std::string, int> found = declarations(files);
  const std::set<std::string> parts = prefixes(files);
  structure::Violations result;
  std::set<std::string> names;
  for (std::string name : setting_names()) {
    // One of a part is declared under its own name.
    for (const std::string& prefix : parts)
      if (!found.contains(name) && name.starts_with(prefix)) name = name.substr(prefix.size());
    names.insert(name);
  }
  for (const std::string& name : names) {
    const auto* const known = std::ranges::find(shared, name, &Shared::name);
    const int expected = known == std::end(shared) ? 1 : known->declarations;
    const int count = found.contains(name) ? found.at(name) : 0;
    if (count != expected)
      result.push_back(str_cat(name, ": ", count, " declarations instead of ", expected));
  }
  return result;
}

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> files = structure::read_tree(source_root);
  return files;
}

}  // namespace

TEST_CASE("settings: each name is declared once in the library and the tools") {
  CHECK(setting_names().size() > 100);
  for (const std::string& violation : violations(tree())) FAIL_CHECK(violation);
  for (const Shared& entry : shared) CHECK(setting_names().contains(entry.name));
}

TEST_CASE("settings: a second declaration is caught, wherever it is and however it is made") {
  for (const char* code :
       {"f(\"width\", s.width, \"\");", "f.choice(\n    \"width\", s.kind, {}, \"\");",
        "  f.derived(\"width\", w);", "units_field(f, \"width\", s.w);"})
    for (const char* path : {"models/planted.cpp", "tools/planted.h"}) {
      std::vector<SourceFile> files = tree();
      files.push_back({path, code});
      CHECK(violations(files) == structure::Violations{"width: 2 declarations instead of 1"});
    }
  std::vector<SourceFile> files = tree();
  files.push_back({"models/planted.cpp", "f(\"codes\", s.codes, \"\");"});
  CHECK(violations(files) == structure::Violations{"codes: 3 declarations instead of 2"});
  // One that is no longer found is as wrong: nobody would notice its second.
  std::erase_if(files, [](const SourceFile& file) {
    return file.path == "models/layers/layers.cpp" || file.path == "models/planted.cpp";
  });
  CHECK_FALSE(violations(files).empty());
  // What only looks like one.
  files = tree();
  files.push_back({"models/planted.cpp", "// f(\"width\", s.width)\nif(\"width\");"});
  files.push_back({"tests/planted.cpp", "f(\"width\", s.width, \"\");"});
  CHECK(violations(files).empty());
}

TEST_CASE("declarations: sizes of a checkpoint are bounded") {
  const std::vector<std::pair<std::string, std::string>> sizes{
      {"gaussian_vae", "image-height"}, {"gaussian_vae", "image-channels"},
      {"gaussian_vae", "hidden"},       {"vqvae", "image-width"},
      {"lstm_lm", "vocabulary-size"},   {"classifier", "classes"},
      {"seq2seq", "vocabulary-size"}};
  for (const auto& size : sizes)
    for (const char* value : {"1000000000000", "9223372036854775807", "-5"}) {
      CAPTURE(size.second);
      CHECK_THROWS_AS(ModelSettings(size.first, {{size.second, value}}, 2), CheckpointError);
    }
}

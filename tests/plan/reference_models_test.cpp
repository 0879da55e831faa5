// A guard against slow decline that needs no clock: steps, memory and allocations of the training
// plans of six models, against the figures in reference_models.txt.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/plan/execution.h"
#include "core/plan/plan.h"
#include "models/registry.h"
#include "models/settings/values.h"
#include "models/training/optimiser.h"
#include "tests/plan/allocations.h"
#include "tests/source_root.h"

namespace abax {
namespace {

constexpr const char* file = "/tests/plan/reference_models.txt";
constexpr std::array<const char*, 6> models{"lstm_lm",      "transformer_lm", "seq2seq",
                                            "gaussian_vae", "vqvae",          "code_prior"};
constexpr std::array<const char*, 4> names{"steps", "arena bytes", "pack bytes", "allocations"};
using Figures = std::array<long, 4>;

std::string line_of(const std::string& model, const Figures& figures) {
  std::string line = model;
  for (const long figure : figures) line += str_cat(' ', figure);
  return line;
}

std::map<std::string, Figures> known_figures() {
  std::ifstream in(std::string(source_root) + file);
  std::map<std::string, Figures> known;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string model;
    words >> model;
    for (long& figure : known[model]) words >> figure;
    REQUIRE_MESSAGE(words, file, ": cannot read '", line, "'");
  }
  return known;
}

/// A tensor of numbers that an input takes.
Tensor filled(const Program::Input& input) {
  Tensor tensor(input.type);
  const double value =
      std::isfinite(input.range.low) ? std::max(0., std::ceil(input.range.low)) : 0;
  if (input.type.dtype == f32)
    for (float& x : tensor.as<float>()) x = static_cast<float>(value);
  if (input.type.dtype == i32)
    for (std::int32_t& x : tensor.as<std::int32_t>()) x = static_cast<std::int32_t>(value);
  return tensor;
}

Figures figures_of(const std::string& name) {
  ModelSettings settings(name);
  std::vector<GivenValue> given;
  for (const auto& [key, value] : std::map<std::string, std::string>{{"width", "48"},
                                                                     {"layers", "2"},
                                                                     {"heads", "4"},
                                                                     {"hidden", "64"},
                                                                     {"latents", "8"},
                                                                     {"codes", "32"},
                                                                     {"code-width", "8"},
                                                                     {"dropout", "0.1"}})
    given.push_back({key, FieldText{value}, key});
  assign([&](Fields& f) { fields(f, settings); }, std::move(given));
  settings.derive({{"vocabulary-size", std::int64_t{200}},
                   {"source-vocabulary-size", std::int64_t{200}},
                   {"classes", std::int64_t{3}},
                   {"context", std::int64_t{16}},
                   {"image-height", std::int64_t{16}},
                   {"image-width", std::int64_t{16}},
                   {"image-channels", std::int64_t{1}}});
  Variables store;
  Graph g(store);
  const Model model =
      settings.entry().build(g, settings, {.batch = 8, .length = 16, .target_length = 12});
  const Value norm = optimise({.clip = 1}, gradients_of(model.loss));
  CompileOptions options;
  options.level = Level::sse2;  // there on every machine
  const auto plan = compile(g, {model.loss.sum, model.loss.count, norm}, options);
  Workers workers(2);
  Execution run(plan, store, workers);
  std::vector<Tensor> tensors;
  for (const Program::Input& input : plan->program.inputs) tensors.push_back(filled(input));
  for (std::size_t i = 0; i < tensors.size(); ++i)
    run.set(plan->program.inputs[i].name, tensors[i]);
  run.run();
  const long before = test::allocations();
  for (int i = 0; i < 5; ++i) run.run();
  const long more = (test::allocations() - before + 4) / 5;
  return {step_count(*plan), static_cast<long>(plan->memory.arena_bytes),
          static_cast<long>(plan->pack_bytes), more};
}

}  // namespace

TEST_CASE("reference models: no plan takes more than it did") {
  const auto known = known_figures();
  for (const std::string model : models) {
    const Figures now = figures_of(model);
    const auto found = known.find(model);
    const Figures before = found == known.end() ? Figures{} : found->second;
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i] < before[i])
        MESSAGE(str_cat(model, ": fewer ", names[i], ", ", now[i], " for ", before[i],
                        "; its line is now: ", line_of(model, now)));
      CHECK_MESSAGE(now[i] <= before[i],
                    str_cat("the training plan of ", model, " takes more ", names[i], ", ", now[i],
                            " for ", before[i], "; find out why, and where that is wanted put ",
                            "this line into ", file, ":\n", line_of(model, now)));
    }
  }
  CHECK(known.size() == models.size());
}

}  // namespace abax

// Errors of layers, latents and of what uses a trained model name the line that calls them.
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "core/base/called_from.h"
#include "models/generation/coder.h"
#include "models/generation/generator.h"
#include "models/generation/translator.h"
#include "models/latents/quantiser.h"
#include "models/layers/conditionals.h"
#include "models/layers/encoder.h"
#include "models/layers/image_network.h"
#include "models/layers/pixels.h"
#include "models/lstm_lm.h"
#include "models/registry.h"
#include "models/seq2seq.h"
#include "models/training/fit.h"
#include "tests/graph/refusal.h"
#include "tests/models/image_batch.h"

namespace abax {
namespace {

struct Arguments {
  Variables store;
  Graph g{store};
  Workers workers{1};
  Value none;
  Value row = g.input("row", {6});
  Value x = g.input("x", {4, 6});
  Value weights = g.input("item weights", {4});
  Value ids = g.input("ids", {5, 4}, i32);
  Value lengths = g.input("lengths", {4}, i32);
  Value image = g.input("image", {4, 8, 8, 3});
  Value table = g.parameter("table", {9, 128}, init::zeros());
  Pixels strange{.likelihood = "strange"};
  ImageNetwork dense{.size = {8, 8, 3}, .kind = DenseNetwork{{5}}};
  ImageNetwork nothing{.size = {8, 8, 3}, .kind = DenseNetwork{{}}};
  ImageNetwork convolutions{.size = {8, 8, 3}, .kind = ConvolutionNetwork{.downsamplings = 0}};
  Quantiser quantiser{.kind = Nearest{.codes = 5}, .code_width = 6};
  Quantiser ungrouped{.kind = Nearest{.codes = 5}, .code_width = 6, .groups = 4};
  Conditionals latents{.logits = x};
};

struct Misuse {
  const char* name;
  std::function<void(Arguments&)> call;
};

const Misuse misuses[] = {
    {"encode by unknown blocks",
     [](auto& a) { encode(a.ids, a.lengths, a.table, {.kind = "strange"}); }},
    {"encode(none)", [](auto& a) { encode(a.none, a.lengths, a.table, {.kind = "lstm"}); }},
    {"encode of floats", [](auto& a) { encode(a.x, a.lengths, a.table, {.kind = "gru"}); }},
    {"encode beyond the context", [](auto& a) { encode(a.ids, a.lengths, a.table, {}); }},
    {"encode_image(none)", [](auto& a) { encode_image(a.none, a.dense); }},
    {"encode_image of rows", [](auto& a) { encode_image(a.x, a.dense); }},
    {"encode_image without layers", [](auto& a) { encode_image(a.image, a.nothing); }},
    {"decode_image(none)", [](auto& a) { decode_image(a.none, a.dense, 1); }},
    {"decode_image without layers", [](auto& a) { decode_image(a.x, a.nothing, 1); }},
    {"decode_image of rows", [](auto& a) { decode_image(a.x, a.convolutions, 1); }},
    {"feature_shape", [](auto& a) { feature_shape(a.convolutions); }},
    {"pixel_outputs", [](auto& a) { pixel_outputs(a.strange); }},
    {"pixel_draw by", [](auto& a) { pixel_draw(a.image, a.strange); }},
    {"pixel_draw(none)", [](auto& a) { pixel_draw(a.none, {}); }},
    {"pixel_mean by", [](auto& a) { pixel_mean(a.image, a.strange); }},
    {"pixel_mean(none)", [](auto& a) { pixel_mean(a.none, {}); }},
    {"pixel_log_likelihood by", [](auto& a) { pixel_log_likelihood(a.image, a.image, a.strange); }},
    {"pixel_log_likelihood(none)", [](auto& a) { pixel_log_likelihood(a.none, a.image, {}); }},
    {"pixel_log_likelihood of rows", [](auto& a) { pixel_log_likelihood(a.x, a.image, {}); }},
    {"pixel_distortion of rows", [](auto& a) { pixel_distortion(a.x, a.x, a.image, {}); }},
    {"pixel_distortion, gaussian",
     [](auto& a) { pixel_distortion(a.x, a.x, a.image, {.likelihood = "gaussian"}); }},
    {"conditional(none)", [](auto& a) { conditional(a.none, a.x, 2); }},
    {"conditional, none", [](auto& a) { conditional(a.x, a.none, 2); }},
    {"draw of none", [](auto& a) { draw({.logits = a.x, .hidden = a.x}, {}, {}); }},
    {"logits_given(none)", [](auto& a) { logits_given({.logits = a.x, .hidden = a.x}, a.none); }},
    {"log_probability(none)", [](auto& a) { log_probability(a.x, a.none); }},
    {"categorical_kl(none)", [](auto& a) { categorical_kl(a.none, a.x); }},
    {"quantise(none)", [](auto& a) { quantise(a.none, a.weights, a.quantiser); }},
    {"quantise of a row", [](auto& a) { quantise(a.row, a.weights, a.quantiser); }},
    {"quantise in no groups", [](auto& a) { quantise(a.x, a.weights, a.ungrouped); }},
    {"lookup(none)", [](auto& a) { lookup(a.none, a.quantiser); }},
    {"lookup of floats", [](auto& a) { lookup(a.x, a.quantiser); }},
    {"quantised_width", [](auto& a) { quantised_width(a.ungrouped); }},
    {"codebooks", [](auto& a) { codebooks(a.ungrouped); }},
    {"code_kinds", [](auto& a) { code_kinds(a.ungrouped); }},
    {"Generator of another model",
     [](auto& a) {
       Generator(a.store, {"seq2seq", Seq2Seq{}}, a.workers);
     }},
    {"Generator of nothing trained",
     [](auto& a) {
       Generator(a.store, {"lstm_lm", LstmLm{.vocabulary = 9}}, a.workers);
     }},
    {"Translator of another model",
     [](auto& a) {
       Translator(a.store, {"lstm_lm", LstmLm{}}, {.batch = 1, .length = 4, .beam = 1, .limit = 4},
                  a.workers);
     }},
    {"Translator of nothing trained",
     [](auto& a) {
       const ModelSettings settings{"seq2seq", Seq2Seq{.source_vocabulary = 9, .vocabulary = 9}};
       Translator(a.store, settings, {.batch = 1, .length = 4, .beam = 1, .limit = 4}, a.workers);
     }},
    {"Coder of another model",
     [](auto& a) {
       Coder(a.store, {"lstm_lm", LstmLm{}}, a.workers);
     }},
    {"fit backwards",
     [](auto& a) {
       const test::NumberedImages images(4, 2);
       Learner learner(a.store,
                       {.model = {"lstm_lm", LstmLm{.vocabulary = 9}},
                        .train_shapes = {{.batch = 2, .length = 3}}},
                       a.workers);
       fit(learner, images, {.steps = 3, .first = 4});
     }},
};

}  // namespace

TEST_CASE("errors of models: the caller's line, for each wrong argument") {
  for (const Misuse& misuse : misuses) {
    INFO(std::string(misuse.name));
    Arguments arguments;
    const std::string message = test::refusal([&] { misuse.call(arguments); });
    CHECK_MESSAGE(message.find("tests/models/places_test.cpp:") != std::string::npos, message);
  }
}

TEST_CASE("errors of models: inner places come first, and the kind of an error stays") {
  const auto refuse = [](SourceLocation where = SourceLocation::current()) {
    called_from(where, [] { throw ShapeError("no fit\n  at inner.cpp:3"); });
  };
  CHECK_THROWS_WITH_AS(
      refuse(), doctest::Contains("no fit\n  at inner.cpp:3\n  called from tests/models/places_"),
      ShapeError);
  const auto diverge = [] {
    called_from(SourceLocation::current(), [] { throw DivergedError("nan"); });
  };
  CHECK_THROWS_WITH_AS(diverge(), "nan", DivergedError);
}

}  // namespace abax

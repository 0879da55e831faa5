// Settings of models of text, and of their training: which fields are read under which choices,
// and checkpoints of format 1.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "models/classifier.h"
#include "models/code_prior.h"
#include "models/lstm_lm.h"
#include "models/registry.h"
#include "models/seq2seq.h"
#include "models/settings/values.h"
#include "models/training/optimiser.h"
#include "models/training/schedules.h"
#include "models/transformer_lm.h"

namespace abax {
namespace {

template <class S>
Words names(S settings, bool derived = false) {
  Fields f;
  f.part(settings);
  Words result;
  for (const Field& field : f.all())
    if (field.is_derived() == derived) result.push_back(field.name());
  std::ranges::sort(result);
  return result;
}

template <class S>
bool fits(S settings) {
  Fields f;
  f.part(settings);
  return f.complaints().empty();
}

/// The names that may differ when a run goes on.
template <class S>
Words resumable(S settings) {
  Fields f;
  f.part(settings);
  Words result;
  for (const Field& field : f.all())
    if (field.is_resumable()) result.push_back(field.name());
  std::ranges::sort(result);
  return result;
}

}  // namespace

TEST_CASE("settings: language models") {
  CHECK(names(LstmLm{}) == Words{"dropout", "label-smoothing", "layers", "tied", "width"});
  CHECK(names(LstmLm{}, true) == Words{"vocabulary-size"});
  const Words read{"dropout", "feed-forward", "heads", "label-smoothing",
                   "layers",  "positions",    "tied",  "width"};
  CHECK(names(TransformerLm{}) == read);
  CHECK(names(TransformerLm{}, true) == Words{"context", "vocabulary-size"});
  Words with_memory = read;
  with_memory.insert(with_memory.begin() + 5, "memory");
  CHECK(names(TransformerLm{.blocks = {.positions = "rotary"}}) == with_memory);
  CHECK(TransformerLm{}.blocks.layers == 2);
  CHECK_FALSE(fits(TransformerLm{.blocks = {.heads = 3}}));
  CHECK(fits(TransformerLm{.blocks = {.width = 12, .heads = 4}}));
  CHECK_FALSE(fits(TransformerLm{.blocks = {.width = 12, .heads = 4, .positions = "rotary"}}));
  Words drawn = read;
  std::erase(drawn, "tied");
  CHECK(names(CodePrior{}) == drawn);
  CHECK(names(CodePrior{.blocks = {.positions = "rotary"}}) == drawn);
  CHECK(names(CodePrior{}, true) == Words{"classes", "context", "vocabulary-size"});
}

TEST_CASE("settings: encoder-decoders and classifiers") {
  const Words transformer{
      "blocks", "decoder-layers", "dropout",           "feed-forward", "heads", "label-smoothing",
      "layers", "positions",      "shared-embeddings", "tied",         "width"};
  CHECK(names(Seq2Seq{}) == transformer);
  CHECK(Seq2Seq{}.blocks.layers == 2);
  for (const char* cell : {"lstm", "gru"}) {
    const Words recurrent{"bidirectional",     "blocks", "dropout", "label-smoothing", "layers",
                          "shared-embeddings", "tied",   "width"};
    CHECK(names(Seq2Seq{.blocks = {.kind = cell}}) == recurrent);
    CHECK(names(Classifier{.blocks = {.kind = cell}}) == Words{"bidirectional", "blocks", "dropout",
                                                               "label-smoothing", "layers",
                                                               "pooling", "width"});
    CHECK(names(Classifier{.blocks = {.kind = cell}}, true) == Words{"classes", "vocabulary-size"});
  }
  const Words derived{"context", "source-vocabulary-size", "vocabulary-size"};
  CHECK(names(Seq2Seq{}, true) == derived);
  CHECK(names(Seq2Seq{.blocks = {.kind = "lstm"}}, true) == derived);
  CHECK(Classifier{}.blocks.kind == "lstm");
  CHECK(names(Classifier{.blocks = {.kind = "transformer"}}) ==
        Words{"blocks", "dropout", "feed-forward", "heads", "label-smoothing", "layers",
              "positions", "width"});
  CHECK(fits(Seq2Seq{.blocks = {.kind = "lstm", .width = 7}}));
  CHECK_FALSE(fits(Seq2Seq{.blocks = {.kind = "lstm", .width = 7, .bidirectional = true}}));
  CHECK_FALSE(fits(Seq2Seq{.blocks = {.width = 7}}));
  CHECK(fits(Seq2Seq{.source_vocabulary = 7, .vocabulary = 9}));
  CHECK_FALSE(fits(Seq2Seq{.source_vocabulary = 7, .vocabulary = 9, .shared_embeddings = true}));
}

TEST_CASE("settings: optimisers and schedules, and what may differ when a run goes on") {
  CHECK(names(OptimiserConfig{}) ==
        Words{"average", "beta1", "beta2", "clip", "optimiser", "weight-decay"});
  CHECK(names(OptimiserConfig{.name = "sgd"}) ==
        Words{"average", "clip", "momentum", "optimiser", "weight-decay"});
  CHECK(resumable(OptimiserConfig{}) == Words{"clip"});
  CHECK(names(LearningRateSchedule{}) == Words{"lr", "schedule", "warmup"});
  for (const char* shape : {"cosine", "linear"})
    CHECK(names(LearningRateSchedule{.shape = shape}) ==
          Words{"final-lr", "lr", "schedule", "warmup"});
  CHECK(names(LearningRateSchedule{.shape = "inverse-root"}) == Words{"lr", "schedule", "warmup"});
  CHECK(resumable(LearningRateSchedule{.shape = "cosine"}) ==
        Words{"final-lr", "lr", "schedule", "warmup"});
  OptimiserConfig config;
  Fields f;
  f.part(config);
  CHECK(f.find("optimiser")->aliases() == Words{"optimizer"});
  CHECK_THROWS_AS(f.find("beta2")->set("--beta2", 1.0), UsageError);
}

TEST_CASE("settings: what follows from the data") {
  ModelSettings model("seq2seq");
  model.derive({{"vocabulary-size", std::int64_t{9}},
                {"source-vocabulary-size", std::int64_t{8}},
                {"context", std::int64_t{5}},
                {"classes", std::int64_t{2}},  // of no meaning to it
                {"width", std::int64_t{2}}});  // not derived
  const auto& s = model.as<Seq2Seq>();
  CHECK(s.vocabulary == 9);
  CHECK(s.source_vocabulary == 8);
  CHECK(s.blocks.context == 5);
  CHECK(s.blocks.width == 128);
  CHECK(model.entry().context(model) == 5);
  CHECK_THROWS_AS(model.as<LstmLm>(), UsageError);
  CHECK_THROWS_AS(ModelSettings("seq2seq", LstmLm{}), UsageError);
}

TEST_CASE("settings: checkpoints of format 1, which wrote everything of all models") {
  std::map<std::string, std::string> old{{"vocabulary", "30"},
                                         {"source_vocabulary", "20"},
                                         {"classes", "3"},
                                         {"blocks", "transformer"},
                                         {"width", "64"},
                                         {"layers", "3"},
                                         {"decoder_layers", "1"},
                                         {"heads", "2"},
                                         {"feed_forward", "96"},
                                         {"dropout", "0.3"},
                                         {"label_smoothing", "0.1"},
                                         {"tied", "1"},
                                         {"shared_embeddings", "0"},
                                         {"positions", "rotary"},
                                         {"context", "40"},
                                         {"memory", "16"},
                                         {"bidirectional", "1"},
                                         {"pooling", "mean"},
                                         {"latents", "20"},
                                         {"levels", "8,5,5,5"}};
  const ModelSettings translation("seq2seq", old, 1);
  const auto& pair = translation.as<Seq2Seq>();
  CHECK(pair.source_vocabulary == 20);
  CHECK(pair.vocabulary == 30);
  CHECK(pair.blocks.kind == "transformer");
  CHECK(pair.blocks.width == 64);
  CHECK(pair.blocks.layers == 3);
  CHECK(pair.blocks.heads == 2);
  CHECK(pair.blocks.feed_forward == 96);
  CHECK(pair.blocks.dropout == 0.3f);
  CHECK(pair.blocks.positions == "rotary");
  CHECK(pair.blocks.context == 40);
  CHECK_FALSE(pair.blocks.bidirectional);  // not read
  CHECK(pair.decoder_layers == 1);
  CHECK(pair.tied);
  CHECK_FALSE(pair.shared_embeddings);
  CHECK(pair.label_smoothing == 0.1f);

  const ModelSettings language("transformer_lm", old, 1);
  CHECK(language.as<TransformerLm>().vocabulary == 30);
  CHECK(language.as<TransformerLm>().read_vocabulary == 0);
  CHECK(language.as<TransformerLm>().memory == 16);
  CHECK(language.as<TransformerLm>().tied);

  const ModelSettings prior("code_prior", old, 1);
  CHECK(prior.as<CodePrior>().kinds == 30);
  CHECK(prior.as<CodePrior>().labels == 3);
  CHECK(prior.as<CodePrior>().blocks.context == 40);

  CHECK(ModelSettings("lstm_lm", old, 1).as<LstmLm>().layers == 3);

  old["blocks"] = std::string("gru");
  const ModelSettings classes("classifier", old, 1);
  const auto& classifier = classes.as<Classifier>();
  CHECK(classifier.classes == 3);
  CHECK(classifier.blocks.kind == "gru");
  CHECK(classifier.blocks.bidirectional);
  CHECK(classifier.pooling == "mean");
  CHECK(classifier.blocks.positions == "learned");  // not read
  const ModelSettings recurrent("seq2seq", old, 1);
  CHECK(recurrent.as<Seq2Seq>().blocks.bidirectional);
  CHECK(recurrent.entry().context(recurrent) == 40);

  old["dropout"] = std::string("1");
  CHECK_THROWS_AS(ModelSettings("lstm_lm", old, 1), CheckpointError);
}

TEST_CASE("settings: every model of text keeps its values through a checkpoint") {
  for (const ModelEntry& entry : model_entries()) {
    if (entry.autoencoder.shape) continue;
    CAPTURE(entry.name);
    ModelSettings settings(entry.name);
    settings.derive({{"vocabulary-size", std::int64_t{9}},
                     {"source-vocabulary-size", std::int64_t{9}},
                     {"classes", std::int64_t{2}},
                     {"context", std::int64_t{5}}});
    const auto values_of = [](ModelSettings& s) {
      return to_values([&](Fields& f) { fields(f, s); });
    };
    const auto values = values_of(settings);
    ModelSettings read(entry.name, values, 2);
    CHECK(values_of(read) == values);
  }
}

}  // namespace abax

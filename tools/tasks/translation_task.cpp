// Pairs for encoder-decoders: read, split, tokenised, in length buckets; translated to be scored.
#include "tools/tasks/translation_task.h"

#include <algorithm>
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/corpora/task_corpora.h"
#include "models/data/item_split.h"
#include "models/metrics/bleu.h"
#include "models/metrics/chrf.h"
#include "models/registry.h"

namespace abax {
namespace {

constexpr const char* source_file = "source_tokenizer.jsonl";
constexpr const char* target_file = "target_tokenizer.jsonl";
constexpr std::size_t shown = 10;  // translations for people to look at

data::Tokenizer tokenizer_of(const Files& files, const char* name) {
  const auto found = files.find(name);
  if (found == files.end())
    throw CheckpointError(str_cat("the checkpoint holds no ", name,
                                  "; it is not one of a translation that abax-train wrote"));
  return data::Tokenizer::from_text(found->second);
}

data::ParallelText read_pair(const Words& files, std::string_view option) {
  if (files.size() != 2)
    throw UsageError(
        str_cat("--", option, ": expected two files, a source and a target, not ", files.size()));
  return data::read_parallel_text(files[0], files[1]);
}

}  // namespace

void pair_fields(Fields& f, TranslationData& s) {
  fields(f, s.files, "a source and a target that agree line by line");
  corpus_field(f, s.corpus, {"phrasebook", "questions"});
  f.part(s.text);
  f("joint-vocabulary", s.joint_vocabulary, "source and target have one vocabulary");
  f.part(s.sentences);
}

void fields(Fields& f, TranslationData& s) {
  pair_fields(f, s);
  const Field* shared = f.find("shared-embeddings");
  f.require(!shared || shared->to_text() == "false" || s.joint_vocabulary,
            "--shared-embeddings needs --joint-vocabulary: one table for one vocabulary");
}

PairTokenizers pair_tokenizers(const Files& files) {
  return {tokenizer_of(files, source_file), tokenizer_of(files, target_file)};
}

void TranslationTask::read(Use use) {
  const DataFiles& o = data_.files;
  if (!o.test.empty())
    of(Part::test).pairs = read_pair(o.test, use == Use::evaluate ? "data" : "test");
  if (use == Use::evaluate && !o.test.empty()) return;
  if (o.data.empty()) {
    read_corpus();
    return;
  }
  if (!o.valid.empty()) of(Part::valid).pairs = read_pair(o.valid, "valid");
  const data::ParallelText all = read_pair(o.data, "data");
  const Shares share = shares(o);
  const data::ItemSplit split = data::split_items(all.size(), share.valid, share.test, 1);
  of(Part::train).pairs = data::select(all, split.train);
  if (o.valid.empty()) of(Part::valid).pairs = data::select(all, split.valid);
  if (o.test.empty()) of(Part::test).pairs = data::select(all, split.test);
}

void TranslationTask::read_corpus() {
  const std::string& name = data_.corpus;
  const auto seed = static_cast<std::uint64_t>(seed_);
  // Stories are of endless variety: with fewer of them a model learns them by heart.
  data::PairCorpus corpus =
      name == "questions" ? data::questions(seed, {.train = 60'000}) : data::phrasebook(seed);
  of(Part::train).pairs = std::move(corpus.train);
  of(Part::valid).pairs = std::move(corpus.valid);
  of(Part::test).pairs = std::move(corpus.test);
  of(Part::valid).nats = corpus.valid_nats;
  of(Part::test).nats = corpus.test_nats;
  corpus_ = name;
}

std::unique_ptr<data::SentencePairs> TranslationTask::batches_of(
    const data::ParallelText& pairs, const data::SentenceOptions& options) const {
  const auto& [source, target] = *tokenizers_;
  if (model_.entry().autoencoder.shape)
    return std::make_unique<data::ConditionedSentences>(pairs, source, target, options);
  return std::make_unique<data::SentencePairs>(pairs, source, target, options);
}

TranslationTask::TranslationTask(const RunSettings& settings, const Files* known, Use use)
    : TranslationTask(settings.data_as<TranslationData>(), settings, known, use) {}

TranslationTask::TranslationTask(const TranslationData& data, const RunSettings& settings,
                                 const Files* known, Use use)
    : data_(data), model_(settings.model), seed_(settings.training.seed) {
  read(use);
  const data::ParallelText& train = of(Part::train).pairs;
  if (known) {
    tokenizers_ = pair_tokenizers(*known);
  } else {
    const data::TokenKind kind = data::token_kind(data_.text.tokens);
    const auto make = [&](const std::string& content) {
      return data::Tokenizer::make(kind, content, data_.text.vocabulary,
                                   sentence_rules(data_.text));
    };
    if (data_.joint_vocabulary) {
      data::Tokenizer joint = make(joined(train.source) + joined(train.target));
      tokenizers_ = {joint, joint};
    } else {
      tokenizers_ = {make(joined(train.source)), make(joined(train.target))};
    }
  }
  for (const Part part : {Part::train, Part::valid, Part::test}) {
    Side& side = of(part);
    if (side.pairs.size() == 0) continue;
    side.batches = batches_of(side.pairs, sentence_options(data_.sentences, part, seed_));
  }
  const std::string name = !corpus_.empty()       ? "built-in " + corpus_
                           : use == Use::evaluate ? file_name(data_.files.test[0])
                                                  : file_name(data_.files.data[0]);
  description_ =
      str_cat(name, ": ", grouped(train.size()), " pairs to train on, ",
              grouped(of(Part::valid).pairs.size()), " to validate, ",
              grouped(of(Part::test).pairs.size()), " to test, vocabularies of ",
              grouped(static_cast<std::size_t>(tokenizers_->source.vocabulary())), " and ",
              grouped(static_cast<std::size_t>(tokenizers_->target.vocabulary())));
  if (const auto& batches = of(Part::train).batches) {
    const data::Buckets& buckets = batches->buckets();
    description_ += str_cat(", ", buckets.shapes.size(), " buckets with ",
                            100 - 100 * buckets.filled / std::max<std::int64_t>(1, buckets.padded),
                            " % padding");
    if (batches->cut() > 0) description_ += str_cat(", ", batches->cut(), " sentences cut");
  }
  // One joint table serves both sides: the source has no use for the begin token. (What an
  // autoencoder shares is of targets alone.)
  const std::int64_t target = data::target_vocabulary(tokenizers_->target);
  const bool shared =
      !model_.entry().autoencoder.shape && model_.value_of("shared-embeddings") == "true";
  model_.derive(
      {{"source-vocabulary-size", shared ? target : data::source_vocabulary(tokenizers_->source)},
       {"vocabulary-size", target},
       {"context", data_.sentences.length},
       {"encoder-context", data_.sentences.length},
       {"decoder-context", data_.sentences.length}});
}

const data::BatchSource* TranslationTask::source(Part part) const { return of(part).batches.get(); }

Files TranslationTask::files() const {
  return {{source_file, tokenizers_->source.to_text()},
          {target_file, tokenizers_->target.to_text()}};
}

std::optional<double> TranslationTask::optimum(Part part) const {
  const Side& side = of(part);
  if (!side.nats || !side.batches) return std::nullopt;
  return *side.nats / static_cast<double>(side.batches->counted());
}

Results TranslationTask::score(Part part, Variables& store, Workers& workers,
                               const ScoreOptions& options) const {
  if (!options.wants({"bleu", "chrf", "exact"})) return {};
  const data::ParallelText& pairs = of(part).pairs;
  LineTranslator translator(store, model_, *tokenizers_, options.beam, workers);
  const auto found = translator.translate(
      pairs.source, {.beam = options.beam, .length_penalty = options.length_penalty});
  std::vector<std::string> translations;
  double exact = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    translations.push_back(line_of(found[i][0], *tokenizers_));
    // The reference as the tokeniser would write it: unknown words cannot be right.
    const std::string reference =
        tokenizers_->target.decode(tokenizers_->target.encode(pairs.target[i]));
    exact += translations.back() == reference ? 1 : 0;
  }
  return {{"bleu", bleu(translations, pairs.target, data_.text.lower_case).score},
          {"chrf", chrf(translations, pairs.target, data_.text.lower_case)},
          {"exact", exact / static_cast<double>(pairs.size())}};
}

LineBatches TranslationTask::lines(Part part) const {
  data::SentenceOptions options = sentence_options(data_.sentences, part, seed_);
  options.batches.tokens = 0;
  options.batches.rows = 1;
  options.shuffled = false;
  auto batches = batches_of(of(part).pairs, options);
  std::vector<std::size_t> line;
  for (std::int64_t i = 0; i < batches->batches(); ++i)
    line.push_back(static_cast<std::size_t>(batches->rows(i).front()));
  return {std::move(batches), std::move(line)};
}

std::optional<WrittenLines> TranslationTask::written() const {
  const data::Tokenizer& tokenizer = tokenizers_->target;
  const Side& train = of(Part::train);
  return WrittenLines{.begin = data::target_begin(tokenizer),
                      .end = data::target_end(tokenizer),
                      .text = [&](auto tokens) { return tokenizer.decode(tokens); },
                      .line = [&](auto position, auto row) -> const std::string& {
                        return train.pairs.target[train.batches->item(position, row)];
                      },
                      .lower_case = data_.text.lower_case};
}

Part TranslationTask::shown_part() const {
  return of(Part::test).pairs.size() > 0    ? Part::test
         : of(Part::valid).pairs.size() > 0 ? Part::valid
                                            : Part::train;
}

void TranslationTask::show(std::ostream& out, Variables& store, Workers& workers) const {
  const data::ParallelText& pairs = of(shown_part()).pairs;
  const std::size_t count = std::min(shown, pairs.size());
  const std::vector<std::string> sources(pairs.source.begin(),
                                         pairs.source.begin() + static_cast<std::ptrdiff_t>(count));
  LineTranslator translator(store, model_, *tokenizers_, 1, workers);
  const auto found = translator.translate(sources, {.beam = 1});
  for (std::size_t i = 0; i < count; ++i)
    out << "\nsource       " << sources[i] << "\nreference    " << pairs.target[i]
        << "\ntranslation  " << line_of(found[i][0], *tokenizers_) << '\n';
}

std::vector<std::string> TranslationTask::next_commands(const std::string& folder) const {
  return {str_cat("generate --checkpoint ", folder, " --beam 5 --source YOUR.txt"),
          str_cat("evaluate --checkpoint ", folder, " --beam 5")};
}

}  // namespace abax

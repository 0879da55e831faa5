// Pairs for encoder-decoders: read, split, tokenised, in length buckets; translated to be scored.
#include "tools/tasks/translation_task.h"

#include <algorithm>
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/corpora/task_corpora.h"
#include "models/data/item_split.h"
#include "models/metrics/bleu.h"

namespace abax {
namespace {

constexpr const char* source_file = "source_tokenizer.jsonl";
constexpr const char* target_file = "target_tokenizer.jsonl";
constexpr std::size_t shown = 10;  // translations for people to look at

data::Tokenizer tokenizer_of(const Files& files, const char* name) {
  const auto found = files.find(name);
  if (found == files.end())
    throw CheckpointError(text("the checkpoint holds no ", name,
                               "; it is not one of a translation that abax-train wrote"));
  return data::Tokenizer::from_text(found->second);
}

data::ParallelText read_pair(const Words& files, std::string_view option) {
  if (files.size() != 2)
    throw UsageError(
        text("--", option, ": expected two files, a source and a target, not ", files.size()));
  return data::read_parallel_text(files[0], files[1]);
}

}  // namespace

PairTokenizers pair_tokenizers(const Files& files) {
  return {tokenizer_of(files, source_file), tokenizer_of(files, target_file)};
}

void TranslationTask::read(Use use) {
  const TrainOptions& o = options_;
  if (!o.test.empty()) of(Part::test).pairs = read_pair(o.test, "test");
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
  const std::string name = options_.corpus.empty() ? "phrasebook" : options_.corpus;
  if (name != "phrasebook" && name != "questions")
    throw UsageError(text("--corpus: '", name, "' is not for ", options_.model,
                          "; phrasebook and questions are"));
  const auto seed = static_cast<std::uint64_t>(options_.seed);
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

TranslationTask::TranslationTask(const TrainOptions& o, const Files* known, Use use) : options_(o) {
  read(use);
  const data::ParallelText& train = of(Part::train).pairs;
  if (known) {
    tokenizers_ = pair_tokenizers(*known);
  } else {
    const data::TokenKind kind = data::token_kind(o.tokens);
    const auto make = [&](const std::string& content) {
      return data::Tokenizer::make(kind, content, o.vocabulary, sentence_rules(o));
    };
    if (o.joint_vocabulary) {
      data::Tokenizer joint = make(joined(train.source) + joined(train.target));
      tokenizers_ = {joint, joint};
    } else {
      tokenizers_ = {make(joined(train.source)), make(joined(train.target))};
    }
  }
  for (const Part part : {Part::train, Part::valid, Part::test}) {
    Side& side = of(part);
    if (side.pairs.size() == 0) continue;
    const data::SentenceOptions options = sentence_options(o, part);
    side.batches = std::make_unique<data::SentencePairs>(side.pairs, tokenizers_->source,
                                                         tokenizers_->target, options);
  }
  const std::string name = !corpus_.empty()       ? "built-in " + corpus_
                           : use == Use::evaluate ? file_name(o.test[0])
                                                  : file_name(o.data[0]);
  description_ = text(name, ": ", grouped(train.size()), " pairs to train on, ",
                      grouped(of(Part::valid).pairs.size()), " to validate, ",
                      grouped(of(Part::test).pairs.size()), " to test, vocabularies of ",
                      grouped(static_cast<std::size_t>(tokenizers_->source.vocabulary())), " and ",
                      grouped(static_cast<std::size_t>(tokenizers_->target.vocabulary())));
  if (const auto& batches = of(Part::train).batches) {
    const data::Buckets& buckets = batches->buckets();
    description_ +=
        text(", ", buckets.shapes.size(), " buckets with ",
             100 - 100 * buckets.filled / std::max<std::int64_t>(1, buckets.padded), " % padding");
    if (batches->cut() > 0) description_ += text(", ", batches->cut(), " sentences cut");
  }
}

ModelConfig TranslationTask::sizes() const {
  ModelConfig config = model_config(options_);
  config.source_vocabulary = data::source_vocabulary(tokenizers_->source);
  config.vocabulary = data::target_vocabulary(tokenizers_->target);
  // One table serves both sides: the source has no use for the begin token.
  if (config.shared_embeddings) config.source_vocabulary = config.vocabulary;
  return config;
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
  const std::string& wanted = options.wanted;
  if (!wanted.empty() && wanted != "bleu" && wanted != "exact") return {};
  const data::ParallelText& pairs = of(part).pairs;
  LineTranslator translator(store, sizes(), *tokenizers_, options.beam, workers);
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
  return {{"bleu", bleu(translations, pairs.target, options_.lower_case).score},
          {"exact", exact / static_cast<double>(pairs.size())}};
}

LineBatches TranslationTask::lines(Part part) const {
  data::SentenceOptions options = sentence_options(options_, part);
  options.batches.tokens = 0;
  options.batches.rows = 1;
  options.shuffled = false;
  auto batches = std::make_unique<data::SentencePairs>(of(part).pairs, tokenizers_->source,
                                                       tokenizers_->target, options);
  std::vector<std::size_t> line;
  for (std::int64_t i = 0; i < batches->batches(); ++i)
    line.push_back(static_cast<std::size_t>(batches->rows(i).front()));
  return {std::move(batches), std::move(line)};
}

void TranslationTask::show(std::ostream& out, Variables& store, Workers& workers) const {
  const Part part = of(Part::test).pairs.size() > 0    ? Part::test
                    : of(Part::valid).pairs.size() > 0 ? Part::valid
                                                       : Part::train;
  const data::ParallelText& pairs = of(part).pairs;
  const std::size_t count = std::min(shown, pairs.size());
  const std::vector<std::string> sources(pairs.source.begin(),
                                         pairs.source.begin() + static_cast<std::ptrdiff_t>(count));
  LineTranslator translator(store, sizes(), *tokenizers_, 1, workers);
  const auto found = translator.translate(sources, {.beam = 1});
  for (std::size_t i = 0; i < count; ++i)
    out << "\nsource       " << sources[i] << "\nreference    " << pairs.target[i]
        << "\ntranslation  " << line_of(found[i][0], *tokenizers_) << '\n';
}

std::vector<std::string> TranslationTask::next_commands(const std::string& folder) const {
  return {text("generate --checkpoint ", folder, " --beam 5 --source YOUR.txt"),
          text("evaluate --checkpoint ", folder, " --beam 5")};
}

}  // namespace abax

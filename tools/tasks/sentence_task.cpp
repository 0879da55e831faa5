// Sentences for autoencoders: read, split, tokenised, in length buckets; what a model makes of
// them.
#include "tools/tasks/sentence_task.h"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/corpora/task_corpora.h"
#include "models/data/item_split.h"
#include "models/generation/sentence_coder.h"
#include "models/metrics/bleu.h"
#include "models/metrics/code_metrics.h"
#include "models/metrics/homogeneity.h"
#include "models/metrics/other_code_cost.h"
#include "models/registry.h"
#include "models/training/learner.h"
#include "tools/tasks/classes.h"
#include "tools/tasks/latent_scores.h"
#include "tools/tasks/sample_perplexity.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

constexpr std::size_t shown = 5;  // reconstructions and samples, for people

data::LabelledText read_files(const Words& files) {
  return data::read_sentences({files.begin(), files.end()});
}

/// The first so many, as far as there are.
template <class T>
std::vector<T> first(const std::vector<T>& all, std::size_t count) {
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(count, all.size()))};
}

/// -log p of all sentences given their labels, whose own -log p is that.
double nats_given_labels(const data::LabelledText& text, double label_nats) {
  double nats = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    nats -=
        data::mood_log_probabilities(text.sentences[i])[static_cast<std::size_t>(text.labels[i])] +
        label_nats;
  return nats;
}

}  // namespace

void fields(Fields& f, SentenceData& s) {
  fields(f, s.files, "a sentence a line; of several files each is a class");
  corpus_field(f, s.corpus, {"moods"});
  f.part(s.text);
  f.part(s.sentences);
}

void SentenceTask::read(Use use) {
  const DataFiles& o = data_.files;
  if (!o.test.empty()) of(Part::test).sentences = read_files(o.test);
  if (use == Use::evaluate && !o.test.empty()) return;
  if (o.data.empty()) {
    read_corpus();
    return;
  }
  const data::LabelledText all = read_files(o.data);
  if (!o.valid.empty()) of(Part::valid).sentences = read_files(o.valid);
  const Shares share = shares(o);
  const data::ItemSplit split = data::split_items(all.size(), share.valid, share.test, 1);
  of(Part::train).sentences = data::select(all, split.train);
  if (o.valid.empty()) of(Part::valid).sentences = data::select(all, split.valid);
  if (o.test.empty()) of(Part::test).sentences = data::select(all, split.test);
}

void SentenceTask::read_corpus() {
  data::SentenceCorpus corpus = data::moods(static_cast<std::uint64_t>(run_.training.seed));
  of(Part::train) = {std::move(corpus.train), nullptr, corpus.train_nats};
  of(Part::valid) = {std::move(corpus.valid), nullptr, corpus.valid_nats};
  of(Part::test) = {std::move(corpus.test), nullptr, corpus.test_nats};
  if (!model_.value_of("classes").empty())  // it is told the latent, which is the label
    for (Side& side : parts_) side.nats = nats_given_labels(side.sentences, corpus.latent_nats);
}

SentenceTask::SentenceTask(const RunSettings& settings, const Files* known, Use use)
    : data_(settings.data_as<SentenceData>()), model_(settings.model), run_(settings) {
  read(use);
  if (known) {
    KnownClasses all = known_classes(*known, "sentences");
    tokenizer_ = std::move(all.tokenizer);
    classes_ = std::move(all.names);
  } else {
    const data::LabelledText& train = of(Part::train).sentences;
    tokenizer_ = data::Tokenizer::make(data::token_kind(data_.text.tokens), joined(train.sentences),
                                       data_.text.vocabulary, sentence_rules(data_.text));
    classes_ = train.classes;
  }
  for (const Part part : {Part::train, Part::valid, Part::test}) {
    Side& side = of(part);
    if (side.sentences.size() == 0) continue;
    if (side.sentences.classes.size() == 1 && classes_.size() > 1) take_labels(side.sentences);
    const std::vector<std::string>& classes = side.sentences.classes;
    if (classes.size() != classes_.size() && classes.size() > 1)
      throw UsageError(str_cat("the ", known ? "model knows " : "training data has ",
                               classes_.size(), classes_.size() == 1 ? " class" : " classes",
                               "; files are ", classes.size(), ": give one a class, or one"));
    if (classes.size() > 1) check_order(classes, classes_);
    side.batches = std::make_unique<data::Sentences>(
        side.sentences, *tokenizer_, sentence_options(data_.sentences, part, run_.training.seed));
  }
  describe();
  const std::int64_t length = data_.sentences.length;
  model_.derive({{"vocabulary-size", data::target_vocabulary(*tokenizer_)},
                 {"classes", classes_.size() > 1 ? std::ssize(classes_) : 0},
                 {"encoder-context", length},
                 {"decoder-context", length}});
}

/// One file is of no class.
void SentenceTask::take_labels(data::LabelledText& text) const {
  text.labels.assign(text.size(), -1);
  text.classes = classes_;
  if (!text.files.empty()) text.files.assign(classes_.size(), std::string(text.files[0]));
}

void SentenceTask::describe() {
  const DataFiles& o = data_.files;
  const std::string name = o.data.empty() && o.test.empty() ? "built-in " + data_.corpus
                           : o.data.empty()                 ? file_name(o.test[0])
                                                            : file_name(o.data[0]);
  const auto count = [&](Part part) { return grouped(of(part).sentences.size()); };
  description_ =
      str_cat(name, ": ", count(Part::train), " sentences to train on, ", count(Part::valid),
              " to validate, ", count(Part::test), " to test, vocabulary of ",
              grouped(static_cast<std::size_t>(tokenizer_->vocabulary())));
  if (classes_.size() > 1) description_ += str_cat(", ", classes_.size(), " classes");
  const auto& batches = of(Part::train).batches;
  if (!batches) return;
  const data::Buckets& buckets = batches->buckets();
  description_ +=
      str_cat(", ", buckets.shapes.size(), " buckets with ",
              100 - 100 * buckets.filled / std::max<std::int64_t>(1, buckets.padded), " % padding");
  if (batches->cut() > 0) description_ += str_cat(", ", batches->cut(), " sentences cut");
}

const data::BatchSource* SentenceTask::source(Part part) const { return of(part).batches.get(); }

Files SentenceTask::files() const { return files_of(*tokenizer_, classes_); }

bool SentenceTask::has_log_probabilities() const {
  return model_.entry().autoencoder.log_weight != nullptr;
}

std::optional<double> SentenceTask::optimum(Part part) const {
  const Side& side = of(part);
  if (!side.nats) return std::nullopt;
  return *side.nats / static_cast<double>(side.sentences.size());
}

Results sentence_results(Results results, const Evaluation& evaluation,
                         const ModelSettings& model) {
  results.merge(code_metrics(evaluation, model.entry().autoencoder.shape(model)));
  const auto elbo = results.find("elbo"), tokens = results.find("tokens");
  if (elbo != results.end() && tokens != results.end())
    results["perplexity_bound"] = std::exp(-elbo->second / tokens->second);
  return results;
}

Results SentenceTask::results(const Evaluation& evaluation) const {
  return sentence_results(Task::results(evaluation), evaluation, model_);
}

Json::Object SentenceTask::details(const Evaluation& evaluation) const {
  return kl_of_latents(evaluation);
}

Results SentenceTask::rewritten(Part part, Variables& store, Workers& workers) const {
  const std::vector<std::string>& lines = of(part).sentences.sentences;
  const std::vector<std::int32_t>& labels = of(part).sentences.labels;
  SentenceCoder coder(store, model_, *tokenizer_, 1, workers);
  const auto found =
      coder.decode(coder.encode(lines, Codes::likeliest, labels), {.beam = 1}, labels);
  std::vector<std::string> written, wanted;
  double equal = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    written.push_back(coder.line_of(found[i][0]));
    // As the tokeniser would write it: unknown words cannot be right.
    wanted.push_back(coder.line_of({tokenizer_->encode(lines[i])}));
    equal += written.back() == wanted.back() ? 1 : 0;
  }
  return {{"bleu", bleu(written, wanted, data_.text.lower_case).score},
          {"exact", equal / static_cast<double>(lines.size())}};
}

Results SentenceTask::score(Part part, Variables& store, Workers& workers,
                            const ScoreOptions& options) const {
  const Autoencoder& parts = model_.entry().autoencoder;
  const data::BatchSource& data = *source(part);
  const bool discrete = parts.shape(model_).kinds > 0;
  Results results = latent_scores(model_, data, options, store, workers);
  if (parts.log_likelihood && of(part).sentences.size() > 1 && options.wants({"other_z_cost"}))
    results["other_z_cost"] = other_code_cost(store, model_, workers, data);
  if (!options.drawn.empty())
    results.merge(sample_perplexities(lines_of_file(options.drawn), *of(part).batches, run_, model_,
                                      *tokenizer_, store, workers));
  const std::vector<std::int32_t>& labels = of(part).sentences.labels;
  const bool labelled = classes_.size() > 1 &&
                        std::ranges::any_of(labels, [](std::int32_t label) { return label >= 0; });
  if (discrete && labelled &&
      options.wants({"homogeneity", "homogeneity_of_one_code", "completeness", "code_entropy"})) {
    Coder coder(store, model_, workers);
    const EncodedItems items = encode(coder, data);
    const Agreement all = agreement(items.codes, items.labels);
    results.merge(Results{{"homogeneity", all.homogeneity},
                          {"completeness", all.completeness},
                          {"code_entropy", all.code_entropy}});
    // Many codes tell all sentences apart, and so their labels.
    if (coder.shape().positions > 1) {
      const auto each = agreement_by_position(items.codes, items.labels);
      results["homogeneity_of_one_code"] =
          std::ranges::max_element(each, {}, &Agreement::homogeneity)->homogeneity;
    }
  }
  if (options.wants({"bleu", "exact"})) results.merge(rewritten(part, store, workers));
  return results;
}

std::string prior_note(const ModelSettings& model) {
  if (model.entry().autoencoder.log_weight) return "";
  return "the codes of new sentences are drawn each by itself, by how often it came in training, "
         "as if they were independent; a prior learns which go together: train --model code_prior "
         "--codes-of RUN\n";
}

LineBatches SentenceTask::lines(Part part) const {
  data::SentenceOptions options = sentence_options(data_.sentences, part, run_.training.seed);
  options.batches.tokens = 0;
  options.batches.rows = 1;
  options.shuffled = false;
  auto batches = std::make_unique<data::Sentences>(of(part).sentences, *tokenizer_, options);
  std::vector<std::size_t> line;
  for (std::int64_t i = 0; i < batches->batches(); ++i)
    line.push_back(static_cast<std::size_t>(batches->rows(i).front()));
  return {std::move(batches), std::move(line)};
}

std::optional<WrittenLines> SentenceTask::written() const {
  const Side& train = of(Part::train);
  return WrittenLines{
      .begin = data::target_begin(*tokenizer_),
      .end = data::target_end(*tokenizer_),
      .text = [&](auto tokens) { return tokenizer_->decode(tokens); },
      .line = [&](auto position, auto row) -> const std::string& {
        return train.sentences.sentences[train.batches->item(position, row)];
      },
      .label = [&](auto position,
                   auto row) { return train.sentences.labels[train.batches->item(position, row)]; },
      .classes = classes_.size() > 1 ? classes_ : std::vector<std::string>(),
      .lower_case = data_.text.lower_case};
}

void SentenceTask::show(std::ostream& out, Variables& store, Workers& workers) const {
  SentenceCoder coder(store, model_, *tokenizer_, 1, workers);
  for (const Part part : {Part::test, Part::valid, Part::train}) {
    const std::vector<std::string> lines = first(of(part).sentences.sentences, shown);
    const std::vector<std::int32_t> labels = first(of(part).sentences.labels, shown);
    if (lines.empty()) continue;
    const auto found =
        coder.decode(coder.encode(lines, Codes::likeliest, labels), {.beam = 1}, labels);
    for (std::size_t i = 0; i < lines.size() && coder.shape().positions > 0; ++i)
      out << "\nsentence        " << coder.line_of({tokenizer_->encode(lines[i])})
          << "\nreconstruction  " << coder.line_of(found[i][0]) << '\n';
    break;
  }
  if (!model_.entry().autoencoder.sample) return;
  Sampler sampler({});
  Random random = Drawing{}.random();
  out << "\nnew sentences, drawn from the prior\n" << prior_note(model_);
  std::vector<std::int32_t> labels(shown, -1);
  for (std::size_t i = 0; i < shown && coder.reads_labels(); ++i)
    labels[i] = static_cast<std::int32_t>(i % classes_.size());
  const auto drawn = coder.sample(coder.prior(shown), sampler, random, labels);
  for (std::size_t i = 0; i < shown; ++i)
    out << "  " << (labels[i] < 0 ? "" : classes_[static_cast<std::size_t>(labels[i])] + ": ")
        << coder.line_of(drawn[i]) << '\n';
}

std::vector<std::string> SentenceTask::next_commands(const std::string& folder) const {
  const CodeShape shape = model_.entry().autoencoder.shape(model_);
  std::vector<std::string> commands{str_cat("generate --checkpoint ", folder)};
  if (shape.positions > 0)
    commands.push_back(str_cat("encode --checkpoint ", folder, " --out codes.jsonl"));
  commands.push_back(
      str_cat("evaluate --checkpoint ", folder, has_log_probabilities() ? " --samples 64" : ""));
  if (shape.kinds > 0) commands.push_back(str_cat("train --model code_prior --codes-of ", folder));
  return commands;
}

}  // namespace abax

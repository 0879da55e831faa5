// Labelled sentences for classifiers: read, split or folded, tokenised, in length buckets.
#include "tools/tasks/classification_task.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/plan/execution.h"
#include "models/data/corpora/task_corpora.h"
#include "models/data/item_split.h"
#include "models/registry.h"
#include "tools/tasks/classes.h"

namespace abax {
namespace {

constexpr std::int64_t shown = 10;  // decisions for people to look at

data::LabelledText read_classes(const Words& files) {
  return data::read_labelled_text({files.begin(), files.end()});
}

/// "3/10" as {2, 10}.
std::pair<std::int64_t, std::int64_t> parse_fold(const std::string& fold) {
  std::int64_t number = 0, count = 0;
  const char* end = fold.data() + fold.size();
  const auto [slash, first] = std::from_chars(fold.data(), end, number);
  if (first == std::errc{} && slash != end && *slash == '/') {
    const auto [stop, second] = std::from_chars(slash + 1, end, count);
    if (second == std::errc{} && stop == end && number >= 1 && number <= count)
      return {number - 1, count};
  }
  throw UsageError(
      str_cat("--fold: expected a fold and their number, such as 3/10, not '", fold, "'"));
}

/// The beginning of a sentence, for a line on the screen.
std::string shortened(const std::string& sentence) {
  constexpr std::size_t most = 100;
  if (sentence.size() <= most) return sentence;
  std::size_t cut = most;
  while (cut > 0 && (static_cast<unsigned char>(sentence[cut]) & 0xC0) == 0x80) --cut;
  return sentence.substr(0, cut) + " ...";
}

}  // namespace

void fields(Fields& f, ClassificationData& s) {
  fields(f, s.files, "a file a class, a line an example");
  f("fold", s.fold, "the test is the K-th of N parts of --data").placeholder("K/N");
  corpus_field(f, s.corpus, {"judgements"});
  f.part(s.text);
  f.part(s.sentences);
  f.require(s.fold.empty() || !s.files.data.empty(), "--fold divides --data, which is not given");
}

void ClassificationTask::read(Use use) {
  const DataFiles& o = data_.files;
  if (!o.test.empty()) of(Part::test).sentences = read_classes(o.test);
  if (use == Use::evaluate && !o.test.empty()) return;
  if (o.data.empty()) {
    read_corpus();
    return;
  }
  const data::LabelledText all = read_classes(o.data);
  classes_ = all.classes;
  if (!o.valid.empty()) of(Part::valid).sentences = read_classes(o.valid);
  for (const Part part : {Part::valid, Part::test})
    if (of(part).sentences.size() > 0 && of(part).sentences.classes.size() != classes_.size())
      throw UsageError(str_cat("--data has ", classes_.size(), " classes, --",
                               part == Part::valid ? "valid" : "test", " has ",
                               of(part).sentences.classes.size()));
  const Shares share = shares(o);
  data::ItemSplit split;
  if (data_.fold.empty()) {
    split = data::split_items(all.size(), share.valid, share.test, 1);
  } else {
    const auto [fold, folds] = parse_fold(data_.fold);
    split = data::fold_items(all.size(), fold, folds, 1);
  }
  of(Part::train).sentences = data::select(all, split.train);
  if (o.valid.empty()) of(Part::valid).sentences = data::select(all, split.valid);
  if (o.test.empty()) of(Part::test).sentences = data::select(all, split.test);
}

void ClassificationTask::read_corpus() {
  data::LabelledCorpus corpus = data::judgements(static_cast<std::uint64_t>(seed_));
  classes_ = corpus.train.classes;
  of(Part::train).sentences = std::move(corpus.train);
  of(Part::valid).sentences = std::move(corpus.valid);
  of(Part::test).sentences = std::move(corpus.test);
  of(Part::valid).nats = corpus.valid_nats;
  of(Part::test).nats = corpus.test_nats;
}

std::optional<double> ClassificationTask::optimum(Part part) const {
  const Side& side = of(part);
  if (!side.nats) return std::nullopt;
  return *side.nats / static_cast<double>(side.sentences.size());
}

ClassificationTask::ClassificationTask(const RunSettings& settings, const Files* known, Use use)
    : data_(settings.data_as<ClassificationData>()),
      model_(settings.model),
      seed_(settings.training.seed) {
  read(use);
  if (known) {
    KnownClasses all = known_classes(*known, "a classifier");
    tokenizer_ = std::move(all.tokenizer);
    classes_ = std::move(all.names);
  } else {
    tokenizer_ = data::Tokenizer::make(data::token_kind(data_.text.tokens),
                                       joined(of(Part::train).sentences.sentences),
                                       data_.text.vocabulary, sentence_rules(data_.text));
  }
  for (const Part part : {Part::train, Part::valid, Part::test}) {
    Side& side = of(part);
    if (side.sentences.size() == 0) continue;
    if (side.sentences.classes.size() != classes_.size())
      throw UsageError(str_cat("the model knows ", classes_.size(), " classes; files are ",
                               side.sentences.classes.size()));
    check_order(side.sentences.classes, classes_);
    const data::SentenceOptions options = sentence_options(data_.sentences, part, seed_);
    side.batches = std::make_unique<data::LabelledSentences>(side.sentences, *tokenizer_, options);
  }
  description_ = str_cat(grouped(of(Part::train).sentences.size()), " sentences to train on, ",
                         grouped(of(Part::valid).sentences.size()), " to validate, ",
                         grouped(of(Part::test).sentences.size()), " to test, vocabulary of ",
                         grouped(static_cast<std::size_t>(tokenizer_->vocabulary())), ", classes");
  for (const std::string& name : classes_) description_ += " " + name;
  model_.derive({{"vocabulary-size", tokenizer_->vocabulary()},
                 {"classes", std::ssize(classes_)},
                 {"context", data_.sentences.length}});
}

const data::BatchSource* ClassificationTask::source(Part part) const {
  return of(part).batches.get();
}

Files ClassificationTask::files() const { return files_of(*tokenizer_, classes_); }

LineBatches ClassificationTask::lines(Part part) const {
  data::SentenceOptions options = sentence_options(data_.sentences, part, seed_);
  options.batches.tokens = 0;
  options.batches.rows = 1;
  options.shuffled = false;
  auto batches =
      std::make_unique<data::LabelledSentences>(of(part).sentences, *tokenizer_, options);
  std::vector<std::size_t> line;
  for (std::int64_t i = 0; i < batches->batches(); ++i)
    line.push_back(static_cast<std::size_t>(batches->rows(i).front()));
  return {std::move(batches), std::move(line)};
}

void ClassificationTask::show(std::ostream& out, Variables& store, Workers& workers) const {
  const Part part = of(Part::test).batches ? Part::test : Part::valid;
  const Side& side = of(part);
  if (!side.batches) return;
  const data::Batch batch = side.batches->make(side.batches->batches() / 2);
  Graph graph(store, Mode::evaluate, "show");
  const Model built = model_.entry().build(
      graph, model_, side.batches->shapes()[static_cast<std::size_t>(batch.shape)]);
  Execution execution(compile(graph, {built.output}), store, workers);
  for (const auto& [name, tensor] : batch.inputs)
    if (name != "labels") execution.set(name, tensor);
  execution.run();
  const TensorView logits = execution.get(built.output);  // [batch, classes]
  const std::vector<std::int64_t> rows = side.batches->rows(side.batches->batches() / 2);
  for (std::size_t row = 0; row < rows.size() && row < shown; ++row) {
    const auto scores = logits.as<float>().subspan(row * classes_.size(), classes_.size());
    const auto decided =
        static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
    const auto item = static_cast<std::size_t>(rows[row]);
    const auto label = static_cast<std::size_t>(side.sentences.labels[item]);
    out << (decided == label ? "\nright  " : "\nwrong  ") << classes_[decided] << ": "
        << shortened(side.sentences.sentences[item]);
  }
  out << '\n';
}

std::vector<std::string> ClassificationTask::next_commands(const std::string& folder) const {
  std::string files;
  for (const std::string& name : classes_) files += (files.empty() ? "" : ",") + name + ".txt";
  return {str_cat("evaluate --checkpoint ", folder, " --data ", files)};
}

}  // namespace abax

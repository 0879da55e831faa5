// The rows of tasks. A new one is a line here.
#include "tools/tasks/tasks.h"

#include <algorithm>
#include <sstream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/text/text.h"
#include "models/registry.h"
#include "tools/tasks/classification_task.h"
#include "tools/tasks/code_task.h"
#include "tools/tasks/drawing.h"
#include "tools/tasks/evaluation.h"
#include "tools/tasks/image_task.h"
#include "tools/tasks/language_task.h"
#include "tools/tasks/pair_task.h"
#include "tools/tasks/sentence_task.h"
#include "tools/tasks/translation_task.h"

namespace abax {
namespace {

template <class T>
std::unique_ptr<Task> open(const RunSettings& settings, const Files* known, Use use) {
  return std::make_unique<T>(settings, known, use);
}

TaskAction evaluation(void (*option_fields)(Fields&, ScoreOptions&) = nullptr) {
  return {EvaluationSettings{.option_fields = option_fields}, evaluate_run};
}

void translation_score_fields(Fields& f, ScoreOptions& s) {
  f.group("Evaluation of translations");
  search_fields(f, s.beam, s.length_penalty);
}

void bound_field(Fields& f, ScoreOptions& s) {
  f("samples", s.samples,
    "also the bound by so many samples of the posterior an item (IWAE, Burda et al. 2016)")
      .at_least(0);
}

void autoencoder_score_fields(Fields& f, ScoreOptions& s) {
  f.group("Evaluation of autoencoders");
  bound_field(f, s);
}

void pair_score_fields(Fields& f, ScoreOptions& s) {
  f.group("Evaluation of autoencoders of targets");
  bound_field(f, s);
  search_fields(f, s.beam, s.length_penalty);
  decodings_field(f, s.decodings,
                  "also how much so many targets of a source differ, each of another latent of the "
                  "prior; 0: none");
  f.require(s.decodings != 1, "--decodings 1: one target has none to differ from; 2 or more");
}

void sentence_score_fields(Fields& f, ScoreOptions& s) {
  autoencoder_score_fields(f, s);
  f("drawn", s.drawn,
    "sentences that any model drew, one a line, beside which a language model of sentences "
    "(text_vae with --latents 0) is put: their perplexity under it, and that of --data under one "
    "like it that is trained on them, for as many steps")
      .placeholder("FILE");
}

}  // namespace

const std::vector<TaskEntry>& tasks() {
  static const std::vector<TaskEntry> all{
      {.name = "language",
       .data = LanguageData{},
       .open = open<LanguageTask>,
       .generate = {TextGeneration{}, generate_text},
       .evaluate = evaluation()},
      {.name = "translation",
       .data = TranslationData{},
       .open = open<TranslationTask>,
       .generate = {LineGeneration{}, generate_lines},
       .evaluate = evaluation(translation_score_fields)},
      {.name = "classification",
       .data = ClassificationData{},
       .open = open<ClassificationTask>,
       .predict = {ClassPrediction{}, predict_classes},
       .evaluate = evaluation()},
      {.name = "sentences",
       .data = SentenceData{},
       .open = open<SentenceTask>,
       .generate = {SentenceGeneration{}, generate_sentences},
       .encode = {SentenceEncoding{}, encode_sentences},
       .decode = {SentenceDecoding{}, decode_sentences},
       .evaluate = evaluation(sentence_score_fields)},
      {.name = "pairs",
       .data = PairData{},
       .open = open<PairTask>,
       .generate = {PairGeneration{}, generate_targets},
       .encode = {PairEncoding{}, encode_pairs},
       .decode = {PairDecoding{}, decode_pairs},
       .evaluate = evaluation(pair_score_fields)},
      {.name = "images",
       .data = ImageData{},
       .open = open<ImageTask>,
       .generate = {ImageGeneration{}, generate_images},
       .encode = {ImageEncoding{}, encode_images},
       .decode = {ImageDecoding{}, decode_images},
       .evaluate = evaluation(autoencoder_score_fields)},
      {.name = "codes",
       .data = CodeData{},
       .open = open<CodeTask>,
       .generate = {CodeGeneration{}, generate_from_codes},
       .evaluate = evaluation()},
  };
  return all;
}

void checkpoint_field(Fields& f, std::string& folder) {
  f("checkpoint", folder, "folder of a run, whose best checkpoint is taken, or of a checkpoint")
      .placeholder("FOLDER")
      .needed();
}

Field& source_field(Fields& f, std::string& file, std::string help) {
  return f("source", file, std::move(help)).placeholder("FILE");
}

Field& out_field(Fields& f, std::string& file, std::string help) {
  return f("out", file, std::move(help)).placeholder("FILE");
}

void test_data_field(Fields& f, Words& files) {
  f("data", files, "as train takes it; without it the test part of the run's own data")
      .placeholder("FILE,...");
}

std::vector<std::string> lines_of_file(const std::string& path) {
  std::istringstream in(data::read_text(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

const TaskEntry& task_entry(const ModelSettings& model) {
  const ModelEntry& entry = model.entry();
  const std::string name = entry.task_of ? entry.task_of(model) : entry.task;
  const auto found = std::ranges::find(tasks(), name, &TaskEntry::name);
  if (found == tasks().end())
    throw UsageError(str_cat(model.name(), " learns '", name, "', a task that there is not"));
  return *found;
}

std::unique_ptr<Task> make_task(const RunSettings& settings, const Files* known, Use use) {
  const TaskEntry& task = task_entry(settings.model);
  if (!settings.data.same_type(task.data))
    throw UsageError(str_cat("the settings of the data are not of the task '", task.name,
                             "', which this ", settings.model.name(),
                             " learns: set what the model is before its data"));
  return task.open(settings, known, use);
}

}  // namespace abax

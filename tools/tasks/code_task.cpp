// Images or sentences encoded once by a frozen autoencoder; codes as training data; items drawn at
// the end.
#include "tools/tasks/code_task.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/json.h"
#include "models/code_prior.h"
#include "models/generation/coder.h"
#include "models/generation/sentence_coder.h"
#include "models/registry.h"
#include "tools/images/picture.h"
#include "tools/tasks/classes.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

constexpr const char* known_file = "autoencoder.json";
constexpr std::int64_t columns = 10;  // of a picture
constexpr std::int64_t shown = 5;     // sentences, for people
constexpr Part parts[] = {Part::train, Part::valid, Part::test};
constexpr const char* names[] = {"train", "valid", "test"};  // that key the draws of each part

std::size_t at(Part part) { return static_cast<std::size_t>(part); }

/// The images: those of --data, read as the autoencoder read its own, or its own.
std::unique_ptr<Task> open_images(const DataFiles& own, const SavedRun& run, Use use) {
  RunSettings settings = run.settings;
  if (!own.data.empty()) {
    set_value(settings, "data", own.data);
    set_value(settings, "valid", own.valid);
    set_value(settings, "split", own.split);
  }
  if (!own.data.empty() || !own.test.empty()) set_value(settings, "test", own.test);
  return make_task(settings, &run.files(), use);
}

/// The codes and labels of one pass over a source of images.
data::LabelledCodes encoded(const data::BatchSource& images, Coder& coder, Codes kind) {
  const EncodedItems all = encode(coder, images, kind);
  const auto codes = all.codes.as<std::int32_t>();
  return {.positions = coder.shape().positions,
          .codes = {codes.begin(), codes.end()},
          .labels = all.labels};
}

}  // namespace

void fields(Fields& f, CodeData& s) {
  codes_of_field(f, s.codes_of, "the run of the autoencoder that makes the codes");
  f("sampled-codes", s.sampled_codes,
    "codes drawn from the autoencoder's posterior, instead of the likeliest; once for each image "
    "to train on, to validate and to test, by --seed");
  fields(f, s.files, "in the place of that run's own data");
  batch_field(f, s.batch, "items");
  pictures_field(f, s.pictures_every);
}

CodeTask::CodeTask(const RunSettings& settings, const Files* known, Use use)
    : data_(settings.data_as<CodeData>()), model_(settings.model), seed_(settings.training.seed) {
  const CodeData& o = data_;
  const auto seed = static_cast<std::uint64_t>(seed_);
  if (o.codes_of.empty())
    throw UsageError(str_cat("--codes-of: ", model_.name(),
                             " learns the codes of an autoencoder; name the folder of its run"));
  const SavedRun run = open_autoencoder(o.codes_of, known ? *known : Files{});
  autoencoder_.hash = run.checkpoint.hash();
  Variables store;
  create_for_use(run, store);
  Workers workers(static_cast<int>(settings.watch.threads));
  shape_ = run.settings.model.entry().autoencoder.shape(run.settings.model);
  sentences_ = writes_sentences(run);
  code_prior_for({}, shape_, 0);  // throws where there are no codes
  const std::unique_ptr<Task> images = open_images(o.files, run, use);
  for (const Part part : parts)
    if (const data::BatchSource* source = images->source(part)) {
      fingerprints_[at(part)] = images->fingerprint(part);
      // A part's codes are the same whether other parts are there or not.
      store.set_seed(stream_key(seed, "sampled codes", names[at(part)]));
      Coder coder(store, run.settings.model, workers);
      codes_[at(part)] =
          encoded(*source, coder, o.sampled_codes ? Codes::sampled : Codes::likeliest);
    }
  if (known)
    autoencoder_.labels = known_autoencoder(*known).labels;
  else
    for (const data::LabelledCodes& codes : codes_)
      for (const std::int32_t label : codes.labels)
        autoencoder_.labels = std::max<std::int64_t>(autoencoder_.labels, label + 1);
  model_.as<CodePrior>() = code_prior_for(model_.as<CodePrior>(), shape_, autoencoder_.labels);
  for (const Part part : parts)
    if (codes_[at(part)].size() > 0)
      batches_[at(part)] = batches(part, o.batch, part == Part::train);
  const auto count = [&](Part part) { return grouped(codes_[at(part)].labels.size()); };
  description_ = str_cat(
      o.sampled_codes ? "sampled codes of " : "codes of ", o.codes_of, " (",
      run.settings.model.name(), "): ", shape_.positions,
      sentences_ ? " a sentence, each of " : " an image, each of ", shape_.kinds, "; ",
      count(Part::train), sentences_ ? " sentences to train on, " : " images to train on, ",
      count(Part::valid), " to validate, ", count(Part::test), " to test, ", autoencoder_.labels,
      " labels; uniform codes have ", std::log(static_cast<double>(shape_.kinds)), " nats");
}

std::unique_ptr<data::CodeBatches> CodeTask::batches(Part part, std::int64_t rows,
                                                     bool shuffled) const {
  const data::CodeBatchOptions options{
      .rows = rows, .shuffled = shuffled, .seed = static_cast<std::uint64_t>(seed_)};
  return std::make_unique<data::CodeBatches>(codes_[at(part)], model_.as<CodePrior>(), options);
}

const data::BatchSource* CodeTask::source(Part part) const { return batches_[at(part)].get(); }

/// Of the images: another machine may break a tie between two codes in another way.
std::string CodeTask::fingerprint(Part part) const { return fingerprints_[at(part)]; }

Files CodeTask::files() const {
  const Json json = Json::Object{{"hash", autoencoder_.hash}, {"labels", autoencoder_.labels}};
  return {{known_file, to_text(json) + "\n"}};
}

LineBatches CodeTask::lines(Part part) const {
  auto one_by_one = batches(part, 1, false);
  std::vector<std::size_t> image;
  for (std::int64_t i = 0; i < one_by_one->batches(); ++i)
    image.push_back(static_cast<std::size_t>(one_by_one->rows(i).front()));
  return {std::move(one_by_one), std::move(image)};
}

/// A row of images a label; without labels as many.
std::vector<std::filesystem::path> CodeTask::draw(const std::filesystem::path& folder,
                                                  const std::string& suffix, Variables& store,
                                                  Workers& workers) const {
  if (sentences_) return {};
  std::vector<std::int64_t> asked;
  for (std::int64_t row = 0; row < std::max<std::int64_t>(1, autoencoder_.labels); ++row)
    asked.insert(asked.end(), columns, autoencoder_.labels > 0 ? row : -1);
  const std::filesystem::path path = folder / str_cat("samples", suffix, ".png");
  const SavedRun autoencoder = open_autoencoder(data_.codes_of, files());
  const auto seed = static_cast<std::uint64_t>(seed_);
  const Tensor images =
      draw_images(autoencoder, store, model_.as<CodePrior>(), asked, {}, seed, workers);
  write_picture(path, image_grid(images, columns));
  return {path};
}

void CodeTask::show(std::ostream& out, Variables& store, Workers& workers) const {
  if (!sentences_) return;
  std::vector<std::int64_t> asked;
  for (std::int64_t i = 0; i < shown; ++i)
    asked.push_back(autoencoder_.labels > 0 ? i % autoencoder_.labels : -1);
  out << "\nnew sentences, drawn from the prior\n";
  for (const std::string& line :
       draw_sentences(open_autoencoder(data_.codes_of, files()), store, model_.as<CodePrior>(),
                      asked, {}, static_cast<std::uint64_t>(seed_), workers))
    out << "  " << line << '\n';
}

std::vector<std::string> CodeTask::next_commands(const std::string& folder) const {
  return {str_cat("generate --checkpoint ", folder, sentences_ ? "" : " --out samples.png"),
          str_cat("evaluate --checkpoint ", folder)};
}

KnownAutoencoder known_autoencoder(const Files& files) {
  const auto found = files.find(known_file);
  if (found == files.end())
    throw CheckpointError(str_cat("the checkpoint holds no ", known_file,
                                  "; it is not one of a prior over codes that abax-train wrote"));
  const Json known = parse_json(found->second);
  return {.hash = known.at("hash").string(), .labels = known.at("labels").integer()};
}

SavedRun open_autoencoder(const std::string& folder, const Files& known) {
  SavedRun run = open_run(folder, Which::best);
  if (!run.settings.model.entry().autoencoder.encode)
    throw UsageError(
        str_cat(folder, ": ", run.settings.model.name(), " is no autoencoder: it has no codes"));
  if (!known.empty() && known_autoencoder(known).hash != run.checkpoint.hash())
    throw CheckpointError(
        str_cat("the autoencoder in ", folder,
                " is not the one whose codes this prior has learnt: it was trained "
                "further, or is another one"));
  return run;
}

Tensor draw_images(const SavedRun& autoencoder, Variables& prior, const CodePrior& settings,
                   std::span<const std::int64_t> labels, const SamplingConfig& sampling,
                   std::uint64_t seed, Workers& workers) {
  const Tensor codes = draw_codes(prior, settings, labels, sampling, seed, workers);
  Variables store;
  create_for_use(autoencoder, store);
  return Coder(store, autoencoder.settings.model, workers).decode(codes);
}

bool writes_sentences(const SavedRun& autoencoder) {
  return autoencoder.settings.model.entry().decoder.begin != nullptr;
}

std::vector<std::string> draw_sentences(const SavedRun& autoencoder, Variables& prior,
                                        const CodePrior& settings,
                                        std::span<const std::int64_t> labels,
                                        const SamplingConfig& sampling, std::uint64_t seed,
                                        Workers& workers) {
  const Tensor codes = draw_codes(prior, settings, labels, sampling, seed, workers);
  Variables store;
  create_for_use(autoencoder, store);
  const KnownClasses known = known_classes(autoencoder.files(), "sentences");
  SentenceCoder coder(store, autoencoder.settings.model, known.tokenizer, 1, workers);
  std::vector<std::string> lines;
  for (const std::vector<Hypothesis>& found :
       coder.decode(codes, {.beam = 1}, {labels.begin(), labels.end()}))
    lines.push_back(coder.line_of(found[0]));
  return lines;
}

}  // namespace abax

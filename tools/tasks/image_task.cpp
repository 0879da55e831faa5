// Images for autoencoders: read, split, binarised, batched; pictures of what a model makes of them.
#include "tools/tasks/image_task.h"

#include <algorithm>
#include <numbers>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/data/corpora/glyphs.h"
#include "models/data/item_split.h"
#include "models/generation/coder.h"
#include "models/metrics/code_metrics.h"
#include "models/registry.h"
#include "models/training/learner.h"
#include "tools/images/picture.h"
#include "tools/tasks/latent_scores.h"

namespace abax {
namespace {

constexpr const char* images_file = "images.json";
constexpr std::int64_t pictured = 64;  // samples, and originals beside reconstructions
constexpr std::int64_t columns = 8;    // of a picture; of originals with reconstructions, twice
// Splits and static binarisation are the data's, not a run's: they do not depend on --seed.
constexpr std::uint64_t data_seed = 1;

std::string size_text(std::int64_t height, std::int64_t width, std::int64_t channels) {
  return str_cat(height, " x ", width, " x ", channels);
}

}  // namespace

void fields(Fields& f, ImageData& s) {
  fields(
      f, s.files,
      "IDX files (labels after their images), CIFAR-10's binary files or folders of PNG files (a "
      "folder a class)");
  corpus_field(f, s.corpus, {"glyphs"});
  f("binarise", s.binarise,
    "pixels become 0 or 1 with their value as the probability: once (static), anew in each pass "
    "(dynamic), or not")
      .one_of({"none", "static", "dynamic"});
  batch_field(f, s.batch, "images");
  pictures_field(f, s.pictures_every);
}

void ImageTask::read(Use use) {
  const DataFiles& o = data_.files;
  const auto prepared = [&](data::Images images) {
    return data_.binarise == "static" ? data::binarised(images, data_seed) : images;
  };
  const auto read_part = [&](const Words& files) { return prepared(data::read_images(files)); };
  if (!o.test.empty()) of(Part::test).images = read_part(o.test);
  if (use == Use::evaluate && !o.test.empty()) return;
  if (o.data.empty()) {
    data::GlyphSet set = data::glyphs(static_cast<std::uint64_t>(seed_));
    of(Part::train).images = prepared(std::move(set.train.images));
    of(Part::valid).images = prepared(std::move(set.valid.images));
    of(Part::test).images = prepared(std::move(set.test.images));
    return;
  }
  if (!o.valid.empty()) of(Part::valid).images = read_part(o.valid);
  data::Images all = read_part(o.data);
  const Shares share = shares(o);
  const data::ItemSplit split = data::split_items(all.size(), share.valid, share.test, data_seed);
  if (o.valid.empty()) of(Part::valid).images = data::select(all, split.valid);
  if (o.test.empty()) of(Part::test).images = data::select(all, split.test);
  if (split.train.size() < all.size()) all = data::select(all, split.train);
  of(Part::train).images = std::move(all);
}

/// Sizes, classes and variance: of the checkpoint, else of the training images.
void ImageTask::describe_images(const Files* known) {
  if (known) {
    const auto found = known->find(images_file);
    if (found == known->end())
      throw CheckpointError(str_cat("the checkpoint holds no ", images_file,
                                    "; it is not one of images that abax-train wrote"));
    const Json json = parse_json(found->second);
    height_ = json.at("height").integer();
    width_ = json.at("width").integer();
    channels_ = json.at("channels").integer();
    classes_ = json.at("classes").integer();
    pixel_variance_ = json.at("pixel_variance").number();
  } else {
    const data::Images& train = of(Part::train).images;
    height_ = train.height;
    width_ = train.width;
    channels_ = train.channels;
    classes_ = train.classes();
    const data::PixelMoments moments = data::pixel_moments(train);
    // Of pixels that become 0 or 1 with their value as the probability it is that of their mean.
    const double variance =
        data_.binarise == "dynamic" ? moments.mean * (1 - moments.mean) : moments.variance;
    if (variance > 0) pixel_variance_ = variance;
  }
  for (const Part part : {Part::train, Part::valid, Part::test}) {
    const data::Images& images = of(part).images;
    if (images.size() > 0 &&
        (images.height != height_ || images.width != width_ || images.channels != channels_))
      throw DataError(str_cat("expected images of ", size_text(height_, width_, channels_),
                              " (height x width x channels), as ",
                              known ? "the model" : "the training images", " have; those ",
                              part == Part::valid ? "of --valid" : "to test", " are ",
                              size_text(images.height, images.width, images.channels)));
  }
}

ImageTask::ImageTask(const RunSettings& settings, const Files* known, Use use)
    : data_(settings.data_as<ImageData>()), model_(settings.model), seed_(settings.training.seed) {
  const DataFiles& o = data_.files;
  read(use);
  describe_images(known);
  for (const Part part : {Part::train, Part::valid, Part::test}) {
    Side& side = of(part);
    if (side.images.size() == 0) continue;
    side.batches = std::make_unique<data::ImageBatches>(
        side.images, data::ImageBatches::Options{.batch = data_.batch,
                                                 .shuffled = part == Part::train,
                                                 .binarised = data_.binarise == "dynamic",
                                                 .seed = static_cast<std::uint64_t>(seed_)});
  }
  const std::string name = o.data.empty() && o.test.empty() ? "built-in glyphs"
                           : o.data.empty()                 ? file_name(o.test[0])
                                                            : file_name(o.data[0]);
  description_ = str_cat(name, ": ", grouped(of(Part::train).images.size()), " images of ",
                         size_text(height_, width_, channels_), " to train on, ",
                         grouped(of(Part::valid).images.size()), " to validate, ",
                         grouped(of(Part::test).images.size()), " to test");
  if (classes_ > 0) description_ += str_cat(", ", classes_, " classes");
  if (data_.binarise != "none") description_ += str_cat(", ", data_.binarise, " binarisation");
  model_.derive({{"image-height", height_},
                 {"image-width", width_},
                 {"image-channels", channels_},
                 {"pixel-variance", pixel_variance_}});
}

const data::BatchSource* ImageTask::source(Part part) const { return of(part).batches.get(); }

Files ImageTask::files() const {
  const Json json = Json::Object{{"height", height_},
                                 {"width", width_},
                                 {"channels", channels_},
                                 {"classes", classes_},
                                 {"pixel_variance", pixel_variance_}};
  return {{images_file, to_text(json) + "\n"}};
}

bool ImageTask::has_log_probabilities() const {
  return model_.entry().autoencoder.log_weight != nullptr;
}

std::string ImageTask::loss_unit() const {
  // A quantiser's loss adds distances of codes to the mean over an image's pixels (and channels) of
  // what may be no likelihood.
  return has_log_probabilities() ? "nats an image" : "a pixel";
}

Results ImageTask::results(const Evaluation& evaluation) const {
  Results results = Task::results(evaluation);
  const Autoencoder& parts = model_.entry().autoencoder;
  if (parts.shape) results.merge(code_metrics(evaluation, parts.shape(model_)));
  // Of the discretised pixels alone the likelihood is one of bits.
  if (const auto elbo = results.find("elbo");
      elbo != results.end() && model_.value_of("likelihood") == "logistic")
    results["bits_per_dimension"] =
        -elbo->second / std::numbers::ln2 / static_cast<double>(height_ * width_ * channels_);
  return results;
}

Json::Object ImageTask::details(const Evaluation& evaluation) const {
  return kl_of_latents(evaluation);
}

Results ImageTask::score(Part part, Variables& store, Workers& workers,
                         const ScoreOptions& options) const {
  return latent_scores(model_, *source(part), options, store, workers);
}

LineBatches ImageTask::lines(Part part) const {
  const data::Images& images = of(part).images;
  auto batches = std::make_unique<data::ImageBatches>(
      images, data::ImageBatches::Options{.batch = 1,
                                          .binarised = data_.binarise == "dynamic",
                                          .seed = static_cast<std::uint64_t>(seed_)});
  std::vector<std::size_t> line(images.size());
  for (std::size_t i = 0; i < line.size(); ++i) line[i] = i;
  return {std::move(batches), std::move(line)};
}

std::vector<std::filesystem::path> ImageTask::draw(const std::filesystem::path& folder,
                                                   const std::string& suffix, Variables& store,
                                                   Workers& workers) const {
  const Autoencoder& parts = model_.entry().autoencoder;
  std::vector<std::filesystem::path> paths;
  const auto write = [&](const char* name, const Tensor& images, std::int64_t in_a_row) {
    paths.push_back(folder / str_cat(name, suffix, ".png"));
    write_picture(paths.back(), image_grid(images, in_a_row));
  };
  Coder coder(store, model_, workers, {.batch = pictured});
  if (parts.sample) write("samples", coder.decode(coder.sample(pictured)), columns);
  for (const Part part : {Part::valid, Part::test, Part::train}) {
    const data::Images& images = of(part).images;
    if (images.size() == 0) continue;
    const auto count = std::min<std::int64_t>(pictured, static_cast<std::int64_t>(images.size()));
    const data::ImageBatches first(images, {.batch = count,
                                            .binarised = data_.binarise == "dynamic",
                                            .seed = static_cast<std::uint64_t>(seed_)});
    const data::Batch batch = first.make(0);
    const Tensor& originals = batch.input("images");
    write("reconstructions", alternating(originals, coder.decode(coder.encode(batch.inputs))),
          2 * columns);
    break;
  }
  return paths;
}

std::string samples_note(const ModelSettings& model) {
  if (model.entry().autoencoder.log_weight) return "";
  return str_cat("samples of ", model.name(),
                 " are decoded from uniformly drawn codes, which images hardly ever have, and look "
                 "like noise; a prior learns which codes go together: train --model code_prior "
                 "--codes-of RUN\n");
}

void ImageTask::show(std::ostream& out, Variables&, Workers&) const { out << samples_note(model_); }

std::vector<std::string> ImageTask::next_commands(const std::string& folder) const {
  std::vector<std::string> commands{
      str_cat("generate --checkpoint ", folder, " --out samples.png"),
      str_cat("evaluate --checkpoint ", folder,
              model_.entry().autoencoder.log_weight ? " --samples 64" : "")};
  if (model_.entry().autoencoder.shape(model_).kinds > 0)
    commands.push_back(str_cat("train --model code_prior --codes-of ", folder));
  return commands;
}

}  // namespace abax

// Images for autoencoders: from files, or the built-in glyphs.
#pragma once

#include <limits>
#include <vector>

#include "models/data/images/image_batches.h"
#include "tools/tasks/code_files.h"
#include "tools/tasks/task.h"
#include "tools/training/run_settings.h"

namespace abax {

struct RunContext;

struct ImageData {
  DataFiles files;
  std::string corpus;
  std::string binarise = "none";  // or "static", "dynamic"
  std::int64_t batch = 20;
  std::int64_t pictures_every = 0;
};
void fields(Fields& f, ImageData& s);

class ImageTask : public Task {
 public:
  /// Each of --data, --valid and --test is what data::read_images() takes. Throws UsageError,
  /// DataError.
  ImageTask(const RunSettings& settings, const Files* known, Use use);

  std::string description() const override { return description_; }
  const ModelSettings& model() const override { return model_; }
  const data::BatchSource* source(Part part) const override;
  Files files() const override;
  std::string unit() const override { return "image"; }
  std::string loss_unit() const override;
  bool has_perplexity() const override { return false; }
  bool has_log_probabilities() const override;
  double most_loss() const override { return std::numeric_limits<double>::infinity(); }
  Results results(const Evaluation& evaluation) const override;
  Json::Object details(const Evaluation& evaluation) const override;
  /// The importance-weighted bound, where samples are asked for; of Gaussian latents the mutual
  /// information.
  Results score(Part part, Variables& store, Workers& workers,
                const ScoreOptions& options) const override;
  LineBatches lines(Part part) const override;
  void show(std::ostream& out, Variables& store, Workers& workers) const override;
  std::int64_t pictures_every() const override { return data_.pictures_every; }
  std::vector<std::filesystem::path> draw(const std::filesystem::path& folder,
                                          const std::string& suffix, Variables& store,
                                          Workers& workers) const override;
  std::vector<std::string> next_commands(const std::string& folder) const override;

 private:
  struct Side {
    data::Images images;
    std::unique_ptr<data::ImageBatches> batches;  // null without images
  };
  Side& of(Part part) { return parts_[static_cast<std::size_t>(part)]; }
  const Side& of(Part part) const { return parts_[static_cast<std::size_t>(part)]; }
  void read(Use use);
  void describe_images(const Files* known);

  ImageData data_;
  ModelSettings model_;
  std::int64_t seed_;
  std::vector<Side> parts_{3};  // one a part
  // Of one image, and of those to train on; a checkpoint keeps them.
  std::int64_t height_ = 0, width_ = 0, channels_ = 0, classes_ = 0;
  double pixel_variance_ = 1;
  std::string description_;
};

/// What generate takes, and does: a picture of samples, of traversals or of an interpolation.
struct ImageGeneration {
  std::string out;
  std::int64_t count = 0;  // 0: as many as make a picture
  Integers image, traverse;
  bool interpolate = false;
  Words data;
  std::int64_t seed = 1;
};
void fields(Fields& f, ImageGeneration& s);
void generate_images(const AnySettings& settings, RunContext& context, std::ostream& out);

/// Likewise encode: the codes of images, the likeliest ones or drawn ones.
struct ImageEncoding {
  Encoding codes;
  std::string images;
};
void fields(Fields& f, ImageEncoding& s);
void encode_images(const AnySettings& settings, RunContext& context, std::ostream& out);

/// Likewise decode: the mean of each pixel. Codes of another model are refused by its hash.
struct ImageDecoding {
  std::string codes;
  std::string out;
};
void fields(Fields& f, ImageDecoding& s);
void decode_images(const AnySettings& settings, RunContext& context, std::ostream& out);

/// What to know of pictures of samples, as a line; "" where the model has a prior that it learns
/// with.
std::string samples_note(const ModelSettings& model);

/// The picture to write, whose field it gives, and how many images there are in it.
Field& picture_fields(Fields& f, std::string& out, std::int64_t& count, std::string help);

}  // namespace abax

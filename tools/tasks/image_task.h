// Images for autoencoders: from files, or the built-in glyphs.
#pragma once

#include <limits>
#include <vector>

#include "models/data/images/image_batches.h"
#include "tools/tasks/task.h"

namespace abax {

class ImageTask : public Task {
 public:
  /// Each of --data, --valid and --test is what data::read_images() takes. Throws UsageError,
  /// DataError.
  ImageTask(const TrainOptions& options, const Files* known, Use use);

  std::string description() const override { return description_; }
  ModelConfig sizes() const override;
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
  void show(std::ostream&, Variables&, Workers&) const override {}
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

  TrainOptions options_;
  std::vector<Side> parts_{3};  // one a part
  // Of one image, and of those to train on; a checkpoint keeps them.
  std::int64_t height_ = 0, width_ = 0, channels_ = 0, classes_ = 0;
  double pixel_variance_ = 1;
  std::string description_;
};

}  // namespace abax

// The codes that an autoencoder gives to images, for a prior over them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "models/autoencoder.h"
#include "models/code_prior.h"
#include "models/data/codes/code_batches.h"
#include "models/generation/sampling.h"
#include "tools/saved_run.h"
#include "tools/tasks/drawing.h"
#include "tools/tasks/task.h"

namespace abax {

struct RunContext;

/// What a prior's checkpoint says of the codes that it has learnt.
struct KnownAutoencoder {
  std::string hash;         // of the autoencoder's checkpoint
  std::int64_t labels = 0;  // of its items
};
/// Throws CheckpointError where the files are not of a prior.
KnownAutoencoder known_autoencoder(const Files& files);

/// The run of an autoencoder with codes, its best checkpoint. Throws UsageError where it has none;
/// CheckpointError where `known` is not empty and names another autoencoder.
SavedRun open_autoencoder(const std::string& folder, const Files& known);

/// Images of these labels (-1: of no label) by codes of the prior: [labels, height, width,
/// channels]. See draw_codes().
Tensor draw_images(const SavedRun& autoencoder, Variables& prior, const CodePrior& settings,
                   std::span<const std::int64_t> labels, const SamplingConfig& sampling,
                   std::uint64_t seed, Workers& workers);

/// Whether the autoencoder's items are sentences, else images.
bool writes_sentences(const SavedRun& autoencoder);
/// The same of sentences, the likeliest ones of drawn codes: a line for each label.
std::vector<std::string> draw_sentences(const SavedRun& autoencoder, Variables& prior,
                                        const CodePrior& settings,
                                        std::span<const std::int64_t> labels,
                                        const SamplingConfig& sampling, std::uint64_t seed,
                                        Workers& workers);

struct CodeData {
  std::string codes_of;        // the run whose autoencoder makes the codes
  bool sampled_codes = false;  // drawn from its posterior, once; else the likeliest
  DataFiles files;             // in the place of that run's
  std::int64_t batch = 20;
  std::int64_t pictures_every = 0;
};
void fields(Fields& f, CodeData& s);

class CodeTask : public Task {
 public:
  /// Encodes images or sentences by the best checkpoint of the run --codes-of: those of that run,
  /// or those of
  /// --data. With --sampled-codes these are drawn from its posterior here, once, by --seed and the
  /// part: the same for any number of threads, in a resumed run and in an evaluation. Throws
  /// UsageError where that run has no codes (or none to sample), CheckpointError where `known` was
  /// made with another autoencoder, DataError.
  CodeTask(const RunSettings& settings, const Files* known, Use use);

  std::string description() const override { return description_; }
  const ModelSettings& model() const override { return model_; }
  const data::BatchSource* source(Part part) const override;
  Files files() const override;
  std::string fingerprint(Part part) const override;
  std::string unit() const override { return "code"; }
  LineBatches lines(Part part) const override;
  void show(std::ostream& out, Variables& store, Workers& workers) const override;
  std::int64_t pictures_every() const override { return data_.pictures_every; }
  std::vector<std::filesystem::path> draw(const std::filesystem::path& folder,
                                          const std::string& suffix, Variables& store,
                                          Workers& workers) const override;
  std::vector<std::string> next_commands(const std::string& folder) const override;

 private:
  std::unique_ptr<data::CodeBatches> batches(Part part, std::int64_t rows, bool shuffled) const;

  CodeData data_;
  ModelSettings model_;
  std::int64_t seed_;
  CodeShape shape_;
  bool sentences_ = false;  // else images
  KnownAutoencoder autoencoder_;
  std::vector<data::LabelledCodes> codes_{3};                   // one a part
  std::vector<std::unique_ptr<data::CodeBatches>> batches_{3};  // null without items
  std::vector<std::string> fingerprints_ = std::vector<std::string>(3);
  std::string description_;
};

/// What generate takes, and does: a picture with a row a label, or sentences.
struct CodeGeneration {
  std::string out;         // of images
  std::int64_t count = 0;  // items a label; 0: as many as suit
  Integers label;
  std::string codes_of;
  Drawing drawing;
};
void fields(Fields& f, CodeGeneration& s);
void generate_from_codes(const AnySettings& settings, RunContext& context, std::ostream& out);

/// The autoencoder's run.
void codes_of_field(Fields& f, std::string& folder, std::string help);

}  // namespace abax

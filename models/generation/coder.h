// A trained autoencoder at work: items to codes, codes to items, codes from the prior.
//
//     Coder coder(store, settings, workers);
//     const Tensor codes = coder.encode(batch.inputs);    // [n, positions]
//     const Tensor again = coder.decode(codes);           // of images [n, height, width, channels]
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/tensor.h"
#include "core/plan/execution.h"
#include "models/autoencoder.h"
#include "models/data/batch.h"
#include "models/model.h"
#include "models/model_settings.h"

namespace abax {

/// Each way has a plan of its own, made when it is first taken; any number of items goes through it
/// in batches. Codes are i32, or f32 of a model whose latents are real numbers. A coder shares the
/// store's parameters and has all else to itself: several go side by side, also each in a thread,
/// and the store stays as it is.
class Coder {
 public:
  /// The store holds the model. `shape` is that of its plans' batches; the lengths in it may be
  /// others for some items, see encode().
  /// Throws UsageError where the model is no autoencoder.
  Coder(Variables& store, const ModelSettings& settings, Workers& workers,
        const BatchShape& shape = {.batch = 64}, SourceLocation where = SourceLocation::current());

  /// What stands for an item.
  const CodeShape& shape() const { return codes_; }
  /// Of codes: i32 or f32.
  DType dtype() const { return codes_.kinds > 0 ? i32 : f32; }
  /// Items by the names of the model's inputs ("images"); what it does not read is left out. Of n
  /// items an input has size n along the axis that is the batch's in the model's graph: of images
  /// [n, height, width, channels], of sentences [length, n]. Gives [n, positions]. Throws
  /// ShapeError on items of another size than the model's or of different numbers, UsageError where
  /// an input is missing.
  Tensor encode(BatchInputs items);
  /// The same of sequences that are as long as those of `shape`, whose batch says nothing. Each
  /// length has a plan of its own.
  Tensor encode(BatchInputs items, const BatchShape& shape);
  /// Likewise with codes drawn from the posterior, anew at each call; the same ones in the same
  /// order for each coder on a store of the same seed. Throws UsageError where the model has no
  /// posterior distribution: an item then has one code at a position.
  Tensor sample_posterior(BatchInputs items);
  Tensor sample_posterior(BatchInputs items, const BatchShape& shape);
  /// codes are [n, positions]. Gives what they stand for, [n, ..]: of images the mean of the
  /// pixels. Throws ShapeError on another number of positions, DataError on a code that there is
  /// not, UsageError where the model writes what codes stand for step by step, as a SentenceCoder
  /// does.
  Tensor decode(const Tensor& codes);
  /// Codes drawn from the prior, anew at each call: [n, positions]. The same ones in the same order
  /// for each coder on a store of the same seed.
  Tensor sample(std::int64_t count);

 private:
  /// A plan to one output.
  struct Way {
    Way(Variables& store, const char* label) : graph(store, Mode::evaluate, label) {}
    Graph graph;
    Value result;
    std::optional<Execution> execution;
  };
  std::unique_ptr<Way> finish(std::unique_ptr<Way> way);
  Tensor through(Way& way, BatchInputs items);
  using Encode = Value (*)(Graph& graph, const ModelSettings& settings, const BatchShape& shape);
  using Lengths = std::pair<std::int64_t, std::int64_t>;
  using Ways = std::map<Lengths, std::unique_ptr<Way>>;
  Tensor encode_by(Encode part, Ways& ways, const char* label, BatchInputs items,
                   const BatchShape& shape);

  std::unique_ptr<Variables> store_;  // the parameters of the one given, with counters of its own
  Workers& workers_;
  ModelSettings settings_;
  const Autoencoder& parts_;
  CodeShape codes_;
  BatchShape batch_;
  std::shared_ptr<Workspace> workspace_;
  Ways encode_, sample_posterior_;
  std::unique_ptr<Way> decode_, sample_;
};

/// Of all items of a pass.
struct EncodedItems {
  Tensor codes;                      // [n, positions]
  std::vector<std::int32_t> labels;  // one an item, -1 where there is none
};
/// The likeliest codes, or such as sample_posterior() draws.
enum class Codes : std::uint8_t { likeliest, sampled };
/// Of the items whose "weights" are above 0, in the order of the pass.
EncodedItems encode(Coder& coder, const data::BatchSource& items, Codes codes = Codes::likeliest);

/// The images at these positions of a pass: a batch with the input "images" [n, height, width,
/// channels]. Throws UsageError where there is no such image.
data::Batch images_at(const data::BatchSource& images, const std::vector<std::int64_t>& positions);

}  // namespace abax

// A trained autoencoder at work: images to codes, codes to images, codes from the prior.
//
//     ImageCoder coder(store, "vqvae", config, workers);
//     const Tensor codes = coder.encode(images);          // [n, positions]
//     const Tensor again = coder.decode(codes);           // [n, height, width, channels]
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/tensor.h"
#include "core/plan/execution.h"
#include "models/autoencoder.h"
#include "models/data/batch.h"
#include "models/model_config.h"

namespace abax {

/// Each way has a plan of its own, made when it is first taken; any number of images goes through
/// it in batches. Codes are i32, or f32 of a model whose latents are real numbers.
class ImageCoder {
 public:
  /// The store holds the model and must outlive the coder. Throws UsageError where the model is no
  /// autoencoder of images.
  ImageCoder(Variables& store, const std::string& model, const ModelConfig& config,
             Workers& workers, std::int64_t batch = 64);

  const CodeShape& shape() const { return shape_; }
  /// Of codes: i32 or f32.
  DType dtype() const { return shape_.kinds > 0 ? i32 : f32; }
  /// images are [n, height, width, channels] f32. Gives [n, positions]. Throws ShapeError on
  /// another size of images than the model's.
  Tensor encode(const Tensor& images);
  /// Likewise with codes drawn from the posterior, anew at each call; the same ones in the same
  /// order for each coder on a store of the same seed. Throws UsageError where the model has no
  /// posterior distribution: an image then has one code at a position.
  Tensor sample_posterior(const Tensor& images);
  /// codes are [n, positions]. Gives the mean of the pixels, [n, height, width, channels] f32.
  /// Throws ShapeError on another number of positions, DataError on a code that there is not.
  Tensor decode(const Tensor& codes);
  /// Codes drawn from the prior, anew at each call: [n, positions]. The same ones in the same order
  /// for each coder on a store of the same seed.
  Tensor sample(std::int64_t count);

 private:
  /// A plan from one input, or from none, to one output.
  struct Way {
    Way(Variables& store, const char* label) : graph(store, Mode::evaluate, label) {}
    Graph graph;
    Value result;
    std::optional<Execution> execution;
  };
  std::unique_ptr<Way> finish(std::unique_ptr<Way> way);
  Tensor through(Way& way, const char* input, const Tensor& items);
  using Encode = Value (*)(Graph& graph, const ModelConfig& config, Value images);
  Tensor encode_by(Encode part, std::unique_ptr<Way>& way, const char* label, const Tensor& images);

  Variables& store_;
  Workers& workers_;
  std::string name_;
  ModelConfig config_;
  Autoencoder parts_;
  CodeShape shape_;
  std::int64_t batch_;
  std::unique_ptr<Way> encode_, sample_posterior_, decode_, sample_;
};

/// Of all images of a pass.
struct EncodedImages {
  Tensor codes;                      // [n, positions]
  std::vector<std::int32_t> labels;  // one an image, -1 where there is none
};
/// The likeliest codes, or such as sample_posterior() draws.
enum class Codes : std::uint8_t { likeliest, sampled };
EncodedImages encode(ImageCoder& coder, const data::BatchSource& images,
                     Codes codes = Codes::likeliest);

/// The images at these positions of a pass, [n, height, width, channels]. Throws UsageError where
/// there is no such image.
Tensor images_at(const data::BatchSource& images, const std::vector<std::int64_t>& positions);

}  // namespace abax

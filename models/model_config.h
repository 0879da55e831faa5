// The choices that make a model out of its name: what --width, --layers and so on say.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace abax {

/// One set for all models; each reads what its entry in models/registry.h lists.
struct ModelConfig {
  std::int64_t vocabulary =
      0;  // of what is predicted; of a language model and a classifier, of what is read
  std::int64_t source_vocabulary = 0;  // of a translation's source
  std::int64_t classes = 0;            // of a classifier

  std::string blocks = "transformer";  // "transformer", "lstm" or "gru": of encoders and decoders
  std::int64_t width = 128;            // of the embedding and of each layer
  std::int64_t layers = 1;
  std::int64_t decoder_layers = 0;    // 0: as many as `layers`
  std::int64_t heads = 4;             // of attention; they divide the width
  std::int64_t feed_forward = 0;      // units between the two products of a block; 0: 4 width
  float dropout = 0;                  // in training graphs
  float label_smoothing = 0;          // likewise (Szegedy et al. 2016, section 7)
  bool tied = false;                  // the output projection shares the embedding's weight
  bool shared_embeddings = false;     // source and target have one embedding
  std::string positions = "learned";  // "learned", "sinusoidal" or "rotary"
  std::int64_t context = 0;           // the longest sequence
  std::int64_t memory = 0;            // positions of former segments that are still seen
  bool bidirectional = false;         // recurrent encoders
  std::string pooling = "last";       // of a recurrent classifier: "last" or "mean"
};

/// As a checkpoint keeps it, and back. The latter throws CheckpointError on a value that is missing
/// or malformed.
std::map<std::string, std::string> to_values(const ModelConfig& config);
ModelConfig model_config(const std::map<std::string, std::string>& values);

}  // namespace abax

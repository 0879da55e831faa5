// Generation with a language model: one token in, the logits of the next one out.
//
//     Generator generator(store, settings, workers);
//     Sampler sampler({.temperature = 0.8f});
//     for (int i = 0; i < 200; ++i) token = sampler.draw(generator.next(token), random);
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/graph/graph.h"
#include "core/plan/execution.h"
#include "models/model_settings.h"

namespace abax {

/// A plan of one step and one stream, whose state is carried from token to token. The store must
/// hold the model's parameters, which the generator shares: what training changes later counts, and
/// must not happen during next(). The state is the generator's own: any number of generators go
/// side by side on one store, in one thread or each in its own, and the store stays as it is.
class Generator {
 public:
  /// Throws UsageError where the store does not hold the model that `settings` describe, and where
  /// it is no language model.
  Generator(Variables& store, const ModelSettings& settings, Workers& workers,
            SourceLocation where = SourceLocation::current());

  /// The logits of what follows `token` [vocabulary], valid until the next call. Where the model's
  /// context is full, the last half of it is read anew first. Throws DataError on a token outside
  /// the vocabulary.
  std::span<const float> next(std::int32_t token, SourceLocation where = SourceLocation::current());
  /// Bytes that the plan takes beside the store's variables.
  std::size_t workspace_bytes() const { return memory_bytes(execution_->plan()); }
  /// Begins a new stream.
  void reset() { fresh_ = true; }

 private:
  void step(std::int32_t token);

  std::unique_ptr<Variables> variables_;  // the store's parameters, with state of its own
  std::unique_ptr<Graph> graph_;
  Value logits_;
  Tensor token_{Shape{1, 1}, i32};
  std::unique_ptr<Execution> execution_;
  bool fresh_ = true;
  std::size_t context_ = 0;         // how many tokens in a row the model takes; 0: any number
  std::vector<std::int32_t> read_;  // the tokens of this context, where it is limited
};

}  // namespace abax

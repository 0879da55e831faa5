// What tests of autoencoders of sentences share: batches with padding and rows that only fill them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "models/layers/encoder.h"
#include "models/model.h"
#include "models/model_settings.h"
#include "models/registry.h"
#include "tests/models/run_model.h"

namespace abax::test {

/// Small blocks of a kind.
inline SequenceBlocks small_blocks(const char* kind, std::int64_t layers = 1) {
  return {.kind = kind, .width = 8, .layers = layers, .heads = 2, .feed_forward = 12, .context = 8};
}

/// Sentences of these lengths, their ends counted; 0 of a row that only fills the batch. The begin
/// token is vocabulary - 2, the end token vocabulary - 1.
struct SentenceBatch {
  Tensor tokens, targets, lengths, weights;
  Tensor source, source_lengths, labels;  // of conditional models: as long as the sentences

  /// `word` gives token t of sentence b.
  SentenceBatch(std::int64_t time, const std::vector<std::int32_t>& given, std::int32_t vocabulary,
                const std::function<std::int32_t(std::int64_t b, std::int64_t t)>& word = {})
      : tokens({time, std::ssize(given)}, i32),
        targets({time, std::ssize(given)}, i32),
        lengths(Tensor::of<std::int32_t>({std::ssize(given)}, given)),
        weights({std::ssize(given)}),
        source({time, std::ssize(given)}, i32),
        source_lengths(Tensor::of<std::int32_t>({std::ssize(given)}, given)),
        labels({std::ssize(given)}, i32) {
    const std::int64_t batch = std::ssize(given);
    const std::int32_t begin = vocabulary - 2, end = vocabulary - 1;
    for (std::int64_t b = 0; b < batch; ++b) {
      const std::int32_t length = given[static_cast<std::size_t>(b)];
      weights.as<float>()[static_cast<std::size_t>(b)] = length > 0 ? 1 : 0;
      labels.as<std::int32_t>()[static_cast<std::size_t>(b)] =
          length > 0 ? static_cast<std::int32_t>(b % 3) - 1 : -1;
      std::int32_t last = length > 0 ? begin : 0;
      for (std::int64_t t = 0; t < time; ++t) {
        const auto at = static_cast<std::size_t>(t * batch + b);
        const auto usual = static_cast<std::int32_t>((3 * b + 2 * t + t * t) % begin);
        const std::int32_t next = t + 1 < length ? (word ? word(b, t) : usual) : end;
        tokens.as<std::int32_t>()[at] = t < length ? last : 0;
        targets.as<std::int32_t>()[at] = t < length ? next : -1;
        source.as<std::int32_t>()[at] = t < length ? (next * 3 + 1) % begin : 0;
        last = next;
      }
    }
  }
  Inputs inputs() const {
    return {{"tokens", &tokens},   {"targets", &targets}, {"lengths", &lengths},
            {"weights", &weights}, {"source", &source},   {"source_lengths", &source_lengths},
            {"labels", &labels}};
  }
  std::int64_t time() const { return tokens.shape()[0]; }
  std::int64_t batch() const { return tokens.shape()[1]; }
  BatchShape shape() const { return {.batch = batch(), .length = time()}; }
};

/// log p(x|codes) by the model's StepDecoder, [batch]: token by token, in rows of `beam` hypotheses
/// of which the last one is read. `begin` are the inputs of the first graph besides "codes".
inline std::vector<double> written_step_by_step(Variables& store, const ModelSettings& settings,
                                                const SentenceBatch& s, const Tensor& codes,
                                                std::int64_t vocabulary, std::int64_t beam) {
  const DecodingShape shape{
      .batch = s.batch(), .length = s.time(), .beam = beam, .limit = s.time() + 1};
  const std::string label = "write" + std::to_string(beam);
  Graph first(store, Mode::evaluate, label), next(store, Mode::evaluate, label);
  const StepDecoder& decoder = settings.entry().decoder;
  decoder.begin(first, settings, shape);
  const Value log_probabilities = decoder.step(next, settings, shape);
  Workers workers(1);
  Execution begin(compile(first, {}), store, workers);
  Execution step(compile(next, {log_probabilities}), store, workers);
  Inputs inputs = s.inputs();
  inputs.emplace_back("codes", &codes);
  run(begin, inputs);
  std::vector<double> total(static_cast<std::size_t>(s.batch()));
  for (std::int64_t t = 0; t < s.time(); ++t) {
    Tensor tokens({1, shape.rows()}, i32), parents({shape.rows()}, i32);
    for (std::int64_t row = 0; row < shape.rows(); ++row) {
      const auto at = static_cast<std::size_t>(row);
      tokens.as<std::int32_t>()[at] =
          s.tokens.as<std::int32_t>()[static_cast<std::size_t>(t * s.batch() + row / beam)];
      parents.as<std::int32_t>()[at] = static_cast<std::int32_t>(row);
    }
    const Tensor position = Tensor::of<std::int32_t>(Shape{}, {static_cast<std::int32_t>(t)});
    run(step, {{"tokens", &tokens}, {"parents", &parents}, {"position", &position}});
    for (std::int64_t row = 0; row < s.batch(); ++row) {
      const std::int32_t target =
          s.targets.as<std::int32_t>()[static_cast<std::size_t>(t * s.batch() + row)];
      if (target < 0) continue;
      const std::int64_t from = (row * beam + beam - 1) * vocabulary + target;
      total[static_cast<std::size_t>(row)] +=
          double{step.get(log_probabilities).as<float>()[static_cast<std::size_t>(from)]};
    }
  }
  return total;
}

}  // namespace abax::test

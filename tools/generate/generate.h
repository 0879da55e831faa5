// The options of tools/generate, and what it makes: a function a kind of model.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "core/graph/variables.h"
#include "models/generation/sampling.h"
#include "tools/options/option_set.h"
#include "tools/saved_run.h"

namespace abax {

struct GenerateOptions {
  std::string checkpoint;
  std::string prompt;
  std::string source;
  std::int64_t tokens = 500;
  std::int64_t seed = 1;
  std::int64_t threads = 0;
  double temperature = 1;
  std::int64_t top_k = 0;
  double top_p = 1;
  bool sample = false;
  std::int64_t beam = 1;
  std::int64_t n_best = 1;
  double length_penalty = 1;
  // Of images.
  std::string out;
  std::int64_t count = 0;  // 0: as many as make a picture
  Numbers traverse;
  Numbers image;
  bool interpolate = false;
  Words data;
  // Of a prior over codes, with `out` and `count`.
  Numbers label;
  std::string codes_of;
};

/// Each takes a store that holds the run's model. They throw UsageError on options that are not
/// theirs.

/// A language model: feeds the prompt, then writes what follows, token by token.
void generate_text(const GenerateOptions& options, const SavedRun& run, Variables& store,
                   std::ostream& out);
/// An encoder-decoder: a line (or some) for each line of --source.
void generate_lines(const GenerateOptions& options, const SavedRun& run, Variables& store,
                    std::ostream& out);
/// An autoencoder of images: a picture of samples, of traversals or of an interpolation.
void generate_images(const GenerateOptions& options, const SavedRun& run, Variables& store,
                     std::ostream& out);

/// A prior over codes: a picture with a row a label.
void generate_from_codes(const GenerateOptions& options, const SavedRun& run, Variables& store,
                         std::ostream& out);

/// What the options say of drawing tokens, and where its random numbers come from.
SamplingConfig sampling(const GenerateOptions& options);
Random draws(const GenerateOptions& options);

/// The options that belong to one kind of model.
enum class Output : std::uint8_t { text, lines, images, codes };
/// Throws UsageError where one is given that belongs to another.
void expect_options(const GenerateOptions& options, Output kind, const std::string& model);

}  // namespace abax

// abax-generate: samples text from a language model, translates lines, makes pictures.
#include <iostream>
#include <string>

#include "core/base/error.h"
#include "core/base/text.h"
#include "models/registry.h"
#include "tools/exit_codes.h"
#include "tools/generate/generate.h"

namespace abax {
namespace {

OptionSet option_set(GenerateOptions& o) {
  OptionSet set(
      "generate",
      "Samples text from a checkpoint of abax-train; with an encoder-decoder, makes a line from "
      "each line of a file; with an autoencoder of images, a picture.");
  set.group("Model");
  set.add("checkpoint", &o.checkpoint,
          "folder of a run, whose best checkpoint is taken, or of a checkpoint")
      .placeholder("FOLDER")
      .needed();
  set.group("Text of a language model");
  set.add("prompt", &o.prompt, "what the text begins with").placeholder("TEXT");
  set.add("tokens", &o.tokens, "how many tokens to make").at_least(0).at_most(1e9);
  set.group("Lines of an encoder-decoder");
  set.add("source", &o.source, "lines to translate, also .gz; one line comes out for each")
      .placeholder("FILE");
  set.add("beam", &o.beam, "hypotheses that are kept; 1 takes the likeliest token each time")
      .at_least(1)
      .at_most(1000);
  set.add("n-best", &o.n_best,
          "so many a line, best first, as: number of the line, score, text, with tabs between")
      .at_least(1);
  set.add("length-penalty", &o.length_penalty,
          "scores are log-probabilities over length to this power; more favours long ones")
      .at_least(0);
  set.add("sample", &o.sample, "draw translations, as the options below say");
  set.group("Pictures of an autoencoder");
  set.add("out", &o.out, "the PNG file to write (needed)").placeholder("FILE.png");
  set.add("count", &o.count,
          "samples of the prior (0: 64), or steps of a traversal or interpolation (0: 11)")
      .at_least(0)
      .at_most(1 << 16);
  set.add("image", &o.image,
          "images to begin from, by their position in --data from 0: one to traverse from, two to "
          "interpolate between; without it a traversal begins from the middle of the prior, or, of "
          "discrete codes, from a sample")
      .at_least(0);
  set.add(
         "traverse", &o.traverse,
         "latents, each a row: a Gaussian one goes from -3 to 3, a discrete one through its values")
      .at_least(0);
  set.add("interpolate", &o.interpolate,
          "between the codes of two images: on a line, or, of discrete codes, by more and more of "
          "them taken from the second image, in random order");
  set.add("data", &o.data, "the images; without it the test part of the run's own data")
      .placeholder("FILE,...");
  set.group("Pictures by a prior over codes");
  set.add("label", &o.label, "labels, each a row of --count images (0: 10); without it all of them")
      .at_least(0);
  set.add("codes-of", &o.codes_of, "the autoencoder's run, where it does not lie where it lay")
      .placeholder("FOLDER");
  set.group("Sampling");
  set.add("temperature", &o.temperature, "below 1 bolder, above 1 wilder; 0 takes the likeliest")
      .at_least(0);
  set.add("top-k", &o.top_k, "draw among the k likeliest tokens; 0: all").at_least(0);
  set.add("top-p", &o.top_p, "draw among the likeliest tokens that reach this probability")
      .above(0)
      .at_most(1);
  set.add("seed", &o.seed, "of the random draws").at_least(0);
  set.group("Run");
  set.add("threads", &o.threads, "0: one for a text, for lines as many as this process may use")
      .at_least(0);
  return set;
}

void generate(const GenerateOptions& o, std::ostream& out) {
  const SavedRun run = open_run(o.checkpoint, Which::best);
  Variables store;
  create_for_use(run, store);
  switch (model(run.options.model).task) {
    case TaskKind::language:
      return generate_text(o, run, store, out);
    case TaskKind::translation:
      return generate_lines(o, run, store, out);
    case TaskKind::images:
      return generate_images(o, run, store, out);
    case TaskKind::codes:
      return generate_from_codes(o, run, store, out);
    case TaskKind::classification:
      break;
  }
  throw UsageError(text(run.options.model, " decides on classes and makes no text; see evaluate"));
}

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("generate", [&] {
    GenerateOptions options;
    if (option_set(options).parse(argc, argv, std::cout)) generate(options, std::cout);
    return int{exit_ok};
  });
}

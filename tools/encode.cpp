// abax-encode: images to the codes of a trained autoencoder.
#include <iostream>
#include <string>

#include "core/base/error.h"
#include "tools/code_file.h"
#include "tools/exit_codes.h"
#include "tools/image_coder.h"
#include "tools/option_set.h"
#include "tools/saved_run.h"

namespace abax {
namespace {

struct EncodeOptions {
  std::string checkpoint;
  Words data;
  std::string out;
  std::int64_t threads = 0;
};

OptionSet option_set(EncodeOptions& o) {
  OptionSet set("encode",
                "Writes the codes of images: the likeliest ones of an autoencoder of abax-train; "
                "of a Gaussian one the posterior's means. abax-decode makes images of them again.");
  set.add("checkpoint", &o.checkpoint,
          "folder of a run, whose best checkpoint is taken, or of a checkpoint (needed)")
      .placeholder("FOLDER");
  set.add("data", &o.data,
          "the images, as train takes them; without it the test part of the run's own data")
      .placeholder("FILE,...");
  set.add("out", &o.out,
          "file to write (needed): .npy for an array [images, positions], .jsonl for a line an "
          "image, with its label; both keep the model's hash")
      .placeholder("FILE");
  set.add("threads", &o.threads, "0: as many as this process may use").at_least(0).at_most(1024);
  return set;
}

void run(const EncodeOptions& o, std::ostream& out) {
  const SavedRun saved = open_run(o.checkpoint, Which::best);
  Variables store;
  create_for_use(saved, store);
  Workers workers(static_cast<int>(o.threads));
  ImageCoder coder(store, saved.options.model, saved.sizes(), workers);
  const std::unique_ptr<Task> task = open_test(saved, o.data);
  EncodedImages encoded = encode(coder, *task->source(Part::test));
  const std::size_t count = encoded.labels.size();
  write_codes(o.out, {.model = saved.options.model,
                      .hash = saved.checkpoint.hash(),
                      .shape = coder.shape(),
                      .codes = std::move(encoded.codes),
                      .labels = std::move(encoded.labels)});
  out << "codes of " << count << " images in " << o.out << '\n';
}

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("encode", [&] {
    EncodeOptions options;
    OptionSet set = option_set(options);
    if (!set.parse(argc, argv, std::cout)) return int{exit_ok};
    if (options.checkpoint.empty() || options.out.empty())
      throw UsageError("give --checkpoint FOLDER and --out FILE (--help shows all options)");
    run(options, std::cout);
    return int{exit_ok};
  });
}

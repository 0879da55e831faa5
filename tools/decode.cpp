// abax-decode: codes to images, by the autoencoder that made them.
#include <cmath>
#include <filesystem>
#include <iostream>
#include <string>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/data/codes/code_file.h"
#include "models/data/codes/npy.h"
#include "models/generation/image_coder.h"
#include "tools/exit_codes.h"
#include "tools/images/picture.h"
#include "tools/options/option_set.h"
#include "tools/saved_run.h"

namespace abax {
namespace {

struct DecodeOptions {
  std::string checkpoint;
  std::string codes;
  std::string out;
  std::int64_t threads = 0;
};

OptionSet option_set(DecodeOptions& o) {
  OptionSet set("decode",
                "Makes images of the codes that abax-encode wrote: the mean of each pixel. Codes "
                "of another model are refused by its hash.");
  set.group("What");
  set.add("checkpoint", &o.checkpoint,
          "folder of a run, whose best checkpoint is taken, or of a checkpoint")
      .placeholder("FOLDER")
      .needed();
  set.add("codes", &o.codes, "file of codes, .npy or .jsonl").placeholder("FILE").needed();
  set.add("out", &o.out,
          "file to write: .png for one picture of all images, .npy for an array [images, "
          "height, width, channels] of numbers from 0 to 1")
      .placeholder("FILE")
      .needed();
  set.add("threads", &o.threads, "0: as many as this process may use").at_least(0).at_most(1024);
  return set;
}

void run(const DecodeOptions& o, std::ostream& out) {
  const std::filesystem::path path = o.out;
  if (path.extension() != ".png" && path.extension() != ".npy")
    throw UsageError(text("--out: '", o.out, "' is named neither .png nor .npy"));
  check_writable(path);
  const SavedRun saved = open_run(o.checkpoint, Which::best);
  const CodeFile file = read_codes(o.codes);
  if (file.hash != saved.checkpoint.hash())
    throw CheckpointError(text("'", o.codes, "' holds codes of another model (", file.model,
                               ", hash ", file.hash, "); this one is ", saved.options.model,
                               ", hash ", saved.checkpoint.hash(),
                               "; encode the images anew, or give the --checkpoint they are of"));
  Variables store;
  create_for_use(saved, store);
  Workers workers(static_cast<int>(o.threads));
  ImageCoder coder(store, saved.options.model, saved.sizes(), workers);
  const std::int64_t count = file.codes.shape()[0];
  if (count == 0) throw DataError(text("'", o.codes, "' holds the codes of no image"));
  const Tensor images = coder.decode(file.codes);
  if (path.extension() == ".npy")
    write_npy(path, images);
  else
    write_picture(path, image_grid(images, static_cast<std::int64_t>(
                                               std::ceil(std::sqrt(static_cast<double>(count))))));
  out << count << " images in " << o.out << '\n';
}

}  // namespace
}  // namespace abax

int main(int argc, char** argv) {
  using namespace abax;
  return guarded_main("decode", [&] {
    DecodeOptions options;
    if (option_set(options).parse(argc, argv, std::cout)) run(options, std::cout);
    return int{exit_ok};
  });
}

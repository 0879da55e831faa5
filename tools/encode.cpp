// abax-encode: images to the codes of a trained autoencoder.
#include <cmath>
#include <iostream>
#include <string>

#include "core/io/file.h"
#include "models/data/codes/code_file.h"
#include "models/data/images/images.h"
#include "models/generation/image_coder.h"
#include "tools/exit_codes.h"
#include "tools/options/option_set.h"
#include "tools/saved_run.h"

namespace abax {
namespace {

struct EncodeOptions {
  std::string checkpoint;
  Words data;
  std::string out;
  std::string images;
  bool sampled = false;
  std::int64_t seed = 1;
  std::int64_t threads = 0;
};

OptionSet option_set(EncodeOptions& o) {
  OptionSet set("encode",
                "Writes the codes of images: the likeliest ones of an autoencoder of abax-train; "
                "of a Gaussian one the posterior's means. abax-decode makes images of them again.");
  set.group("What");
  set.add("checkpoint", &o.checkpoint,
          "folder of a run, whose best checkpoint is taken, or of a checkpoint")
      .placeholder("FOLDER")
      .needed();
  set.add("data", &o.data,
          "the images, as train takes them; without it the test part of the run's own data")
      .placeholder("FILE,...");
  set.add("out", &o.out,
          "file to write: .npy for an array [images, positions], .jsonl for a line an "
          "image, with its label; both keep the model's hash")
      .placeholder("FILE")
      .needed();
  set.add("sampled", &o.sampled,
          "codes drawn from the posterior q(z|x), by --seed, instead of the likeliest ones");
  set.add("seed", &o.seed, "of --sampled: the same seed, the same codes").at_least(0);
  set.add("images", &o.images,
          "also write the images as the model sees them, binarised where it wants them so, to this "
          "IDX file, which --data reads")
      .placeholder("FILE");
  set.add("threads", &o.threads, "0: as many as this process may use").at_least(0).at_most(1024);
  return set;
}

/// All images of a pass.
data::Images seen_images(const data::BatchSource& source) {
  data::Images images;
  data::Batch batch;
  for (std::int64_t position = 0; position < source.batches(); ++position) {
    source.fill(position, batch);
    const Tensor& pixels = batch.input("images");  // [batch, height, width, channels]
    images.height = pixels.shape()[1];
    images.width = pixels.shape()[2];
    images.channels = pixels.shape()[3];
    const auto counted = static_cast<std::size_t>(batch.counted) * images.image_bytes();
    for (const float pixel : pixels.as<float>().first(counted))
      images.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * pixel)));
  }
  return images;
}

void run(const EncodeOptions& o, std::ostream& out) {
  check_codes_name(o.out);
  for (const std::string& path : {o.out, o.images})
    if (!path.empty()) check_writable(path);
  const SavedRun saved = open_run(o.checkpoint, Which::best);
  Variables store;
  create_for_use(saved, store);
  store.set_seed(static_cast<std::uint64_t>(o.seed));
  Workers workers(static_cast<int>(o.threads));
  ImageCoder coder(store, saved.options.model, saved.sizes(), workers);
  const std::unique_ptr<Task> task = open_test(saved, o.data);
  EncodedImages encoded =
      encode(coder, *task->source(Part::test), o.sampled ? Codes::sampled : Codes::likeliest);
  const std::size_t count = encoded.labels.size();
  write_codes(o.out, {.model = saved.options.model,
                      .hash = saved.checkpoint.hash(),
                      .shape = coder.shape(),
                      .codes = std::move(encoded.codes),
                      .labels = std::move(encoded.labels)});
  if (!o.images.empty()) data::write_idx(o.images, seen_images(*task->source(Part::test)));
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
    if (set.at("seed").given() && !options.sampled)
      throw UsageError("--seed is of --sampled: the likeliest codes are always the same");
    run(options, std::cout);
    return int{exit_ok};
  });
}

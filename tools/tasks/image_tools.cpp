// Pictures of samples, traversals and interpolations; images to codes, and codes to images.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/data/codes/npy.h"
#include "models/generation/coder.h"
#include "models/generation/interpolation.h"
#include "models/generation/items.h"
#include "tools/images/picture.h"
#include "tools/tasks/code_files.h"
#include "tools/tasks/drawing.h"
#include "tools/tasks/image_task.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

constexpr std::int64_t default_samples = 64;
constexpr std::int64_t default_steps = 11;
constexpr double reach = 3;  // of a traversal, in deviations of the prior

/// Some of the run's images, as --image says.
data::Batch chosen_images(const ImageGeneration& o, RunContext& context) {
  const std::unique_ptr<Task> task = open_test(context.run, o.data, context.notes);
  return images_at(*task->source(Part::test), o.image);
}

/// The codes that a traversal begins from, [1, positions].
Tensor origin(const ImageGeneration& o, RunContext& context, Coder& coder) {
  if (o.image.size() > 1) throw UsageError("--traverse begins from one --image");
  if (o.image.size() == 1) return coder.encode(chosen_images(o, context).inputs);
  if (coder.dtype() == i32) return coder.sample(1);
  return Tensor({1, coder.shape().positions});
}

/// Rows of codes that are the first ones but for one latent each.
Tensor traversal(const ImageGeneration& o, const Tensor& from, const CodeShape& shape,
                 std::int64_t steps) {
  Tensor codes({std::ssize(o.traverse) * steps, shape.positions}, from.dtype());
  for (std::size_t i = 0; i < o.traverse.size(); ++i) {
    const std::int64_t latent = o.traverse[i];
    if (latent >= shape.positions)
      throw UsageError(str_cat("--traverse: expected latents from 0 to ", shape.positions - 1,
                               ", not ", o.traverse[i]));
    for (std::int64_t step = 0; step < steps; ++step) {
      const std::int64_t row = static_cast<std::int64_t>(i) * steps + step;
      const auto at = static_cast<std::size_t>(row * shape.positions + latent);
      copy_items(from.view(), 0, 1, codes, row);
      if (shape.kinds > 0) {
        codes.as<std::int32_t>()[at] = static_cast<std::int32_t>(step);
      } else {
        const double share =
            steps > 1 ? static_cast<double>(step) / static_cast<double>(steps - 1) : 0.5;
        codes.as<float>()[at] = static_cast<float>(reach * (2 * share - 1));
      }
    }
  }
  return codes;
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

}  // namespace

Field& picture_fields(Fields& f, std::string& out, std::int64_t& count, std::string help) {
  Field& field = out_field(f, out, "the PNG file to write").placeholder("FILE.png");
  count_field(f, count, std::move(help));
  return field;
}

void fields(Fields& f, ImageGeneration& s) {
  f.group("Pictures of an autoencoder");
  picture_fields(f, s.out, s.count,
                 "samples of the prior (0: 64), or steps of a traversal or interpolation (0: 11)")
      .needed();
  f("image", s.image,
    "images to begin from, by their position in --data from 0: one to traverse from, two to "
    "interpolate between; without it a traversal begins from the middle of the prior, or, of "
    "discrete codes, from a sample")
      .at_least(0);
  f("traverse", s.traverse,
    "latents, each a row: a Gaussian one goes from -3 to 3, a discrete one through its values")
      .at_least(0);
  f("interpolate", s.interpolate,
    "between the codes of two images: on a line, or, of discrete codes, by more and more of them "
    "taken from the second image, in random order");
  test_data_field(f, s.data);
  draws_seed_field(f, s.seed, "of the random draws");
  f.require(!s.interpolate || s.traverse.empty(),
            "--interpolate and --traverse make different pictures: give one of them");
  f.require(s.image.empty() || s.interpolate || !s.traverse.empty(),
            "--image is for --traverse and --interpolate");
}

void fields(Fields& f, ImageEncoding& s) {
  f.group("Codes of images");
  fields(f, s.codes, "images");
  f("images", s.images,
    "also write the images as the model sees them, binarised where it wants them so, to this IDX "
    "file, which --data reads")
      .placeholder("FILE");
}

void fields(Fields& f, ImageDecoding& s) {
  f.group("Images of codes");
  codes_field(f, s.codes);
  out_field(f, s.out,
            "file to write: .png for one picture of all images, .npy for an array [images, height, "
            "width, channels] of numbers from 0 to 1")
      .needed();
}

void generate_images(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const ImageGeneration& o = *settings.get<ImageGeneration>();
  const SavedRun& run = context.run;
  check_picture_name(o.out);
  check_writable(o.out);
  context.store.set_seed(static_cast<std::uint64_t>(o.seed));
  Workers workers(static_cast<int>(context.threads));
  Coder coder(context.store, run.settings.model, workers);
  const CodeShape& shape = coder.shape();
  Tensor codes;
  std::int64_t columns = 0;
  if (o.interpolate) {
    if (o.image.size() != 2) throw UsageError("--interpolate goes between two: --image A,B");
    columns = o.count > 0 ? o.count : default_steps;
    if (columns < 2) throw UsageError("--count: an interpolation takes at least two steps");
    codes = interpolated_codes(coder.encode(chosen_images(o, context).inputs), columns,
                               static_cast<std::uint64_t>(o.seed));
  } else if (!o.traverse.empty()) {
    columns = o.count > 0 ? o.count : default_steps;
    if (shape.kinds > 0) columns = std::min(columns, shape.kinds);
    codes = traversal(o, origin(o, context, coder), shape, columns);
  } else {
    codes = coder.sample(o.count > 0 ? o.count : default_samples);
    context.notes << samples_note(run.settings.model);
    columns =
        static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(codes.shape()[0]))));
  }
  write_picture(o.out, image_grid(coder.decode(codes), columns));
  out << codes.shape()[0] << " images in " << o.out << '\n';
}

void encode_images(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const ImageEncoding& o = *settings.get<ImageEncoding>();
  const SavedRun& run = context.run;
  begin_encoding(o.codes, context);
  if (!o.images.empty()) check_writable(o.images);
  Workers workers(static_cast<int>(context.threads));
  Coder coder(context.store, run.settings.model, workers);
  const std::unique_ptr<Task> task = open_test(run, o.codes.data, context.notes);
  EncodedItems encoded = encode(coder, *task->source(Part::test), o.codes.codes());
  const std::size_t count = encoded.labels.size();
  write_codes_of(run, o.codes.out, coder.shape(), std::move(encoded));
  if (!o.images.empty()) data::write_idx(o.images, seen_images(*task->source(Part::test)));
  out << "codes of " << count << " images in " << o.codes.out << '\n';
}

void decode_images(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const ImageDecoding& o = *settings.get<ImageDecoding>();
  const SavedRun& run = context.run;
  const std::filesystem::path path = o.out;
  if (path.extension() != ".png" && path.extension() != ".npy")
    throw UsageError(str_cat("--out: '", o.out, "' is named neither .png nor .npy"));
  check_writable(path);
  const CodeFile file = read_codes_of(run, o.codes, "images");
  Workers workers(static_cast<int>(context.threads));
  Coder coder(context.store, run.settings.model, workers);
  const std::int64_t count = file.codes.shape()[0];
  const Tensor images = coder.decode(file.codes);
  if (path.extension() == ".npy")
    write_npy(path, images);
  else
    write_picture(path, image_grid(images, static_cast<std::int64_t>(
                                               std::ceil(std::sqrt(static_cast<double>(count))))));
  out << count << " images in " << o.out << '\n';
}

}  // namespace abax

// Pictures of samples, traversals and interpolations.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "models/data/shuffle.h"
#include "models/generation/image_coder.h"
#include "tools/generate/generate.h"
#include "tools/images/picture.h"

namespace abax {
namespace {

constexpr std::int64_t default_samples = 64;
constexpr std::int64_t default_steps = 11;
constexpr double reach = 3;  // of a traversal, in deviations of the prior

/// Some of the run's images, as --image says.
Tensor chosen_images(const GenerateOptions& o, const SavedRun& run) {
  std::vector<std::int64_t> positions;
  for (const double number : o.image) {
    positions.push_back(static_cast<std::int64_t>(number));
    if (static_cast<double>(positions.back()) != number)
      throw UsageError(text("--image: expected positions of images, not ", number));
  }
  const std::unique_ptr<Task> task = open_test(run, o.data);
  return images_at(*task->source(Part::test), positions);
}

/// Row `from` of one as row `to` of the other; codes are [n, positions].
template <class T>
void copy_row(const Tensor& from, std::int64_t row, Tensor& to, std::int64_t to_row) {
  const std::int64_t width = from.shape()[1];
  std::copy_n(from.as<T>().begin() + row * width, width, to.as<T>().begin() + to_row * width);
}

/// The codes that a traversal begins from, [1, positions].
Tensor origin(const GenerateOptions& o, const SavedRun& run, ImageCoder& coder) {
  if (o.image.size() > 1) throw UsageError("--traverse begins from one --image");
  if (o.image.size() == 1) return coder.encode(chosen_images(o, run));
  if (coder.dtype() == i32) return coder.sample(1);
  return Tensor({1, coder.shape().positions});
}

/// Rows of codes that are the first ones but for one latent each.
Tensor traversal(const GenerateOptions& o, const Tensor& from, const CodeShape& shape,
                 std::int64_t steps) {
  Tensor codes({std::ssize(o.traverse) * steps, shape.positions}, from.dtype());
  for (std::size_t i = 0; i < o.traverse.size(); ++i) {
    const auto latent = static_cast<std::int64_t>(o.traverse[i]);
    if (static_cast<double>(latent) != o.traverse[i] || latent >= shape.positions)
      throw UsageError(text("--traverse: expected latents from 0 to ", shape.positions - 1,
                            ", not ", o.traverse[i]));
    for (std::int64_t step = 0; step < steps; ++step) {
      const std::int64_t row = static_cast<std::int64_t>(i) * steps + step;
      const auto at = static_cast<std::size_t>(row * shape.positions + latent);
      if (shape.kinds > 0) {
        copy_row<std::int32_t>(from, 0, codes, row);
        codes.as<std::int32_t>()[at] = static_cast<std::int32_t>(step);
      } else {
        copy_row<float>(from, 0, codes, row);
        const double share =
            steps > 1 ? static_cast<double>(step) / static_cast<double>(steps - 1) : 0.5;
        codes.as<float>()[at] = static_cast<float>(reach * (2 * share - 1));
      }
    }
  }
  return codes;
}

/// Rows of codes from ends[0] to ends[1].
Tensor interpolation(const GenerateOptions& o, const Tensor& ends, std::int64_t steps) {
  const std::int64_t positions = ends.shape()[1];
  std::vector<std::int64_t> order(static_cast<std::size_t>(positions));
  std::iota(order.begin(), order.end(), 0);
  Random random = draws(o);
  data::shuffle<std::int64_t>(order, random);
  Tensor codes({steps, positions}, ends.dtype());
  for (std::int64_t step = 0; step < steps; ++step) {
    const double share = static_cast<double>(step) / static_cast<double>(steps - 1);
    if (ends.dtype() == i32) {
      copy_row<std::int32_t>(ends, 0, codes, step);
      const std::int64_t taken = std::llround(share * static_cast<double>(positions));
      for (std::int64_t i = 0; i < taken; ++i) {
        const std::int64_t position = order[static_cast<std::size_t>(i)];
        codes.as<std::int32_t>()[static_cast<std::size_t>(step * positions + position)] =
            ends.as<std::int32_t>()[static_cast<std::size_t>(positions + position)];
      }
    } else {
      for (std::int64_t i = 0; i < positions; ++i) {
        const auto at = static_cast<std::size_t>(i), end = static_cast<std::size_t>(positions + i);
        codes.as<float>()[static_cast<std::size_t>(step * positions + i)] =
            static_cast<float>((1 - share) * ends.as<float>()[at] + share * ends.as<float>()[end]);
      }
    }
  }
  return codes;
}

}  // namespace

void generate_images(const GenerateOptions& o, const SavedRun& run, Variables& store,
                     std::ostream& out) {
  expect_options(o, Output::images, run.options.model);
  if (o.out.empty()) throw UsageError("--out FILE.png: where shall the picture go?");
  check_writable(o.out);
  if (o.interpolate && !o.traverse.empty())
    throw UsageError("--interpolate and --traverse make different pictures: give one of them");
  if (!o.image.empty() && !o.interpolate && o.traverse.empty())
    throw UsageError("--image is for --traverse and --interpolate");
  store.set_seed(static_cast<std::uint64_t>(o.seed));
  Workers workers(static_cast<int>(o.threads));
  ImageCoder coder(store, run.options.model, run.sizes(), workers);
  const CodeShape& shape = coder.shape();
  Tensor codes;
  std::int64_t columns = 0;
  if (o.interpolate) {
    if (o.image.size() != 2) throw UsageError("--interpolate goes between two: --image A,B");
    columns = o.count > 0 ? o.count : default_steps;
    if (columns < 2) throw UsageError("--count: an interpolation takes at least two steps");
    codes = interpolation(o, coder.encode(chosen_images(o, run)), columns);
  } else if (!o.traverse.empty()) {
    columns = o.count > 0 ? o.count : default_steps;
    if (shape.kinds > 0) columns = std::min(columns, shape.kinds);
    codes = traversal(o, origin(o, run, coder), shape, columns);
  } else {
    codes = coder.sample(o.count > 0 ? o.count : default_samples);
    columns =
        static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(codes.shape()[0]))));
  }
  write_picture(o.out, image_grid(coder.decode(codes), columns));
  out << codes.shape()[0] << " images in " << o.out << '\n';
}

}  // namespace abax

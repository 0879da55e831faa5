// Pictures by a prior over codes and its autoencoder.
#include <ostream>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/file.h"
#include "tools/generate/generate.h"
#include "tools/images/picture.h"
#include "tools/tasks/code_task.h"

namespace abax {
namespace {

constexpr std::int64_t default_count = 10;  // images a label

/// The labels of --label, or all of the prior; -1 where it knows none.
std::vector<std::int64_t> labels_of(const GenerateOptions& o, const ModelConfig& config) {
  std::vector<std::int64_t> labels;
  for (const double number : o.label) {
    labels.push_back(static_cast<std::int64_t>(number));
    if (static_cast<double>(labels.back()) != number)
      throw UsageError(text("--label: expected whole numbers, not ", number));
  }
  for (std::int64_t label = 0; o.label.empty() && label < config.classes; ++label)
    labels.push_back(label);
  if (labels.empty()) labels.push_back(-1);
  return labels;
}

}  // namespace

void generate_from_codes(const GenerateOptions& o, const SavedRun& run, Variables& store,
                         std::ostream& out) {
  expect_options(o, Output::codes, run.options.model);
  if (o.out.empty()) throw UsageError("--out FILE.png: where shall the picture go?");
  check_writable(o.out);
  const ModelConfig config = run.sizes();
  const SavedRun autoencoder =
      open_autoencoder(o.codes_of.empty() ? run.options.codes_of : o.codes_of, run.files());
  const std::int64_t count = o.count > 0 ? o.count : default_count;
  std::vector<std::int64_t> asked;  // a row of the picture a label
  for (const std::int64_t label : labels_of(o, config))
    asked.insert(asked.end(), static_cast<std::size_t>(count), label);
  Workers workers(static_cast<int>(o.threads));
  const Tensor images = draw_images(autoencoder, store, config, asked, sampling(o),
                                    static_cast<std::uint64_t>(o.seed), workers);
  write_picture(o.out, image_grid(images, count));
  out << images.shape()[0] << " images in " << o.out << '\n';
}

}  // namespace abax

// Pictures and sentences by a prior over codes and its autoencoder.
#include <ostream>
#include <vector>

#include "core/base/error.h"
#include "core/io/file.h"
#include "tools/images/picture.h"
#include "tools/tasks/classes.h"
#include "tools/tasks/code_task.h"
#include "tools/tasks/drawing.h"
#include "tools/tasks/image_task.h"
#include "tools/tasks/tasks.h"

namespace abax {
namespace {

constexpr std::int64_t default_count = 10;  // images a label

/// The labels that were asked for, or all of the prior; -1 where it knows none.
Integers labels_of(const CodeGeneration& s, const CodePrior& prior) {
  Integers labels = s.label;
  for (std::int64_t label = 0; s.label.empty() && label < prior.labels; ++label)
    labels.push_back(label);
  if (labels.empty()) labels.push_back(-1);
  return labels;
}

}  // namespace

void codes_of_field(Fields& f, std::string& folder, std::string help) {
  f("codes-of", folder, std::move(help)).placeholder("FOLDER").resumable();
}

void fields(Fields& f, CodeGeneration& s) {
  f.group("Pictures or sentences by a prior over codes");
  picture_fields(f, s.out, s.count, "images or sentences a label (0: 10; 1 sentence of all labels)")
      .explained("of images: the PNG file to write");
  label_field(f, s.label, "labels, each a row; without it all of them").at_least(0);
  codes_of_field(f, s.codes_of, "the autoencoder's run, where it does not lie where it lay");
  f.part(s.drawing);
}

void generate_from_codes(const AnySettings& settings, RunContext& context, std::ostream& out) {
  const CodeGeneration& s = *settings.get<CodeGeneration>();
  const SavedRun& run = context.run;
  const CodePrior& prior = run.settings.model.as<CodePrior>();
  const std::string& folder = run.settings.data_as<CodeData>().codes_of;
  const SavedRun autoencoder =
      open_autoencoder(s.codes_of.empty() ? folder : s.codes_of, run.files());
  const bool sentences = writes_sentences(autoencoder);
  if (!sentences) {
    if (s.out.empty()) throw UsageError("--out FILE.png: the picture of these images needs a name");
    check_picture_name(s.out);
    check_writable(s.out);
  } else if (!s.out.empty()) {
    throw UsageError("--out is of pictures; sentences are printed");
  }
  const bool one_of_each = sentences && s.label.empty() && prior.labels > 0;
  const std::int64_t count = s.count > 0 ? s.count : one_of_each ? 1 : default_count;
  Integers asked;  // a row of the picture a label
  for (const std::int64_t label : labels_of(s, prior))
    asked.insert(asked.end(), static_cast<std::size_t>(count), label);
  Workers workers(static_cast<int>(context.threads));
  const auto seed = static_cast<std::uint64_t>(s.drawing.seed);
  if (sentences) {
    const std::vector<std::string> lines =
        draw_sentences(autoencoder, context.store, prior, asked, s.drawing.sampling, seed, workers);
    const std::vector<std::string> names = known_classes(autoencoder.files(), "sentences").names;
    for (std::size_t i = 0; i < lines.size(); ++i)
      out << (prior.labels > 0 ? names.at(static_cast<std::size_t>(asked[i])) + "\t" : "")
          << lines[i] << '\n';
    return;
  }
  const Tensor images =
      draw_images(autoencoder, context.store, prior, asked, s.drawing.sampling, seed, workers);
  write_picture(s.out, image_grid(images, count));
  out << images.shape()[0] << " images in " << s.out << '\n';
}

}  // namespace abax

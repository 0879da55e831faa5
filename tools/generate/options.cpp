// What the options of tools/generate have in common.
#include "core/base/error.h"
#include "core/base/text.h"
#include "tools/generate/generate.h"

namespace abax {

SamplingConfig sampling(const GenerateOptions& o) {
  return {.temperature = static_cast<float>(o.temperature),
          .top_k = static_cast<int>(o.top_k),
          .top_p = static_cast<float>(o.top_p)};
}

Random draws(const GenerateOptions& o) {
  return Random(stream_key(static_cast<std::uint64_t>(o.seed), "generate", "sample"));
}

void expect_options(const GenerateOptions& o, Output kind, const std::string& model) {
  if (kind != Output::text && !o.prompt.empty())
    throw UsageError(text("--prompt is for language models, not for ", model));
  if (kind != Output::lines && (!o.source.empty() || o.beam > 1 || o.n_best > 1 || o.sample))
    throw UsageError(
        text("--source, --beam, --n-best and --sample are for encoder-decoders, not for ", model));
  if (kind != Output::images && kind != Output::codes && !(o.out.empty() && o.count == 0))
    throw UsageError(text("--out and --count are for pictures, not for ", model));
  if (kind != Output::images &&
      !(o.traverse.empty() && o.image.empty() && !o.interpolate && o.data.empty()))
    throw UsageError(text("--image, --traverse, --interpolate and --data are for autoencoders of ",
                          "images, not for ", model));
  if (kind != Output::codes && !(o.label.empty() && o.codes_of.empty()))
    throw UsageError(text("--label and --codes-of are for priors over codes, not for ", model));
}

}  // namespace abax

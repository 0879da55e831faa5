// Codes as sequences of tokens.
#include "models/data/codes/code_batches.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax::data {
namespace {

BatchOrder make_order(const LabelledCodes& codes, const CodeBatchOptions& options) {
  if (codes.size() == 0) throw DataError("there are no images whose codes to learn");
  const std::vector<ItemSize> sizes(codes.labels.size(), ItemSize{.length = codes.positions});
  return {make_buckets(sizes, {.rows = options.rows, .buckets = 1}), sizes, options.shuffled,
          options.seed};
}

}  // namespace

CodeBatches::CodeBatches(LabelledCodes codes, CodePrior prior, const CodeBatchOptions& options)
    : codes_(std::move(codes)), prior_(std::move(prior)), order_(make_order(codes_, options)) {
  for (const std::int32_t code : codes_.codes)
    if (code < 0 || code >= prior_.kinds)
      throw DataError(
          str_cat("a code of ", code, ", where codes are from 0 to ", prior_.kinds - 1));
  for (const std::int32_t label : codes_.labels)
    if (label < -1 || label >= prior_.labels)
      throw DataError(str_cat("an image has the label ", label, ", where the prior has ",
                              prior_.labels, " labels"));
}

void CodeBatches::fill(std::int64_t position, Batch& batch) const {
  const BatchOrder::Rows rows = order_.at(position);
  const BatchShape& shape = shapes()[static_cast<std::size_t>(rows.shape)];
  const TensorType type{{shape.length, shape.batch}, i32};
  const auto tokens = batch.prepare("tokens", type).as<std::int32_t>();
  const auto targets = batch.prepare("targets", type).as<std::int32_t>();
  std::ranges::fill(tokens, 0);
  std::ranges::fill(targets, -1);
  for (std::size_t row = 0; row < rows.items.size(); ++row) {
    const auto item = static_cast<std::size_t>(rows.items[row]);
    const auto* code = &codes_.codes[item * static_cast<std::size_t>(codes_.positions)];
    std::int32_t before = label_token(prior_, codes_.labels[item]);
    for (std::size_t at = row; at < tokens.size(); at += static_cast<std::size_t>(shape.batch)) {
      tokens[at] = before;
      targets[at] = before = *code++;
    }
  }
  batch.shape = rows.shape;
  batch.position = position;
  batch.counted = static_cast<std::int64_t>(rows.items.size()) * codes_.positions;
}

}  // namespace abax::data

// Batches of the codes of images for a prior over them.
//
//     CodeBatches batches(codes, prior, {.rows = 64, .shuffled = true, .seed = 1});
//     Batch batch = batches.make(0);   // "tokens", "targets" [positions, rows]
#pragma once

#include <cstdint>
#include <vector>

#include "models/code_prior.h"
#include "models/data/batch.h"
#include "models/data/batch_order.h"

namespace abax::data {

/// The codes of images, and the label of each.
struct LabelledCodes {
  std::int64_t positions = 0;        // codes an image
  std::vector<std::int32_t> codes;   // [images, positions]
  std::vector<std::int32_t> labels;  // [images], -1 where there is none

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
};

struct CodeBatchOptions {
  std::int64_t rows = 64;  // images a batch
  bool shuffled = true;    // anew in each pass
  std::uint64_t seed = 0;
};

/// See models/model.h, "codes"; a sequence begins with its label's token (models/code_prior.h).
/// Rows beyond the images of a last batch have targets -1.
class CodeBatches : public BatchSource {
 public:
  /// Throws DataError where there is no image, and where a label or a code is none of the prior's.
  CodeBatches(LabelledCodes codes, CodePrior prior, const CodeBatchOptions& options);

  const std::vector<BatchShape>& shapes() const override { return order_.buckets().shapes; }
  std::int64_t batches() const override { return order_.batches(); }
  void fill(std::int64_t position, Batch& batch) const override;

  /// The images of a batch, row by row.
  std::vector<std::int64_t> rows(std::int64_t position) const { return order_.at(position).items; }

 private:
  LabelledCodes codes_;
  CodePrior prior_;
  BatchOrder order_;
};

}  // namespace abax::data

// Images in batches: as numbers in [0, 1], binarised or not, in the same or a new order each pass.
#pragma once

#include <cstdint>
#include <vector>

#include "models/data/batch.h"
#include "models/data/batch_order.h"
#include "models/data/images/images.h"

namespace abax::data {

/// The batch of a position: "images" [batch, height, width, channels] f32 in [0, 1], "weights"
/// [batch] f32 and "labels" [batch] i32. Rows beyond the last image of a pass are black, with
/// weight 0 and label -1; images without labels have -1 too.
class ImageBatches : public BatchSource {
 public:
  struct Options {
    std::int64_t batch = 20;
    bool shuffled = false;   // anew in each pass; else in the order of the images
    bool binarised = false;  // each pixel is 1 with its value as the probability, drawn anew for
                             // each position, else 0
    std::uint64_t seed = 1;
  };
  /// The images must outlive the batches. Throws UsageError where there are none, or no rows a
  /// batch.
  ImageBatches(const Images& images, const Options& options);

  const std::vector<BatchShape>& shapes() const override { return order_.buckets().shapes; }
  std::int64_t batches() const override { return order_.batches(); }
  void fill(std::int64_t position, Batch& batch) const override;

  /// Which images make the batch of a position, in the order of its rows.
  std::vector<std::int64_t> rows(std::int64_t position) const { return order_.at(position).items; }

 private:
  const Images* images_;
  Options options_;
  BatchOrder order_;
};

}  // namespace abax::data

// Sums over axes: the shape is brought to a few axes, alternately kept and summed, and the work cut
// into blocks whose partial sums are added in order.
#include "core/graph/sum_axes.h"

#include <algorithm>
#include <vector>

#include "core/base/kernels/core_kernels.h"
#include "core/base/sizes.h"

namespace abax {
namespace {

constexpr std::int64_t block_elements = 32 * 1024;  // that one part reads, about
constexpr std::int64_t column_block = 1024;         // columns summed side by side: a page

struct Axis {
  std::int64_t size, stride;
};

// Where element `index` of the row-major order over `axes` lies.
std::int64_t offset_of(const std::vector<Axis>& axes, std::int64_t index) {
  std::int64_t offset = 0;
  for (std::size_t i = axes.size(); i-- > 0;) {
    offset += index % axes[i].size * axes[i].stride;
    index /= axes[i].size;
  }
  return offset;
}

class SumAxes {
 public:
  SumAxes(const Shape& shape, const Axes& axes, Level level) : kernels_(&core_kernels(level)) {
    std::vector<Axis> merged;
    std::vector<bool> summed;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const bool sum = axes[static_cast<std::size_t>(axis)];
      if (shape[axis] == 1) continue;
      if (!merged.empty() && summed.back() == sum) {
        merged.back().size *= shape[axis];
      } else {
        merged.push_back({shape[axis], 0});
        summed.push_back(sum);
      }
    }
    std::int64_t stride = 1;
    for (std::size_t i = merged.size(); i-- > 0;) {
      merged[i].stride = stride;
      stride *= merged[i].size;
    }
    // The last two axes are the kernel's, the others walked over.
    columns_ = !summed.empty() && !summed.back();
    const auto take = [&](bool sum) -> Axis {
      if (merged.empty() || summed.back() != sum) return {1, 0};
      const Axis axis = merged.back();
      merged.pop_back();
      summed.pop_back();
      return axis;
    };
    kept_ = columns_ ? take(false) : Axis{1, 0};
    summed_ = take(true);
    if (!columns_) kept_ = take(false);
    for (std::size_t i = 0; i < merged.size(); ++i)
      (summed[i] ? outer_summed_ : outer_kept_).push_back(merged[i]);
    for (const Axis& axis : outer_kept_) groups_ *= axis.size;
    terms_ = summed_.size;
    for (const Axis& axis : outer_summed_) terms_ *= axis.size;
    outputs_ = groups_ * kept_.size;
    choose_blocks();
  }

  std::size_t scratch() const {
    return term_blocks_ == 1 ? 0 : static_cast<std::size_t>(term_blocks_ * outputs_) * 4;
  }

  void run(const Call& call) const {
    float* const out = call.out<float>(0);
    if (outputs_ == 0) return;
    if (terms_ == 0) {
      std::fill_n(out, outputs_, 0.f);
      return;
    }
    float* const sums = term_blocks_ == 1 ? out : reinterpret_cast<float*>(call.scratch);
    call.loop(groups_ * kept_blocks_ * term_blocks_, [&](std::int64_t part) {
      const std::int64_t term_block = part % term_blocks_;
      const std::int64_t kept_block = part / term_blocks_ % kept_blocks_;
      const std::int64_t group = part / term_blocks_ / kept_blocks_;
      const std::int64_t first = kept_block * kept_step_;
      block(call.in<float>(0) + offset_of(outer_kept_, group), first,
            std::min(kept_.size, first + kept_step_), term_block * term_step_,
            std::min(terms_, (term_block + 1) * term_step_),
            sums + term_block * outputs_ + group * kept_.size);
    });
    if (term_blocks_ == 1) return;
    call.loop(ceil_div(outputs_, column_block), [&](std::int64_t part) {
      const std::int64_t first = part * column_block;
      kernels_->sum_columns(sums + first, term_blocks_, std::min(column_block, outputs_ - first),
                            outputs_, out + first, false);
    });
  }

 private:
  void choose_blocks() {
    kept_step_ =
        columns_ ? column_block
                 : std::max<std::int64_t>(1, block_elements / std::max<std::int64_t>(1, terms_));
    kept_blocks_ = ceil_div(kept_.size, kept_step_);
    const std::int64_t parts = groups_ * kept_blocks_;
    const std::int64_t width = std::min(kept_.size, kept_step_);
    // Where the outputs alone give too few parts, the terms are cut too.
    if (parts < 8 && terms_ * width > 2 * block_elements)
      term_step_ = ceil_div(block_elements, width);
    else
      term_step_ = std::max<std::int64_t>(1, terms_);
    term_blocks_ = std::max<std::int64_t>(1, ceil_div(terms_, term_step_));
  }

  // out[k] = the sum over the terms [begin, end) of element k of `x`, for k in [first, last). Terms
  // are counted over the outer summed axes and the inner one together.
  void block(const float* x, std::int64_t first, std::int64_t last, std::int64_t begin,
             std::int64_t end, float* out) const {
    for (std::int64_t term = begin; term < end;) {
      const std::int64_t inner = term % summed_.size;
      const std::int64_t count = std::min(end - term, summed_.size - inner);
      const float* const from =
          x + offset_of(outer_summed_, term / summed_.size) + inner * summed_.stride;
      const bool accumulate = term != begin;
      if (columns_) {
        kernels_->sum_columns(from + first, count, last - first, summed_.stride, out + first,
                              accumulate);
      } else {
        for (std::int64_t k = first; k < last; ++k) {
          const float sum = kernels_->sum(from + k * kept_.stride, count);
          out[k] = accumulate ? out[k] + sum : sum;
        }
      }
      term += count;
    }
  }

  const CoreKernels* kernels_;
  bool columns_ = false;            // the innermost axis is kept, else it is summed
  Axis kept_{1, 0}, summed_{1, 0};  // the inner ones
  std::vector<Axis> outer_kept_, outer_summed_;
  std::int64_t groups_ = 1;  // elements of the outer kept axes
  std::int64_t terms_ = 1;   // that each output sums
  std::int64_t outputs_ = 1;
  std::int64_t kept_step_ = 1, kept_blocks_ = 1, term_step_ = 1, term_blocks_ = 1;
};

}  // namespace

Kernel sum_axes_kernel(const Shape& shape, const Axes& axes, Level level) {
  const auto sums = std::make_shared<const SumAxes>(shape, axes, level);
  return {.run = [sums](const Call& call) { sums->run(call); }, .scratch = sums->scratch()};
}

}  // namespace abax

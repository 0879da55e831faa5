// Transposition: any permutation of axes, as a view, as copies of runs or as transposed blocks.
#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/drivers/partition.h"
#include "ops/kernels/shape.h"
#include "ops/kernels/table.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// One axis of the result: its size, and its stride in the input and in the result, in elements.
struct Line {
  std::int64_t size, from, to;
};

/// The result's axes from the first to the last, without axes of size 1, neighbours merged where
/// they are neighbours in the input too.
std::vector<Line> lines_of(const Shape& in, const std::vector<int>& axes) {
  std::array<std::int64_t, Shape::max_rank> strides{};
  std::int64_t stride = 1;
  for (int axis = in.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<std::size_t>(axis)] = stride;
    stride *= in[axis];
  }
  std::vector<Line> lines;
  for (const int axis : axes) {
    const Line line{in[axis], strides[static_cast<std::size_t>(axis)], 0};
    if (line.size == 1) continue;
    if (!lines.empty() && lines.back().from == line.size * line.from) {
      lines.back().size *= line.size;
      lines.back().from = line.from;
    } else {
      lines.push_back(line);
    }
  }
  stride = 1;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    line->to = stride;
    stride *= line->size;
  }
  return lines;
}

/// Counts through the positions of some axes, with the offsets there in the input and the result.
struct Offsets {
  std::int64_t from = 0, to = 0;
};
Offsets offsets_at(const std::vector<Line>& lines, std::int64_t index) {
  Offsets offsets;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    offsets.from += index % line->size * line->from;
    offsets.to += index % line->size * line->to;
    index /= line->size;
  }
  return offsets;
}
std::int64_t size_of(const std::vector<Line>& lines) {
  std::int64_t size = 1;
  for (const Line& line : lines) size *= line.size;
  return size;
}

/// The last axis stays the last: runs of `run` elements are copied whole.
Kernel copy_runs(std::vector<Line> outer, std::int64_t run, std::int64_t element) {
  const Partition parts = partition_rows(size_of(outer), run);
  return {[=](const Call& call) {
    call.loop(parts.count(), [&](std::int64_t part) {
      for (std::int64_t i = parts.begin(part); i < parts.end(part); ++i) {
        const Offsets at = offsets_at(outer, i);
        std::memcpy(call.out<std::byte>(0) + at.to * element,
                    call.in<std::byte>(0) + at.from * element,
                    static_cast<std::size_t>(run * element));
      }
    });
  }};
}

/// `row` is the result's last axis, `column` the input's: matrices [row, column] are transposed,
/// one for each position of the other axes.
template <class T>
Kernel transpose_matrices(std::vector<Line> others, Line row, Line column,
                          void (*kernel)(const T*, std::int64_t, T*, std::int64_t, std::int64_t,
                                         std::int64_t)) {
  // A block's lines stay in the second-level cache; its rows are long enough to be prefetched.
  const Partition rows{row.size, 64}, columns{column.size, 256};
  const std::int64_t blocks = rows.count() * columns.count();
  const Partition parts =
      partition_rows(size_of(others) * blocks,
                     std::min(row.size, rows.each) * std::min(column.size, columns.each));
  return {[=](const Call& call) {
    call.loop(parts.count(), [&](std::int64_t part) {
      for (std::int64_t n = parts.begin(part); n < parts.end(part); ++n) {
        const Offsets at = offsets_at(others, n / blocks);
        const std::int64_t i = n % blocks / columns.count(), j = n % blocks % columns.count();
        kernel(call.in<T>(0) + at.from + rows.begin(i) * row.from + columns.begin(j), row.from,
               call.out<T>(0) + at.to + columns.begin(j) * column.to + rows.begin(i), column.to,
               rows.end(i) - rows.begin(i), columns.end(j) - columns.begin(j));
      }
    });
  }};
}

class Transpose : public Op {
 public:
  explicit Transpose(std::vector<int> axes) : axes_(std::move(axes)) {}
  std::string_view name() const override { return "transpose"; }
  std::string attributes() const override { return "axes=" + list(); }

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const Shape& shape = inputs[0].shape;
    std::vector<int> sorted = wrapped(shape);
    std::vector<std::int64_t> sizes;
    for (const int axis : sorted)
      if (axis >= 0 && axis < shape.rank()) sizes.push_back(shape[axis]);
    std::ranges::sort(sorted);
    std::vector<int> every(static_cast<std::size_t>(shape.rank()));
    std::iota(every.begin(), every.end(), 0);
    if (sorted != every)
      throw ShapeError(
          str_cat("transpose: each axis of ", inputs[0], " once expected, got the axes ", list()));
    return {{Shape(std::span<const std::int64_t>(sizes)), inputs[0].dtype}};
  }

  std::optional<ViewOf> view(int, std::span<const TensorType> inputs) const override {
    if (lines_of(inputs[0].shape, wrapped(inputs[0].shape)).size() > 1) return std::nullopt;
    return ViewOf{};  // only axes of size 1 move
  }

  Kernel compile(const Signature& signature) const override {
    const TensorType& type = signature.inputs[0];
    const auto element = static_cast<std::int64_t>(size_of(type.dtype));
    if (type.size() == 0) return {[](const Call&) {}};
    std::vector<Line> lines = lines_of(type.shape, wrapped(type.shape));
    if (lines.size() <= 1 || lines.back().from == 1) {
      const std::int64_t run = lines.empty() ? 1 : lines.back().size;
      if (!lines.empty()) lines.pop_back();
      return copy_runs(std::move(lines), run, element);
    }
    const Line row = lines.back();
    lines.pop_back();
    const auto at = std::ranges::find(lines, 1, &Line::from);
    const Line column = *at;
    lines.erase(at);
    const ShapeKernels& table = *kernels(signature.level).shape;
    return element == 4
               ? transpose_matrices<float>(lines, row, column, table.transpose_words)
               : transpose_matrices<std::uint8_t>(lines, row, column, table.transpose_bytes);
  }

  std::vector<Value> vjp(const Vjp& vjp) const override {
    const std::vector<int> axes = wrapped(vjp.inputs[0].shape());
    std::vector<int> inverse(axes.size());
    for (std::size_t i = 0; i < axes.size(); ++i)
      inverse[static_cast<std::size_t>(axes[i])] = static_cast<int>(i);
    return {transpose(vjp.gradients[0], inverse)};
  }

 private:
  /// The axes, counted from the front.
  std::vector<int> wrapped(const Shape& shape) const {
    std::vector<int> axes = axes_;
    for (int& axis : axes)
      if (axis < 0) axis += shape.rank();
    return axes;
  }
  std::string list() const {
    std::string result;
    for (const int axis : axes_) result += str_cat(result.empty() ? "" : ",", axis);
    return result;
  }
  std::vector<int> axes_;
};

}  // namespace

Value transpose(Operand x, std::span<const int> axes) {
  return x.value().graph().add_one(
      std::make_shared<Transpose>(std::vector(axes.begin(), axes.end())), {x.value()}, x.where());
}

Value transpose(Operand x, std::initializer_list<int> axes) {
  return transpose(x, std::span<const int>(axes.begin(), axes.size()));
}

Value transpose(Operand x) {
  const int rank = x.value().shape().rank();
  std::vector<int> axes(static_cast<std::size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  if (rank < 2)
    axes = std::vector{-2, -1};  // which infer refuses
  else
    std::swap(axes[axes.size() - 2], axes[axes.size() - 1]);
  return transpose(x, axes);
}

}  // namespace abax

// Reshape, slice, concat, split and what derives from them. All are copies of blocks of bytes, or
// views.
#include "ops/shape.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "ops/drivers/partition.h"

namespace abax {
namespace {

/// A tensor as [outer, along, inner] around an axis; inner in bytes.
struct Around {
  Around(const TensorType& type, int axis)
      : outer(type.shape.size(0, axis)),
        along(type.shape[axis]),
        inner(type.shape.size(axis + 1, type.shape.rank()) *
              static_cast<std::int64_t>(size_of(type.dtype))) {}
  std::int64_t outer, along, inner;
};

/// `rows` blocks of `bytes` from one stride to another, shared out over the threads.
void copy_rows(const Call& call, const std::byte* from, std::int64_t from_stride, std::byte* to,
               std::int64_t to_stride, std::int64_t rows, std::int64_t bytes) {
  const Partition columns{bytes, 4 * part_size};
  const Partition parts = partition_rows(rows, std::min(bytes, columns.each) / 4);
  call.loop(parts.count() * columns.count(), [&](std::int64_t i) {
    const std::int64_t part = i / columns.count(), column = i % columns.count();
    const std::int64_t at = columns.begin(column);
    for (std::int64_t row = parts.begin(part); row < parts.end(part); ++row)
      std::memcpy(to + row * to_stride + at, from + row * from_stride + at,
                  static_cast<std::size_t>(columns.end(column) - at));
  });
}

Kernel copy_kernel(const Signature& signature) {
  const auto bytes = static_cast<std::int64_t>(signature.outputs[0].bytes());
  return {[bytes](const Call& call) {
    copy_rows(call, call.in<std::byte>(0), 0, call.out<std::byte>(0), 0, 1, bytes);
  }};
}

/// Refuses an axis outside [-rank, rank) with the op's name and type.
int checked_axis(std::string_view op, const TensorType& type, int axis) {
  const int rank = type.shape.rank();
  if (axis < -rank || axis >= rank)
    throw ShapeError(str_cat(op, ": there is no axis ", axis, " in ", type));
  return axis < 0 ? axis + rank : axis;
}

class Reshape : public Op {
 public:
  explicit Reshape(std::vector<std::int64_t> sizes) : sizes_(std::move(sizes)) {}
  std::string_view name() const override { return "reshape"; }
  std::string attributes() const override {
    std::string result = "sizes=";
    for (const std::int64_t size : sizes_) result += str_cat(size, ',');
    return result;
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    std::vector<std::int64_t> sizes = sizes_;
    std::int64_t known = 1;
    std::int64_t* open = nullptr;
    for (std::int64_t& size : sizes) {
      if (size == -1 && !open)
        open = &size;
      else if (size < 0)
        fail(inputs[0]);
      else
        known *= size;
    }
    const std::int64_t all = inputs[0].size();
    if (open) {
      if (known == 0 || all % known != 0) fail(inputs[0]);
      *open = all / known;
    } else if (known != all) {
      fail(inputs[0]);
    }
    return {{Shape(std::span<const std::int64_t>(sizes)), inputs[0].dtype}};
  }
  std::optional<ViewOf> view(int, std::span<const TensorType>) const override { return ViewOf{}; }
  Kernel compile(const Signature& signature) const override { return copy_kernel(signature); }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    return {reshape(vjp.gradients[0], vjp.inputs[0].shape())};
  }

 private:
  [[noreturn]] void fail(const TensorType& input) const {
    std::string sizes;
    for (const std::int64_t size : sizes_) sizes += str_cat(sizes.empty() ? "" : ", ", size);
    throw ShapeError(str_cat("reshape: the ", input.size(), " elements of ", input,
                             " do not fit the sizes [", sizes, "]"));
  }
  std::vector<std::int64_t> sizes_;
};

/// A slice of x as x's gradient: zeros elsewhere.
class SliceGradient : public Op {
 public:
  SliceGradient(Shape shape, int axis, std::int64_t start, std::int64_t step)
      : shape_(shape), axis_(axis), start_(start), step_(step) {}
  std::string_view name() const override { return "slice_gradient"; }
  std::string attributes() const override {
    return str_cat("shape=", shape_, " axis=", axis_, " start=", start_, " step=", step_);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {{shape_, inputs[0].dtype}};
  }
  Kernel compile(const Signature& signature) const override {
    const Around x(signature.outputs[0], axis_), y(signature.inputs[0], axis_);
    return {[x, y, start = start_, step = step_](const Call& call) {
      const Partition parts = partition_rows(x.outer, x.along * x.inner / 4);
      call.loop(parts.count(), [&](std::int64_t part) {
        for (std::int64_t i = parts.begin(part); i < parts.end(part); ++i) {
          std::byte* to = call.out<std::byte>(0) + i * x.along * x.inner;
          const std::byte* from = call.in<std::byte>(0) + i * y.along * y.inner;
          std::memset(to, 0, static_cast<std::size_t>(x.along * x.inner));
          const std::int64_t block = step == 1 ? y.along * y.inner : y.inner;
          for (std::int64_t j = 0; j * block < y.along * y.inner; ++j)
            std::memcpy(to + (start + j * step) * x.inner, from + j * block,
                        static_cast<std::size_t>(block));
        }
      });
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    const std::int64_t count = vjp.inputs[0].shape()[axis_];
    const std::int64_t stop = std::min(shape_[axis_], start_ + count * step_);
    return {slice(vjp.gradients[0], axis_, start_, stop, step_)};
  }

 private:
  Shape shape_;  // x's
  int axis_;
  std::int64_t start_, step_;
};

class Slice : public Op {
 public:
  Slice(int axis, std::int64_t start, std::int64_t stop, std::int64_t step)
      : axis_(axis), start_(start), stop_(stop), step_(step) {}
  std::string_view name() const override { return "slice"; }
  std::string attributes() const override {
    return str_cat("axis=", axis_, " start=", start_, " stop=", stop_, " step=", step_);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const int axis = checked_axis("slice", inputs[0], axis_);
    const auto [start, count] = range(inputs[0].shape[axis]);
    if (count < 0)
      throw ShapeError(str_cat("slice: no elements from ", start_, " to ", stop_, " in steps of ",
                               step_, " along axis ", axis, " of ", inputs[0]));
    return {{inputs[0].shape.with(axis, count), inputs[0].dtype}};
  }
  std::optional<ViewOf> view(int, std::span<const TensorType> inputs) const override {
    const int axis = inputs[0].shape.axis(axis_);
    const Around x(inputs[0], axis);
    if (x.outer != 1 || step_ != 1) return std::nullopt;
    return ViewOf{0, range(x.along).first * x.inner};
  }
  Kernel compile(const Signature& signature) const override {
    const int axis = signature.inputs[0].shape.axis(axis_);
    const Around x(signature.inputs[0], axis), y(signature.outputs[0], axis);
    return {[x, y, start = range(x.along).first, step = step_](const Call& call) {
      const std::byte* from = call.in<std::byte>(0) + start * x.inner;
      std::byte* to = call.out<std::byte>(0);
      if (step == 1)
        return copy_rows(call, from, x.along * x.inner, to, y.along * y.inner, x.outer,
                         y.along * y.inner);
      const Partition parts = partition_rows(x.outer, y.along * y.inner / 4);
      call.loop(parts.count(), [&](std::int64_t part) {
        for (std::int64_t i = parts.begin(part); i < parts.end(part); ++i)
          for (std::int64_t j = 0; j < y.along; ++j)
            std::memcpy(to + (i * y.along + j) * y.inner, from + (i * x.along + j * step) * x.inner,
                        static_cast<std::size_t>(y.inner));
      });
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    const Value x = vjp.inputs[0], dy = vjp.gradients[0];
    const int axis = x.shape().axis(axis_);
    return {x.graph().add_one(
        std::make_shared<SliceGradient>(x.shape(), axis, range(x.shape()[axis]).first, step_), {dy},
        SourceLocation::current())};
  }

 private:
  /// The first element, and how many; -1 where there are none such.
  std::pair<std::int64_t, std::int64_t> range(std::int64_t size) const {
    const std::int64_t start = start_ < 0 ? start_ + size : start_;
    const std::int64_t stop = stop_ < 0 ? stop_ + size : stop_;
    if (start < 0 || start > stop || stop > size || step_ < 1) return {0, -1};
    return {start, (stop - start + step_ - 1) / step_};
  }
  int axis_;
  std::int64_t start_, stop_, step_;
};

class Split : public Op {
 public:
  Split(int axis, std::span<const std::int64_t> sizes)
      : axis_(axis), sizes_(sizes.begin(), sizes.end()) {}
  std::string_view name() const override { return "split"; }
  std::string attributes() const override {
    std::string result = str_cat("axis=", axis_, " sizes=");
    for (const std::int64_t size : sizes_) result += str_cat(size, ',');
    return result;
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const int axis = checked_axis("split", inputs[0], axis_);
    std::int64_t sum = 0;
    std::vector<TensorType> outputs;
    for (const std::int64_t size : sizes_) {
      if (size < 0) throw ShapeError(str_cat("split: a size of ", size));
      outputs.push_back({inputs[0].shape.with(axis, size), inputs[0].dtype});
      sum += size;
    }
    if (sum != inputs[0].shape[axis])
      throw ShapeError(
          str_cat("split: sizes that sum up to ", sum, " for axis ", axis, " of ", inputs[0]));
    return outputs;
  }
  std::optional<ViewOf> view(int output, std::span<const TensorType> inputs) const override {
    const Around x(inputs[0], inputs[0].shape.axis(axis_));
    if (x.outer != 1) return std::nullopt;
    return ViewOf{0, first(output) * x.inner};
  }
  Kernel compile(const Signature& signature) const override {
    const Around x(signature.inputs[0], signature.inputs[0].shape.axis(axis_));
    return {[x, sizes = sizes_](const Call& call) {
      const std::byte* from = call.in<std::byte>(0);
      for (std::size_t i = 0; i < sizes.size(); from += sizes[i++] * x.inner) {
        const std::int64_t bytes = sizes[i] * x.inner;
        copy_rows(call, from, x.along * x.inner, call.out<std::byte>(static_cast<int>(i)), bytes,
                  x.outer, bytes);
      }
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    // Pieces that nothing flows back to count as zeros.
    std::vector<Value> pieces(vjp.gradients.begin(), vjp.gradients.end());
    Graph& graph = vjp.inputs[0].graph();
    for (std::size_t i = 0; i < pieces.size(); ++i)
      if (!pieces[i]) pieces[i] = broadcast_to(graph.constant(0), vjp.outputs[i].shape());
    return {concat(pieces, axis_)};
  }

 private:
  std::int64_t first(int piece) const {
    std::int64_t sum = 0;
    for (int i = 0; i < piece; ++i) sum += sizes_[static_cast<std::size_t>(i)];
    return sum;
  }
  int axis_;
  std::vector<std::int64_t> sizes_;
};

class Concat : public Op {
 public:
  explicit Concat(int axis) : axis_(axis) {}
  std::string_view name() const override { return "concat"; }
  std::string attributes() const override { return str_cat("axis=", axis_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const int axis = checked_axis("concat", inputs[0], axis_);
    TensorType result = inputs[0];
    std::int64_t sum = 0;
    for (const TensorType& input : inputs) {
      if (input.shape.rank() != result.shape.rank() || input.dtype != result.dtype ||
          input.shape.with(axis, 0) != result.shape.with(axis, 0))
        throw ShapeError(
            str_cat("concat: along axis ", axis, " ", input, " does not fit to ", inputs[0]));
      sum += input.shape[axis];
    }
    result.shape = result.shape.with(axis, sum);
    return {result};
  }
  Kernel compile(const Signature& signature) const override {
    const int axis = signature.outputs[0].shape.axis(axis_);
    const Around y(signature.outputs[0], axis);
    std::vector<std::int64_t> sizes;
    for (const TensorType& input : signature.inputs) sizes.push_back(input.shape[axis]);
    return {[y, sizes](const Call& call) {
      std::byte* to = call.out<std::byte>(0);
      for (std::size_t i = 0; i < sizes.size(); to += sizes[i++] * y.inner) {
        const std::int64_t bytes = sizes[i] * y.inner;
        copy_rows(call, call.in<std::byte>(static_cast<int>(i)), bytes, to, y.along * y.inner,
                  y.outer, bytes);
      }
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    const int axis = vjp.outputs[0].shape().axis(axis_);
    std::vector<std::int64_t> sizes;
    for (const Value& input : vjp.inputs) sizes.push_back(input.shape()[axis]);
    return split(vjp.gradients[0], axis, sizes);
  }

 private:
  int axis_;
};

}  // namespace

Value reshape(Operand x, std::initializer_list<std::int64_t> sizes) {
  return x.value().graph().add_one(std::make_shared<Reshape>(std::vector(sizes)), {x.value()},
                                   x.where());
}

Value reshape(Operand x, const Shape& shape) {
  return x.value().graph().add_one(
      std::make_shared<Reshape>(std::vector(shape.begin(), shape.end())), {x.value()}, x.where());
}

Value slice(Operand x, int axis, std::int64_t start, std::int64_t stop, std::int64_t step) {
  return x.value().graph().add_one(std::make_shared<Slice>(axis, start, stop, step), {x.value()},
                                   x.where());
}

Value concat(std::span<const Value> values, int axis, SourceLocation where) {
  if (values.empty()) throw UsageError(str_cat("concat: no values\n  at ", place_of(where)));
  Graph& graph = Operand(values[0], where).value().graph();
  return graph.add(std::make_shared<Concat>(axis), values, where)[0];
}

Value concat(std::initializer_list<Value> values, int axis, SourceLocation where) {
  return concat(std::span<const Value>(values.begin(), values.size()), axis, where);
}

std::vector<Value> split(Operand x, int axis, std::span<const std::int64_t> sizes) {
  const Value value = x.value();
  return value.graph().add(std::make_shared<Split>(axis, sizes), std::span<const Value>(&value, 1),
                           x.where());
}

Value stack(std::span<const Value> values, int axis, SourceLocation where) {
  if (values.empty()) throw UsageError(str_cat("stack: no values\n  at ", place_of(where)));
  const int last = Operand(values[0], where).value().shape().rank();
  const int at = axis < 0 ? axis + last + 1 : axis;
  std::vector<Value> pieces;
  for (const Value& value : values) {
    const Shape shape = Operand(value, where).value().shape();
    pieces.push_back(reshape({value, where}, shape.inserted(std::clamp(at, 0, shape.rank()), 1)));
  }
  return concat(pieces, axis, where);  // which refuses other shapes, and an axis that is not there
}

Value stack(std::initializer_list<Value> values, int axis, SourceLocation where) {
  return stack(std::span<const Value>(values.begin(), values.size()), axis, where);
}

std::vector<Value> unstack(Operand x, int axis) {
  const Shape shape = x.value().shape();
  const bool exists = axis >= -shape.rank() && axis < shape.rank();
  const std::vector<std::int64_t> ones(exists ? static_cast<std::size_t>(shape.at(axis)) : 0, 1);
  std::vector<Value> pieces = split(x, axis, ones);  // which refuses an axis that is not there
  for (Value& piece : pieces) piece = reshape({piece, x.where()}, shape.without(axis));
  return pieces;
}

}  // namespace abax

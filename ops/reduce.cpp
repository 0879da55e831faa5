// Reductions: one op class over [outer, size, inner] kernels, and core's sums.
#include "ops/reduce.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "core/graph/sum_axes.h"
#include "ops/drivers/partition.h"
#include "ops/elementwise.h"
#include "ops/kernels/reduce.h"
#include "ops/kernels/table.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// x seen as [outer, size, inner], reduced along the middle.
struct Middle {
  std::int64_t outer = 1, size = 1, inner = 1;
};

template <class T>
using RowKernel = T (*)(const float* x, std::int64_t size);
template <class T>
using ColumnKernel = void (*)(const float* x, std::int64_t stride, std::int64_t size,
                              std::int64_t columns, T* result);

/// x is [outer, size, inner], y [outer, inner].
template <class T>
void reduce(const Call& call, Middle x_shape, const float* x, T* y, RowKernel<T> row,
            ColumnKernel<T> column) {
  const std::int64_t outer = x_shape.outer, size = x_shape.size, inner = x_shape.inner;
  if (inner == 1) {
    const Partition rows = partition_rows(outer, size);
    return call.loop(rows.count(), [&](std::int64_t part) {
      for (std::int64_t i = rows.begin(part); i < rows.end(part); ++i)
        y[i] = row(x + i * size, size);
    });
  }
  const Partition columns{inner, reduce_columns};
  const Partition blocks =
      partition_rows(outer * columns.count(), size * std::min(inner, columns.each));
  call.loop(blocks.count(), [&](std::int64_t part) {
    for (std::int64_t block = blocks.begin(part); block < blocks.end(part); ++block) {
      const std::int64_t i = block / columns.count(), j = block % columns.count();
      const std::int64_t at = columns.begin(j);
      column(x + i * size * inner + at, inner, size, columns.end(j) - at, y + i * inner + at);
    }
  });
}

/// Axes as the user gave them, all of them where there is no list, and whether they stay.
struct Which {
  bool all = true;
  std::vector<int> axes;
  Keep keep = Keep::none;

  std::string describe() const {
    std::string result = all ? "all" : "";
    for (const int axis : axes) result += str_cat(result.empty() ? "" : ",", axis);
    return result;
  }
  /// By axis of `shape`.
  Axes marked(std::string_view op, const TensorType& x) const {
    Axes marks{};
    for (int axis = 0; all && axis < x.shape.rank(); ++axis)
      marks[static_cast<std::size_t>(axis)] = true;
    for (const int axis : axes) {
      const int at = axis < 0 ? axis + x.shape.rank() : axis;
      if (at < 0 || at >= x.shape.rank())
        throw ShapeError(str_cat(op, ": there is no axis ", axis, " in ", x));
      if (marks[static_cast<std::size_t>(at)])
        throw ShapeError(str_cat(op, ": axis ", axis, " of ", x, " is given twice"));
      marks[static_cast<std::size_t>(at)] = true;
    }
    return marks;
  }
  /// The shape of the result, as asked for or with every axis kept.
  Shape result(const Shape& shape, const Axes& marks, Keep kept) const {
    std::vector<std::int64_t> sizes;
    for (int axis = 0; axis < shape.rank(); ++axis)
      if (!marks[static_cast<std::size_t>(axis)])
        sizes.push_back(shape[axis]);
      else if (kept == Keep::axes)
        sizes.push_back(1);
    return Shape(std::span<const std::int64_t>(sizes));
  }
};

/// The reductions to do in turn: neighbouring axes are taken as one, the last group comes first.
std::vector<Middle> groups_of(const Shape& shape, const Axes& marks) {
  std::vector<Middle> groups;
  std::int64_t inner = 1;  // of what is left behind the group
  for (int axis = shape.rank() - 1; axis >= 0;) {
    if (!marks[static_cast<std::size_t>(axis)]) {
      inner *= shape[axis--];
      continue;
    }
    std::int64_t size = 1;
    while (axis >= 0 && marks[static_cast<std::size_t>(axis)]) size *= shape[axis--];
    groups.push_back({shape.size(0, axis + 1), size, inner});
  }
  return groups;
}

class Reduction : public Op {
 public:
  explicit Reduction(Which which) : which_(std::move(which)) {}
  std::string attributes() const override {
    return str_cat("axes=", which_.describe(), " keep=", which_.keep == Keep::axes);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    if (inputs[0].dtype != f32)
      throw ShapeError(str_cat(name(), ": f32 expected, got ", inputs[0]));
    return {{which_.result(inputs[0].shape, which_.marked(name(), inputs[0]), which_.keep), f32}};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    cost.flops = static_cast<double>(inputs[0].size());
    return cost;
  }

 protected:
  Axes marks(const TensorType& x) const { return which_.marked(name(), x); }
  /// y or its gradient, with the reduced axes as sizes of 1: it broadcasts to x.
  Value kept(Value y, Value x) const {
    return reshape(y, which_.result(x.shape(), marks(x.type()), Keep::axes));
  }
  /// Sums over the same axes, which stay.
  Value sum_kept(Value x) const {
    return sum_to(x, which_.result(x.shape(), marks(x.type()), Keep::axes));
  }

  /// Reduces the groups one after another; intermediate results are in scratch.
  Kernel compile_groups(const Signature& signature, RowKernel<float> row,
                        ColumnKernel<float> column) const {
    std::vector<Middle> groups = groups_of(signature.inputs[0].shape, marks(signature.inputs[0]));
    if (groups.empty()) groups.push_back({1, 1, signature.inputs[0].size()});
    std::size_t scratch = 0;
    for (const Middle& group : groups)
      scratch += static_cast<std::size_t>(group.outer * group.inner) * sizeof(float);
    return {[=](const Call& call) {
              const float* from = call.in<float>(0);
              auto* next = reinterpret_cast<float*>(call.scratch);
              for (std::size_t i = 0; i < groups.size(); ++i) {
                float* to = i + 1 == groups.size() ? call.out<float>(0) : next;
                reduce(call, groups[i], from, to, row, column);
                from = to;
                next += groups[i].outer * groups[i].inner;
              }
            },
            groups.size() > 1 ? scratch : 0};
  }

 private:
  Which which_;
};

class Sum : public Reduction {
 public:
  using Reduction::Reduction;
  std::string_view name() const override { return "sum"; }
  Kernel compile(const Signature& signature) const override {
    return sum_axes_kernel(signature.inputs[0].shape, marks(signature.inputs[0]), signature.level);
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    const Value x = vjp.inputs[0];
    return {broadcast_to(kept(vjp.gradients[0], x), x.shape())};
  }
};

class Max : public Reduction {
 public:
  using Reduction::Reduction;
  std::string_view name() const override { return "max"; }
  Kernel compile(const Signature& signature) const override {
    const ReduceKernels& table = *kernels(signature.level).reduce;
    return compile_groups(signature, table.max_row, table.max_columns);
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    const Value x = vjp.inputs[0];
    const Value chosen = cast(equal(x, kept(vjp.outputs[0], x)), f32);
    return {chosen * (kept(vjp.gradients[0], x) / sum_kept(chosen))};
  }
};

class LogSumExp : public Reduction {
 public:
  using Reduction::Reduction;
  std::string_view name() const override { return "logsumexp"; }
  Kernel compile(const Signature& signature) const override {
    const ReduceKernels& table = *kernels(signature.level).reduce;
    return compile_groups(signature, table.logsumexp_row, table.logsumexp_columns);
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    const Value x = vjp.inputs[0], y = kept(vjp.outputs[0], x);
    // Where y is -inf all x are, and exp(x - 0) is the gradient of 0 that is wanted.
    const float infinity = std::numeric_limits<float>::infinity();
    const Value shift = where(equal(y, -infinity), 0, y);
    return {exp(x - shift) * kept(vjp.gradients[0], x)};
  }
};

class Argmax : public Op {
 public:
  Argmax(int axis, Keep keep) : axis_(axis), keep_(keep) {}
  std::string_view name() const override { return "argmax"; }
  std::string attributes() const override {
    return str_cat("axis=", axis_, " keep=", keep_ == Keep::axes);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[0];
    const int rank = x.shape.rank();
    if (x.dtype != f32) throw ShapeError(str_cat("argmax: f32 expected, got ", x));
    if (axis_ < -rank || axis_ >= rank)
      throw ShapeError(str_cat("argmax: there is no axis ", axis_, " in ", x));
    if (x.shape.at(axis_) == 0)
      throw ShapeError(
          str_cat("argmax: axis ", axis_, " of ", x, " has no elements to choose from"));
    const Shape without = x.shape.without(axis_);
    return {{keep_ == Keep::axes ? x.shape.with(axis_, 1) : without, i32}};
  }
  Kernel compile(const Signature& signature) const override {
    const Shape& shape = signature.inputs[0].shape;
    const int axis = shape.axis(axis_);
    const Middle x{shape.size(0, axis), shape[axis], shape.size(axis + 1, shape.rank())};
    const ReduceKernels& table = *kernels(signature.level).reduce;
    return {[x, &table](const Call& call) {
      reduce(call, x, call.in<float>(0), call.out<std::int32_t>(0), table.argmax_row,
             table.argmax_columns);
    }};
  }

 private:
  int axis_;
  Keep keep_;
};

template <class ReductionOp>
Value build(const Operand& x, Which which) {
  return x.value().graph().add_one(std::make_shared<ReductionOp>(std::move(which)), {x.value()},
                                   x.where());
}

Value mean_of(const Operand& x, Value total) {
  const std::int64_t size = x.value().shape().size(), results = total.shape().size();
  const auto count = static_cast<float>(results == 0 ? 1 : size / results);
  return Operand(total, x.where()) / count;
}

}  // namespace

Value sum(Operand x) { return build<Sum>(x, {}); }
Value sum(Operand x, const AxisList& axes, Keep keep) {
  return build<Sum>(x, {false, axes.axes(), keep});
}
Value mean(Operand x) { return mean_of(x, sum(x)); }
Value mean(Operand x, const AxisList& axes, Keep keep) { return mean_of(x, sum(x, axes, keep)); }
Value max(Operand x) { return build<Max>(x, {}); }
Value max(Operand x, const AxisList& axes, Keep keep) {
  return build<Max>(x, {false, axes.axes(), keep});
}
Value logsumexp(Operand x) { return build<LogSumExp>(x, {}); }
Value logsumexp(Operand x, const AxisList& axes, Keep keep) {
  return build<LogSumExp>(x, {false, axes.axes(), keep});
}
Value argmax(Operand x, int axis, Keep keep) {
  return x.value().graph().add_one(std::make_shared<Argmax>(axis, keep), {x.value()}, x.where());
}

}  // namespace abax

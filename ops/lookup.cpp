// Gather and its gradient scatter_add, one_hot, rows written and reversed.
#include "ops/lookup.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/drivers/partition.h"
#include "ops/elementwise.h"
#include "ops/kernels/lookup.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

/// Whether the declared range of the input that the values come from, through views alone, keeps
/// them within [0, limit).
bool known_inside(Value value, std::int64_t limit) {
  for (;;) {
    const Node& node = value.graph().node(value.node());
    if (const Leaf* leaf = node.op->leaf())
      return leaf->kind == Leaf::Kind::input && leaf->range.low >= 0 &&
             leaf->range.high <= static_cast<double>(limit);
    std::vector<TensorType> types;
    for (const Value& input : node.inputs) types.push_back(input.type());
    const auto view = node.op->view(value.output(), types);
    if (!view) return false;
    value = node.inputs[static_cast<std::size_t>(view->input)];
  }
}

/// "[3, 2]": the position of element i.
std::string position(const Shape& shape, std::int64_t i) {
  std::string result;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    result = str_cat(i % shape[axis], result.empty() ? "" : ", ", result);
    i /= shape[axis];
  }
  return "[" + result + "]";
}

/// Indices to be kept within [0, limit), checked at run time where nothing else guarantees it.
struct Limit {
  std::string_view op;
  Shape shape;
  std::int64_t limit = 0;
  bool checked = true;

  void check(const std::int32_t* index) const {
    if (!checked) return;
    for (std::int64_t i = 0, size = shape.size(); i < size; ++i)
      if (index[i] < 0 || index[i] >= limit)
        throw DataError(str_cat(op, ": index ", index[i], " at position ", position(shape, i),
                                " of ", shape, " is not in [0, ", limit, ")"));
  }
};

void require_index(std::string_view op, const TensorType& index) {
  if (index.dtype != i32) throw ShapeError(str_cat(op, ": i32 indices expected, got ", index));
}

/// The axes of `shape`, with the `count` axes from `axis` on replaced by those of `by`.
Shape replaced(const Shape& shape, int axis, int count, const Shape& by) {
  std::vector<std::int64_t> sizes(shape.begin(), shape.begin() + axis);
  sizes.insert(sizes.end(), by.begin(), by.end());
  sizes.insert(sizes.end(), shape.begin() + axis + count, shape.end());
  return Shape(std::span<const std::int64_t>(sizes));
}

/// Inputs: x [first.., n, rest..], index [..]; output [first.., .., rest..].
class Gather : public Op {
 public:
  Gather(std::string_view name, int axis, bool checked)
      : name_(name), axis_(axis), checked_(checked) {}
  std::string_view name() const override { return name_; }
  std::string attributes() const override { return str_cat("axis=", axis_, " checked=", checked_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType &x = inputs[0], &index = inputs[1];
    require_index(name_, index);
    const bool table = name_ == "embedding";
    if (x.dtype == u8 || x.shape.rank() == 0 || (table && (x.shape.rank() != 2 || x.dtype != f32)))
      throw ShapeError(str_cat(name_, ": ",
                               table ? "a table f32[n, width]" : "f32 or i32 of at least one axis",
                               " expected, got ", x, " for indices ", index));
    if (axis_ < 0 || axis_ >= x.shape.rank())
      throw ShapeError(str_cat(name_, ": there is no axis ", axis_, " in ", x));
    return {{replaced(x.shape, axis_, 1, index.shape), x.dtype}};
  }
  Kernel compile(const Signature& signature) const override {
    const TensorType &x = signature.inputs[0], &index = signature.inputs[1];
    const std::int64_t size = x.shape[axis_], count = index.size();
    const std::int64_t width = x.shape.size(axis_ + 1, x.shape.rank());
    const Limit limit{name_, index.shape, size, checked_};
    const Partition parts = partition_rows(x.shape.size(0, axis_) * count, width);
    return {[=](const Call& call) {
      const auto* at = call.in<std::int32_t>(1);
      limit.check(at);
      call.loop(parts.count(), [&](std::int64_t part) {
        const std::int64_t begin = parts.begin(part);
        const float* from = call.in<float>(0) + begin / count * size * width;
        std::int64_t i = begin % count;
        for (std::int64_t row = begin; row < parts.end(part); ++row) {
          std::memcpy(call.out<float>(0) + row * width, from + at[i] * width,
                      static_cast<std::size_t>(width) * sizeof(float));
          if (++i < count) continue;
          i = 0;
          from += size * width;
        }
      });
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    const Value x = vjp.inputs[0];
    return {scatter_add(vjp.gradients[0], vjp.inputs[1], x.shape()[axis_], axis_), Value{}};
  }

 private:
  std::string_view name_;
  int axis_;
  bool checked_;
};

/// Inputs: updates [first.., .., rest..], index [..]; output [first.., rows, rest..].
class ScatterAdd : public Op {
 public:
  ScatterAdd(std::int64_t rows, int axis, bool checked)
      : rows_(rows), axis_(axis), checked_(checked) {}
  std::string_view name() const override { return "scatter_add"; }
  std::string attributes() const override {
    return str_cat("rows=", rows_, " axis=", axis_, " checked=", checked_);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType &updates = inputs[0], &index = inputs[1];
    require_index("scatter_add", index);
    const int replaces = index.shape.rank();
    if (updates.dtype != f32 || axis_ < 0 || updates.shape.rank() < axis_ + replaces ||
        !std::equal(index.shape.begin(), index.shape.end(), updates.shape.begin() + axis_))
      throw ShapeError(str_cat("scatter_add: f32 updates of a shape with ", index.shape,
                               " from axis ", axis_, " on expected, got ", updates, " for indices ",
                               index));
    if (rows_ < 0) throw ShapeError(str_cat("scatter_add: ", rows_, " rows"));
    return {{replaced(updates.shape, axis_, replaces, Shape{rows_}), f32}};
  }
  Kernel compile(const Signature& signature) const override {
    const TensorType& index = signature.inputs[1];
    const Shape& shape = signature.outputs[0].shape;
    const Limit limit{"scatter_add", index.shape, rows_, checked_};
    const std::int64_t count = index.size(), rows = rows_;
    const std::int64_t tables = shape.size(0, axis_), width = shape.size(axis_ + 1, shape.rank());
    // Parts of whole tables first. Where these are too few, wide rows are cut by columns, so that
    // often used rows burden all parts alike; narrow ones by rows. Each part goes through all
    // indices in order: the sums do not depend on the cut.
    const std::int64_t wanted = std::clamp<std::int64_t>(tables * count * width / part_size, 1, 64);
    const Partition groups{tables, std::max<std::int64_t>(1, tables / wanted)};
    const std::int64_t cuts =
        std::max<std::int64_t>(1, wanted / std::max<std::int64_t>(1, groups.count()));
    const bool by_columns = width >= 64;
    const std::int64_t columns = (width + cuts - 1) / cuts;
    const Partition parts =
        by_columns ? Partition{width, std::max<std::int64_t>(16, (columns + 15) / 16 * 16)}
                   : Partition{rows, std::max<std::int64_t>(1, (rows + cuts - 1) / cuts)};
    const Partition zeros{shape.size(), part_size};
    const auto kernel = kernels(signature.level).lookup->scatter_add;
    return {[=](const Call& call) {
      limit.check(call.in<std::int32_t>(1));
      call.loop(zeros.count(), [&](std::int64_t i) {
        std::fill(call.out<float>(0) + zeros.begin(i), call.out<float>(0) + zeros.end(i), 0.f);
      });
      call.loop(groups.count() * parts.count(), [&](std::int64_t task) {
        const std::int64_t group = task / parts.count(), i = task % parts.count();
        const TablePiece piece = by_columns ? TablePiece{0, rows, parts.begin(i), parts.end(i)}
                                            : TablePiece{parts.begin(i), parts.end(i), 0, width};
        for (std::int64_t t = groups.begin(group); t < groups.end(group); ++t)
          kernel(call.in<float>(0) + t * count * width, call.in<std::int32_t>(1), count,
                 call.out<float>(0) + t * rows * width, width, piece);
      });
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    return {gather(vjp.gradients[0], vjp.inputs[1], axis_), Value{}};
  }

 private:
  std::int64_t rows_;
  int axis_;
  bool checked_;
};

/// Inputs: cache [size, rest..], rows [n, rest..], position []; output as the cache.
class WriteRows : public Op {
 public:
  std::string_view name() const override { return "write_rows"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType &cache = inputs[0], &rows = inputs[1];
    const int rank = cache.shape.rank();
    if (cache.dtype != f32 || rows.dtype != f32 || rank == 0 || rows.shape.rank() != rank ||
        rows.shape.without(0) != cache.shape.without(0) || rows.shape[0] > cache.shape[0] ||
        inputs[2] != TensorType{{}, i32})
      throw ShapeError(
          str_cat("write_rows: expected a cache f32[size, rest..], rows f32[n, rest..] "
                  "with n <= size and a position i32[], got ",
                  cache, ", ", rows, " and ", inputs[2]));
    return {cache};
  }
  bool may_overwrite(int, int input) const override { return input == 0; }
  bool may_commit_early(int) const override { return true; }
  Kernel compile(const Signature& signature) const override {
    const TensorType &cache = signature.inputs[0], &rows = signature.inputs[1];
    const std::int64_t size = cache.shape[0], count = rows.shape[0];
    const std::int64_t width = cache.shape.size(1, cache.shape.rank());
    return {[=, bytes = cache.bytes(), row_bytes = rows.bytes()](const Call& call) {
      const std::int64_t position = *call.in<std::int32_t>(2);
      if (position < 0 || position + count > size)
        throw DataError(str_cat("write_rows: ", count, " rows at position ", position,
                                " are not within [0, ", size, ")"));
      if (bytes == 0) return;
      if (call.outputs[0] != call.inputs[0]) std::memcpy(call.outputs[0], call.inputs[0], bytes);
      if (row_bytes > 0)
        std::memcpy(call.out<float>(0) + position * width, call.inputs[1], row_bytes);
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    const Value dy = vjp.gradients[0], rows = vjp.inputs[1], position = vjp.inputs[2];
    Graph& graph = dy.graph();
    const SourceLocation where = graph.node(vjp.outputs[0].node()).where;
    std::vector<Value> result(3);
    if (vjp.wanted[0]) {
      const Value zeros = graph.constant(Tensor(rows.type()), where);
      result[0] = write_rows({dy, where}, {zeros, where}, {position, where});
    }
    if (vjp.wanted[1]) {
      Tensor numbers(Shape{rows.shape()[0]}, i32);
      const auto elements = numbers.as<std::int32_t>();
      std::iota(elements.begin(), elements.end(), 0);
      const Value first = graph.constant(std::move(numbers), where);
      result[1] = gather({dy, where}, Operand(position, where) + Operand(first, where));
    }
    return result;
  }
};

/// Inputs: x [time, batch, rest..], perhaps lengths [batch]; output as x. Its own gradient.
class Reverse : public Op {
 public:
  std::string_view name() const override { return "reverse"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    const TensorType& x = inputs[0];
    const bool rows = x.dtype != u8 && x.shape.rank() >= 2;
    if (!rows || (inputs.size() > 1 && inputs[1] != TensorType{{x.shape[1]}, i32}))
      throw ShapeError(
          str_cat("reverse: expected x f32 or i32[time, batch, rest..] and lengths "
                  "i32[batch], got ",
                  x, " and ", inputs.size() > 1 ? str_cat(inputs[1]) : "none"));
    return {x};
  }
  Kernel compile(const Signature& signature) const override {
    const Shape& shape = signature.inputs[0].shape;
    const std::int64_t time = shape[0], batch = shape[1], width = shape.size(2, shape.rank());
    const bool with_lengths = signature.inputs.size() > 1;
    const Partition rows = partition_rows(time * batch, width);
    return {[=, name = signature.name](const Call& call) {
      const auto* lengths = with_lengths ? call.in<std::int32_t>(1) : nullptr;
      for (std::int64_t b = 0; lengths && b < batch; ++b)
        if (lengths[b] < 0 || lengths[b] > time)
          throw DataError(
              str_cat(name, ": length ", lengths[b], " of row ", b, " is not in [0, ", time, "]"));
      call.loop(rows.count(), [&](std::int64_t part) {
        for (std::int64_t row = rows.begin(part); row < rows.end(part); ++row) {
          const std::int64_t t = row / batch, b = row % batch;
          const std::int64_t length = lengths ? lengths[b] : time;
          const std::int64_t from = t < length ? length - 1 - t : t;
          std::memcpy(call.out<float>(0) + row * width,
                      call.in<float>(0) + (from * batch + b) * width,
                      static_cast<std::size_t>(width) * sizeof(float));
        }
      });
    }};
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    const SourceLocation where = vjp.outputs[0].graph().node(vjp.outputs[0].node()).where;
    std::vector<Value> result(vjp.inputs.size());
    result[0] = reverse({vjp.gradients[0], where}, vjp.inputs.size() > 1 ? vjp.inputs[1] : Value{});
    return result;
  }
};

class OneHot : public Op {
 public:
  OneHot(std::int64_t size, bool checked) : size_(size), checked_(checked) {}
  std::string_view name() const override { return "one_hot"; }
  std::string attributes() const override { return str_cat("size=", size_, " checked=", checked_); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    require_index("one_hot", inputs[0]);
    if (size_ < 0) throw ShapeError(str_cat("one_hot: a size of ", size_));
    return {{inputs[0].shape.inserted(inputs[0].shape.rank(), size_), f32}};
  }
  Kernel compile(const Signature& signature) const override {
    const Limit limit{"one_hot", signature.inputs[0].shape, size_, checked_};
    const Partition parts = partition_rows(signature.inputs[0].size(), size_);
    return {[limit, parts, size = size_](const Call& call) {
      const auto* index = call.in<std::int32_t>(0);
      limit.check(index);
      call.loop(parts.count(), [&](std::int64_t part) {
        float* y = call.out<float>(0);
        std::fill(y + parts.begin(part) * size, y + parts.end(part) * size, 0.f);
        for (std::int64_t i = parts.begin(part); i < parts.end(part); ++i)
          y[i * size + index[i]] = 1;
      });
    }};
  }

 private:
  std::int64_t size_;
  bool checked_;
};

/// `axis` of a tensor of `rank` axes, counted from the front; infer refuses one that is not there.
int from_front(int axis, int rank) { return axis < 0 ? axis + rank : axis; }

Value gather_as(std::string_view name, const Operand& x, Value index, int axis) {
  const Shape& shape = x.value().shape();
  const bool there = axis >= 0 && axis < shape.rank();
  const bool checked = !there || !known_inside(Operand(index, x.where()).value(), shape[axis]);
  return x.value().graph().add_one(std::make_shared<Gather>(name, axis, checked),
                                   {x.value(), index}, x.where());
}

}  // namespace

Value embedding(Value ids, Operand table) { return gather_as("embedding", table, ids, 0); }

Value gather(Operand x, Value index, int axis) {
  return gather_as("gather", x, index, from_front(axis, x.value().shape().rank()));
}

Value scatter_add(Operand updates, Value index, std::int64_t rows, int axis) {
  index = Operand(index, updates.where()).value();
  const int rank = updates.value().shape().rank() - index.shape().rank() + 1;
  const bool checked = !known_inside(index, rows);
  return updates.value().graph().add_one(
      std::make_shared<ScatterAdd>(rows, from_front(axis, rank), checked), {updates.value(), index},
      updates.where());
}

Value write_rows(Operand cache, Operand rows, Operand position) {
  return cache.value().graph().add_one(std::make_shared<WriteRows>(),
                                       {cache.value(), rows.value(), position.value()},
                                       cache.where());
}

Value reverse(Operand x, Value lengths) {
  Graph& graph = x.value().graph();
  const auto op = std::make_shared<Reverse>();
  return lengths ? graph.add_one(op, {x.value(), lengths}, x.where())
                 : graph.add_one(op, {x.value()}, x.where());
}

Value one_hot(Value index, std::int64_t size, SourceLocation where) {
  index = Operand(index, where).value();
  return index.graph().add_one(std::make_shared<OneHot>(size, !known_inside(index, size)), {index},
                               where);
}

}  // namespace abax

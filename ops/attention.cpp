// Fused attention: the op, and the op of its gradients.
#include "ops/attention.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "ops/attributes.h"
#include "ops/drivers/partition.h"
#include "ops/kernels/attention.h"
#include "ops/kernels/table.h"

namespace abax {
namespace {

/// What both ops know: the options, and which limits of keys there are.
struct Kind {
  AttentionOptions options;
  bool first = false, last = false;

  std::string attributes() const {
    return str_cat("heads=", options.heads, " causal=", options.causal,
                   " scale=", exact(double{options.scale}), " first=", first, " last=", last);
  }
};

/// Sizes of q [queries, batch, width] and k [keys, batch, width].
struct Sizes {
  std::int64_t queries, keys, batch, width, heads, size;

  Sizes(const Kind& kind, const Shape& q, const Shape& k)
      : queries(q[0]),
        keys(k[0]),
        batch(q[1]),
        width(q[2]),
        heads(kind.options.heads),
        size(width / heads) {}

  /// Multiply-adds of one product: pairs of a query and a key that it sees, times the width.
  double products(bool causal) const {
    std::int64_t pairs = causal ? 0 : queries * keys;
    for (std::int64_t i = 0; causal && i < queries; ++i)
      pairs += std::max<std::int64_t>(0, i + keys - queries + 1);
    return static_cast<double>(pairs) * static_cast<double>(batch * width);
  }
};

/// The limits of a call, checked.
struct Limits {
  const std::int32_t *first = nullptr, *last = nullptr;  // [batch], or null

  /// They are the inputs from number `input` on.
  Limits(const Call& call, const Kind& kind, int input, const Sizes& sizes,
         const std::string& name) {
    if (kind.first) first = call.in<std::int32_t>(input++);
    if (kind.last) last = call.in<std::int32_t>(input);
    check(first, "first", sizes, name);
    check(last, "last", sizes, name);
  }

 private:
  static void check(const std::int32_t* limits, std::string_view which, const Sizes& sizes,
                    const std::string& name) {
    for (std::int64_t b = 0; limits && b < sizes.batch; ++b)
      if (limits[b] < 0 || limits[b] > sizes.keys)
        throw DataError(str_cat(name, ": limit '", which, "' ", limits[b], " of batch item ", b,
                                " is not in [0, ", sizes.keys, "], the number of keys"));
  }
};

/// How the work is cut, from shapes alone: into tasks of some heads of one batch item (and some of
/// its queries), which at most 16 parts share out.
struct Tasks {
  std::int64_t heads = 1;    // of a task
  std::int64_t queries = 1;  // of a task
  std::int64_t cuts = 1;     // tasks that have the same heads
  std::int64_t count = 0;
  std::int64_t scratch = 0;  // floats of a running part

  /// Heads go together, since their floats are neighbours in memory, as long as there are tasks
  /// for many threads and copies of keys and values stay in the second-level cache.
  Tasks(const Sizes& sizes, bool split_queries, bool copies) : queries(sizes.queries) {
    const double work = static_cast<double>(sizes.queries * sizes.keys) *
                        static_cast<double>(sizes.batch * sizes.width);  // in multiply-adds
    const auto wanted =
        static_cast<std::int64_t>(std::clamp(work / 2e5, 1., static_cast<double>(most_parts)));
    const std::int64_t pairs = sizes.batch * sizes.heads;
    for (std::int64_t h = 2; h <= sizes.heads; ++h)
      if (sizes.heads % h == 0 && pairs / h >= wanted &&
          (!copies || 2 * h * sizes.keys * sizes.size <= most_copied))
        heads = h;
    count = pairs / heads;
    if (!split_queries || count == 0 || count >= wanted) return;
    queries = round_up(ceil_div(queries * count, wanted), query_granule);
    cuts = std::max<std::int64_t>(1, ceil_div(sizes.queries, queries));
    count *= cuts;
  }

  std::int64_t parts() const { return std::min(count, most_parts); }
  std::size_t scratch_bytes() const {
    return static_cast<std::size_t>(parts() * scratch) * sizeof(float);
  }

  /// Calls body(first pair of batch item and head, first query, scratch) for each task.
  template <class Body>
  void loop(const Call& call, Body body) const {
    ScratchSlots slots;
    call.loop(parts(), [&](std::int64_t part) {
      const int slot = slots.take();
      float* const floats = reinterpret_cast<float*>(call.scratch) + slot * scratch;
      const std::int64_t end = part_begin(count, parts(), part + 1);
      for (std::int64_t task = part_begin(count, parts(), part); task < end; ++task)
        body(task / cuts * heads, task % cuts * queries, floats);
      slots.give_back(slot);
    });
  }

 private:
  static constexpr std::int64_t most_copied = 65536;  // floats
  static constexpr std::int64_t query_granule = 128;
};

/// `heads` heads from number `pair` of [batch, heads] on.
AttentionHeads heads_of(const Call& call, const Kind& kind, const Sizes& sizes,
                        const Limits& limits, std::int64_t pair, std::int64_t heads) {
  const std::int64_t b = pair / sizes.heads, at = pair * sizes.size;
  const float scale =
      kind.options.scale != 0
          ? kind.options.scale
          : 1 / std::sqrt(static_cast<float>(std::max<std::int64_t>(1, sizes.size)));
  return {.heads = heads,
          .queries = sizes.queries,
          .keys = sizes.keys,
          .size = sizes.size,
          .stride = sizes.batch * sizes.width,
          .first = limits.first ? limits.first[b] : 0,
          .last = limits.last ? limits.last[b] : sizes.keys,
          .causal = kind.options.causal,
          .scale = scale,
          .q = call.in<float>(0) + at,
          .k = call.in<float>(1) + at,
          .v = call.in<float>(2) + at};
}

/// Inputs q, k, v, y, lse, dy, then the limits that there are; outputs those of dq, dk and dv that
/// are wanted. Shapes as in ops/attention.h.
class AttentionGradientOp : public Op {
 public:
  struct Wanted {
    bool q, k, v;
  };
  AttentionGradientOp(const Kind& kind, Wanted wanted) : kind_(kind), wanted_(wanted) {}
  std::string_view name() const override { return "attention_gradient"; }
  std::string attributes() const override {
    return str_cat(kind_.attributes(), " dq=", wanted_.q, " dk=", wanted_.k, " dv=", wanted_.v);
  }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    std::vector<TensorType> types;
    if (wanted_.q) types.push_back(inputs[0]);
    if (wanted_.k) types.push_back(inputs[1]);
    if (wanted_.v) types.push_back(inputs[2]);
    return types;
  }
  Kernel compile(const Signature& signature) const override {
    const Sizes sizes(kind_, signature.inputs[0].shape, signature.inputs[1].shape);
    const AttentionKernels* table = kernels(signature.level).attention;
    Tasks tasks(sizes, /*split_queries=*/false, /*copies=*/true);
    tasks.scratch = table->backward_scratch(tasks.heads, sizes.queries, sizes.keys, sizes.size);
    const auto run = [=, kind = kind_, wanted = wanted_, name = signature.name](const Call& call) {
      const Limits limits(call, kind, 6, sizes, name);
      tasks.loop(call, [&](std::int64_t pair, std::int64_t, float* scratch) {
        const std::int64_t at = pair * sizes.size;
        int output = 0;
        const auto next = [&](bool is_wanted) {
          return is_wanted ? call.out<float>(output++) + at : nullptr;
        };
        const AttentionGradient gradient{.y = call.in<float>(3) + at,
                                         .lse = call.in<float>(4) + pair * sizes.queries,
                                         .dy = call.in<float>(5) + at,
                                         .dq = next(wanted.q),
                                         .dk = next(wanted.k),
                                         .dv = next(wanted.v)};
        table->backward(heads_of(call, kind, sizes, limits, pair, tasks.heads), gradient, scratch);
      });
    };
    return {run, tasks.scratch_bytes(), tasks.parts()};
  }
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    const Sizes sizes(kind_, inputs[0].shape, inputs[1].shape);
    cost.flops = (wanted_.q || wanted_.k ? 4.0 : 2.0) + 2.0 * (wanted_.q + wanted_.k + wanted_.v);
    cost.flops *= sizes.products(kind_.options.causal);
    return cost;
  }

 private:
  Kind kind_;
  Wanted wanted_;
};

/// Inputs q, k, v, then the limits that there are; outputs y and lse.
class Attention : public Op {
 public:
  explicit Attention(const Kind& kind) : kind_(kind) {}
  std::string_view name() const override { return "attention"; }
  std::string attributes() const override { return kind_.attributes(); }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  Kernel compile(const Signature& signature) const override;
  std::vector<Value> vjp(const Vjp& vjp) const override;
  Cost cost(std::span<const TensorType> inputs,
            std::span<const TensorType> outputs) const override {
    Cost cost = Op::cost(inputs, outputs);
    const Sizes sizes(kind_, inputs[0].shape, inputs[1].shape);
    cost.flops = 4.0 * sizes.products(kind_.options.causal);
    return cost;
  }

 private:
  Kind kind_;
};

std::vector<TensorType> Attention::infer(std::span<const TensorType> inputs) const {
  const std::int64_t heads = kind_.options.heads;
  if (heads < 1) throw UsageError(str_cat("attention: expected at least 1 head, got ", heads));
  if (!std::isfinite(kind_.options.scale))
    throw UsageError(str_cat("attention: the scale is ", kind_.options.scale, ", not finite"));
  const Shape &q = inputs[0].shape, &k = inputs[1].shape;
  bool fits = inputs[0].dtype == f32 && q.rank() == 3 && k.rank() == 3 && q[2] % heads == 0 &&
              inputs[1] == TensorType{{k[0], q[1], q[2]}, f32} && inputs[2] == inputs[1];
  for (std::size_t i = 3; fits && i < inputs.size(); ++i)
    fits = inputs[i] == TensorType{{q[1]}, i32};
  if (fits) return {inputs[0], {{q[1], heads, q[0]}, f32}};
  std::string came = str_cat(inputs[0], ", ", inputs[1], " and ", inputs[2]);
  for (std::size_t i = 3; i < inputs.size(); ++i) came += str_cat(", limit ", inputs[i]);
  throw ShapeError(
      str_cat("attention: expected q f32[queries, batch, width], k and v "
              "f32[keys, batch, width] with a width of ",
              heads, " heads of equal size, limits of keys i32[batch]; got ", came));
}

Kernel Attention::compile(const Signature& signature) const {
  const Sizes sizes(kind_, signature.inputs[0].shape, signature.inputs[1].shape);
  const AttentionKernels* table = kernels(signature.level).attention;
  Tasks tasks(sizes, /*split_queries=*/true, sizes.queries > table->few_queries);
  tasks.scratch = table->forward_scratch(tasks.heads, sizes.queries, sizes.keys, sizes.size);
  const auto run = [=, kind = kind_, name = signature.name](const Call& call) {
    const Limits limits(call, kind, 3, sizes, name);
    tasks.loop(call, [&](std::int64_t pair, std::int64_t begin, float* scratch) {
      table->forward(heads_of(call, kind, sizes, limits, pair, tasks.heads), begin,
                     std::min(begin + tasks.queries, sizes.queries),
                     call.out<float>(0) + pair * sizes.size,
                     call.out<float>(1) + pair * sizes.queries, scratch);
    });
  };
  return {run, tasks.scratch_bytes(), tasks.parts()};
}

std::vector<Value> Attention::vjp(const Vjp& vjp) const {
  if (vjp.gradients[1])
    throw UsageError("op 'attention' has no gradient for its output 1 (the log-sum-exp)");
  Graph& graph = vjp.outputs[0].graph();
  std::vector<Value> inputs = {vjp.inputs[0],  vjp.inputs[1],  vjp.inputs[2],
                               vjp.outputs[0], vjp.outputs[1], vjp.gradients[0]};
  inputs.insert(inputs.end(), vjp.inputs.begin() + 3, vjp.inputs.end());
  const AttentionGradientOp::Wanted wanted = {vjp.wanted[0], vjp.wanted[1], vjp.wanted[2]};
  const auto gradients = graph.add(std::make_shared<AttentionGradientOp>(kind_, wanted), inputs,
                                   graph.node(vjp.outputs[0].node()).where);
  std::vector<Value> result(vjp.inputs.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < 3; ++i)
    if (vjp.wanted[i]) result[i] = gradients[next++];
  return result;
}

}  // namespace

AttentionParts attention_parts(Operand q, Operand k, Operand v, const AttentionOptions& options,
                               Value first, Value last) {
  const Kind kind{options, static_cast<bool>(first), static_cast<bool>(last)};
  std::vector<Value> inputs = {q.value(), k.value(), v.value()};
  if (first) inputs.push_back(first);
  if (last) inputs.push_back(last);
  const std::vector<Value> outputs =
      inputs[0].graph().add(std::make_shared<Attention>(kind), inputs, q.where());
  return {outputs[0], outputs[1]};
}

Value attention(Operand q, Operand k, Operand v, const AttentionOptions& options, Value first,
                Value last) {
  return attention_parts(q, k, v, options, first, last).y;
}

}  // namespace abax

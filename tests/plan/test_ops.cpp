// The test ops' definitions: plain loops.
#include "tests/plan/test_ops.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/graph/elementwise_op.h"
#include "core/graph/sum.h"

namespace abax::test {
namespace {

struct Definition {
  std::string name;
  std::string attributes = {};
  std::function<std::vector<TensorType>(std::span<const TensorType>)> infer = nullptr;
  std::function<Kernel(const Signature&)> compile = nullptr;
  bool repeatable = true;
  bool overwrites = false;
  bool epilogue = false;
  std::optional<std::int64_t> view_offset = std::nullopt;
  std::function<std::optional<Op::Packing>(int)> packing = nullptr;
  std::function<std::vector<Value>(const Vjp&)> vjp = nullptr;
};

class TestOp final : public Op {
 public:
  explicit TestOp(Definition definition) : is_(std::move(definition)) {}
  std::string_view name() const override { return is_.name; }
  std::string attributes() const override { return is_.attributes; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return is_.infer(inputs);
  }
  Kernel compile(const Signature& signature) const override { return is_.compile(signature); }
  bool repeatable() const override { return is_.repeatable; }
  bool may_overwrite(int, int) const override { return is_.overwrites; }
  bool accepts_epilogue() const override { return is_.epilogue; }
  std::optional<ViewOf> view(int, std::span<const TensorType>) const override {
    if (!is_.view_offset) return std::nullopt;
    return ViewOf{0, *is_.view_offset * 4};
  }
  std::optional<Packing> packing(int input, std::span<const TensorType>) const override {
    return is_.packing ? is_.packing(input) : std::nullopt;
  }
  std::vector<Value> vjp(const Vjp& vjp) const override {
    return is_.vjp ? is_.vjp(vjp) : Op::vjp(vjp);
  }

 private:
  Definition is_;
};

std::vector<TensorType> same(std::span<const TensorType> inputs) { return {inputs[0]}; }

Value add(Graph& graph, Definition definition, std::initializer_list<Value> inputs) {
  return graph.add_one(std::make_shared<TestOp>(std::move(definition)), inputs,
                       SourceLocation::current());
}

/// out[i] = f(in...), at every level: the tests are about plans, not about kernels.
template <auto function>
void tile(void* out, const void* const* in, const float* constants, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) function(out, in, constants, i);
}

float at(const void* memory, std::int64_t i) { return static_cast<const float*>(memory)[i]; }
float& at(void* memory, std::int64_t i) { return static_cast<float*>(memory)[i]; }

template <auto function>
constexpr std::array<TileFunction, level_count> everywhere{tile<function>, tile<function>,
                                                           tile<function>};

constexpr auto plus_at = [](void* out, const void* const* in, const float*, std::int64_t i) {
  at(out, i) = at(in[0], i) + at(in[1], i);
};
constexpr auto times_at = [](void* out, const void* const* in, const float*, std::int64_t i) {
  at(out, i) = at(in[0], i) * at(in[1], i);
};
constexpr auto scaled_at = [](void* out, const void* const* in, const float* c, std::int64_t i) {
  at(out, i) = at(in[0], i) * c[0];
};
constexpr auto less_at = [](void* out, const void* const* in, const float*, std::int64_t i) {
  static_cast<std::uint8_t*>(out)[i] = at(in[0], i) < at(in[1], i);
};
constexpr auto select_at = [](void* out, const void* const* in, const float*, std::int64_t i) {
  at(out, i) = static_cast<const std::uint8_t*>(in[0])[i] ? at(in[1], i) : at(in[2], i);
};
constexpr auto lerp_at = [](void* out, const void* const* in, const float*, std::int64_t i) {
  at(out, i) = at(in[0], i) + (at(in[1], i) - at(in[0], i)) * at(in[2], i);
};

const TileOp tile_plus{.name = "plus", .arity = 2, .functions = everywhere<plus_at>};
const TileOp tile_times{.name = "times", .arity = 2, .functions = everywhere<times_at>};
const TileOp tile_scaled{
    .name = "scaled", .arity = 1, .functions = everywhere<scaled_at>, .constants = 1};
const TileOp tile_less{.name = "less", .arity = 2, .functions = everywhere<less_at>, .out = u8};
const TileOp tile_select{
    .name = "select", .arity = 3, .functions = everywhere<select_at>, .in = {u8, f32, f32}};
const TileOp tile_lerp{.name = "lerp", .arity = 3, .functions = everywhere<lerp_at>};

Value elementwise(const TileOp& op, std::initializer_list<Value> inputs,
                  ElementwiseOp::Derivative derivative, float constant = 0) {
  return inputs.begin()->graph().add_one(
      std::make_shared<ElementwiseOp>(op, derivative, ElementwiseOp::Constants{constant, 0}),
      inputs, SourceLocation::current());
}

Definition mix_definition(bool packed) {
  Definition d{.name = packed ? "mix_packed" : "mix"};
  d.infer = same;
  d.epilogue = true;
  d.compile = [packed](const Signature& s) -> Kernel {
    const std::int64_t n = s.outputs[0].size(), m = s.inputs[1].size();
    const float scale = packed ? 0.25f : 0.5f;
    const Level level = s.level;
    return {[n, m, scale, level, epilogue = s.epilogue](const Call& call) {
      // Blocks of 100 elements, so that an epilogue sees parts of its operands.
      call.loop((n + 99) / 100, [&](std::int64_t block) {
        const std::int64_t begin = block * 100, end = std::min(n, begin + 100);
        float part[100];
        for (std::int64_t i = begin; i < end; ++i)
          part[i - begin] = call.in<float>(0)[i] + call.in<float>(1)[i * 7 % m] * scale;
        if (!epilogue) {
          std::memcpy(call.out<float>(0) + begin, part,
                      static_cast<std::size_t>(end - begin) * sizeof(float));
          return;
        }
        const void* operands[TileProgram::max_registers];
        for (std::size_t k = 1; k < epilogue->inputs().size(); ++k)
          operands[k] = call.inputs[1 + k];
        epilogue->run_from(level, part, operands, call.outputs, begin, end);
      });
    }};
  };
  if (!packed) d.vjp = [](const Vjp& v) { return std::vector{v.gradients[0], Value()}; };
  if (!packed)
    d.packing = [](int input) -> std::optional<Op::Packing> {
      if (input != 1) return std::nullopt;
      Definition pack{.name = "mix_pack"};
      pack.infer = same;
      pack.compile = [](const Signature& s) -> Kernel {
        return {[n = s.outputs[0].size()](const Call& call) {
          ++packings;
          for (std::int64_t i = 0; i < n; ++i) call.out<float>(0)[i] = call.in<float>(0)[i] * 2;
        }};
      };
      return Op::Packing{std::make_shared<TestOp>(pack),
                         std::make_shared<TestOp>(mix_definition(true))};
    };
  return d;
}

}  // namespace

thread_local int packings = 0;

Value plus(Value a, Value b) {
  return elementwise(tile_plus, {a, b}, [](const Vjp& v, const auto&) {
    return std::vector{v.gradients[0], v.gradients[0]};
  });
}

Value times(Value a, Value b) {
  return elementwise(tile_times, {a, b}, [](const Vjp& v, const auto&) {
    return std::vector{times(v.gradients[0], v.inputs[1]), times(v.gradients[0], v.inputs[0])};
  });
}

Value scaled(Value x, float factor) {
  return elementwise(
      tile_scaled, {x},
      [](const Vjp& v, const auto& c) { return std::vector{scaled(v.gradients[0], c[0])}; },
      factor);
}

Value less(Value a, Value b) { return elementwise(tile_less, {a, b}, nullptr); }

Value select(Value condition, Value a, Value b) {
  return elementwise(tile_select, {condition, a, b}, [](const Vjp& v, const auto&) {
    const Value none = v.gradients[0].graph().constant(0.f);
    return std::vector{Value(), select(v.inputs[0], v.gradients[0], none),
                       select(v.inputs[0], none, v.gradients[0])};
  });
}

Value lerp(Value a, Value b, Value t) { return elementwise(tile_lerp, {a, b, t}, nullptr); }

Value affine(Value x, float a, float b) {
  Definition d{.name = "affine", .attributes = str_cat("a=", a, " b=", b)};
  d.infer = same;
  d.compile = [a, b](const Signature& s) -> Kernel {
    return {.run =
                [a, b, n = s.outputs[0].size()](const Call& call) {
                  for (std::int64_t i = 0; i < n; ++i)
                    call.out<float>(0)[i] = a * call.in<float>(0)[i] + b;
                },
            .parts = 1};
  };
  d.vjp = [a](const Vjp& v) { return std::vector{scaled(v.gradients[0], a)}; };
  return add(x.graph(), d, {x});
}

std::vector<Value> two(Value x) {
  Definition d{.name = "two"};
  d.infer = [](std::span<const TensorType> in) { return std::vector{in[0], in[0]}; };
  d.compile = [](const Signature& s) -> Kernel {
    // By way of scratch, so that plans hold some.
    const std::int64_t n = s.outputs[0].size();
    return {.run =
                [n](const Call& call) {
                  float* doubled = reinterpret_cast<float*>(call.scratch);
                  for (std::int64_t i = 0; i < n; ++i) doubled[i] = call.in<float>(0)[i] * 2;
                  for (std::int64_t i = 0; i < n; ++i) {
                    call.out<float>(0)[i] = call.in<float>(0)[i] + 1;
                    call.out<float>(1)[i] = doubled[i];
                  }
                },
            .scratch = static_cast<std::size_t>(n) * sizeof(float),
            .parts = 1};
  };
  d.vjp = [](const Vjp& v) {
    const auto [a, b] = std::pair(v.gradients[0], v.gradients[1]);
    return std::vector{!b ? a : !a ? scaled(b, 2) : plus(a, scaled(b, 2))};
  };
  return x.graph().add(std::make_shared<TestOp>(std::move(d)), std::vector{x},
                       SourceLocation::current());
}

Value mix(Value x, Value w) { return add(x.graph(), mix_definition(false), {x, w}); }

Value window(Value x, Shape shape, std::int64_t offset) {
  Definition d{.name = "window", .attributes = str_cat("shape=", shape, " offset=", offset)};
  d.view_offset = offset;
  d.infer = [shape](std::span<const TensorType> in) {
    return std::vector{TensorType{shape, in[0].dtype}};
  };
  d.compile = [offset](const Signature& s) -> Kernel {
    return {[offset, bytes = s.outputs[0].bytes()](const Call& call) {
      if (bytes > 0) std::memcpy(call.outputs[0], call.in<float>(0) + offset, bytes);
    }};
  };
  d.vjp = [](const Vjp& v) {
    const bool whole = v.inputs[0].type().size() == v.outputs[0].type().size();
    return std::vector{whole ? window(v.gradients[0], v.inputs[0].shape(), 0) : Value()};
  };
  return add(x.graph(), d, {x});
}

Value noise(Graph& graph, Shape shape) {
  Definition d{.name = "noise", .repeatable = false};
  d.infer = [shape](std::span<const TensorType>) { return std::vector{TensorType{shape, f32}}; };
  d.compile = [](const Signature& s) -> Kernel {
    return {[n = s.outputs[0].size(), label = s.label, name = s.name](const Call& call) {
      Random random(stream_key(call.seed, label, name), call.run);
      for (std::int64_t i = 0; i < n; ++i) call.out<float>(0)[i] = uniform01(random.next());
    }};
  };
  return add(graph, d, {});
}

Value positive(Value x) {
  Definition d{.name = "positive", .overwrites = true};
  d.infer = same;
  d.compile = [](const Signature& s) -> Kernel {
    return {[n = s.outputs[0].size()](const Call& call) {
      if (call.in<float>(0)[0] < 0) throw DataError("positive: the first element is negative");
      for (std::int64_t i = 0; i < n; ++i) call.out<float>(0)[i] = call.in<float>(0)[i];
    }};
  };
  return add(x.graph(), d, {x});
}

Value shifted(Value x, float a, std::int64_t chunk) {
  Definition d{.name = "shifted", .attributes = str_cat("a=", a), .overwrites = true};
  d.infer = same;
  d.compile = [a, chunk](const Signature& s) -> Kernel {
    return {[a, chunk, n = s.outputs[0].size()](const Call& call) {
      call.loop((n + chunk - 1) / chunk, [&](std::int64_t part) {
        for (std::int64_t i = part * chunk; i < std::min(n, (part + 1) * chunk); ++i)
          call.out<float>(0)[i] = call.in<float>(0)[i] + a;
      });
    }};
  };
  d.vjp = [](const Vjp& v) { return std::vector{v.gradients[0]}; };
  return add(x.graph(), d, {x});
}

Value total(Value x) {
  Definition d{.name = "total"};
  d.infer = [](std::span<const TensorType>) { return std::vector{TensorType{}}; };
  d.compile = [](const Signature& s) -> Kernel {
    return {[n = s.inputs[0].size()](const Call& call) {
      float sum = 0;
      for (std::int64_t i = 0; i < n; ++i) sum += call.in<float>(0)[i];
      call.out<float>(0)[0] = sum;
    }};
  };
  d.vjp = [](const Vjp& v) {
    return std::vector{broadcast_to(v.gradients[0], v.inputs[0].shape())};
  };
  return add(x.graph(), d, {x});
}

std::vector<std::vector<float>> evaluate(Graph& graph, std::initializer_list<Value> outputs,
                                         const CompileOptions& options) {
  Workers workers(1);
  Execution run(compile(graph, outputs, options), graph.store(), workers);
  run.run();
  std::vector<std::vector<float>> result;
  for (const Value& output : outputs) result.push_back(values(run.get(output)));
  return result;
}

CompileOptions only(bool CompileOptions::*pass) {
  CompileOptions options = CompileOptions::plain();
  options.*pass = true;
  return options;
}

std::vector<float> values(const TensorView& tensor) {
  const auto elements = tensor.as<float>();
  return {elements.begin(), elements.end()};
}

}  // namespace abax::test

// The test ops' definitions: plain loops.
#include "tests/plan/test_ops.h"

#include <cstring>
#include <functional>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/text.h"

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

 private:
  Definition is_;
};

std::vector<TensorType> same(std::span<const TensorType> inputs) { return {inputs[0]}; }

Value add(Graph& graph, Definition definition, std::initializer_list<Value> inputs) {
  return graph.add_one(std::make_shared<TestOp>(std::move(definition)), inputs,
                       SourceLocation::current());
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

Value affine(Value x, float a, float b) {
  Definition d{.name = "affine", .attributes = text("a=", a, " b=", b)};
  d.infer = same;
  d.compile = [a, b](const Signature& s) -> Kernel {
    return {[a, b, n = s.outputs[0].size()](const Call& call) {
      for (std::int64_t i = 0; i < n; ++i) call.out<float>(0)[i] = a * call.in<float>(0)[i] + b;
    }};
  };
  return add(x.graph(), d, {x});
}

std::vector<Value> two(Value x) {
  Definition d{.name = "two"};
  d.infer = [](std::span<const TensorType> in) { return std::vector{in[0], in[0]}; };
  d.compile = [](const Signature& s) -> Kernel {
    return {[n = s.outputs[0].size()](const Call& call) {
      for (std::int64_t i = 0; i < n; ++i) {
        call.out<float>(0)[i] = call.in<float>(0)[i] + 1;
        call.out<float>(1)[i] = call.in<float>(0)[i] * 2;
      }
    }};
  };
  return x.graph().add(std::make_shared<TestOp>(std::move(d)), std::vector{x},
                       SourceLocation::current());
}

Value mix(Value x, Value w) { return add(x.graph(), mix_definition(false), {x, w}); }

Value window(Value x, Shape shape, std::int64_t offset) {
  Definition d{.name = "window", .attributes = text("shape=", shape, " offset=", offset)};
  d.view_offset = offset;
  d.infer = [shape](std::span<const TensorType> in) {
    return std::vector{TensorType{shape, in[0].dtype}};
  };
  d.compile = [offset](const Signature& s) -> Kernel {
    return {[offset, bytes = s.outputs[0].bytes()](const Call& call) {
      if (bytes > 0) std::memcpy(call.outputs[0], call.in<float>(0) + offset, bytes);
    }};
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
  Definition d{.name = "shifted", .attributes = text("a=", a), .overwrites = true};
  d.infer = same;
  d.compile = [a, chunk](const Signature& s) -> Kernel {
    return {[a, chunk, n = s.outputs[0].size()](const Call& call) {
      call.loop((n + chunk - 1) / chunk, [&](std::int64_t part) {
        for (std::int64_t i = part * chunk; i < std::min(n, (part + 1) * chunk); ++i)
          call.out<float>(0)[i] = call.in<float>(0)[i] + a;
      });
    }};
  };
  return add(x.graph(), d, {x});
}

std::vector<float> values(const TensorView& tensor) {
  const auto elements = tensor.as<float>();
  return {elements.begin(), elements.end()};
}

}  // namespace abax::test

// Tile programs: broadcasting, odd sizes, element types, super-ops, results over operands, at each
// level. The oracle evaluates element by element with indices of its own.
#include "core/base/tile.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/base/tensor.h"
#include "tests/base/test_kernels.h"

namespace abax {
namespace {

extern const TileOp add, sub, mul, less, select, scale, truncate, invert;

const TileOp add_mul{.name = "add_mul", .arity = 3, .functions = at_levels(&TestKernels::add_mul)};
const TileOp mul_add{.name = "mul_add", .arity = 3, .functions = at_levels(&TestKernels::mul_add)};
const TileOp add_mul_right{
    .name = "add_mul_right", .arity = 3, .functions = at_levels(&TestKernels::add_mul_right)};
const TileOp scale_sub{.name = "scale_sub",
                       .arity = 2,
                       .functions = at_levels(&TestKernels::scale_sub),
                       .constants = 2};
const TileOp less_select{
    .name = "less_select", .arity = 4, .functions = at_levels(&TestKernels::less_select)};
const TilePair mul_pairs[] = {
    {&add, &mul, 0, &add_mul}, {&add, &mul, 1, &add_mul_right}, {&mul, &add, 0, &mul_add}};
const TilePair scale_pairs[] = {{&scale, &sub, 1, &scale_sub}};
const TilePair select_pairs[] = {{&less, &select, 0, &less_select}};

const TileOp add{.name = "add", .arity = 2, .functions = at_levels(&TestKernels::add)};
const TileOp sub{.name = "sub", .arity = 2, .functions = at_levels(&TestKernels::sub)};
const TileOp mul{
    .name = "mul", .arity = 2, .functions = at_levels(&TestKernels::mul), .pairs = mul_pairs};
const TileOp less{
    .name = "less", .arity = 2, .functions = at_levels(&TestKernels::less), .out = u8};
const TileOp select{.name = "select",
                    .arity = 3,
                    .functions = at_levels(&TestKernels::select),
                    .in = {u8, f32, f32},
                    .pairs = select_pairs};
const TileOp scale{.name = "scale",
                   .arity = 1,
                   .functions = at_levels(&TestKernels::scale),
                   .constants = 2,
                   .pairs = scale_pairs};
const TileOp truncate{
    .name = "truncate", .arity = 1, .functions = at_levels(&TestKernels::truncate), .out = i32};
const TileOp invert{.name = "invert",
                    .arity = 1,
                    .functions = at_levels(&TestKernels::invert),
                    .in = {u8},
                    .out = u8};

using Instructions = std::vector<TileProgram::Instruction>;

Tensor random_tensor(TensorType type, std::uint64_t key) {
  Tensor tensor(type);
  Random random(key);
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (type.dtype == f32) tensor.as<float>()[at] = static_cast<float>(4 * random.uniform() - 2);
    if (type.dtype == i32) tensor.as<std::int32_t>()[at] = static_cast<std::int32_t>(random.next());
    if (type.dtype == u8)
      tensor.as<std::uint8_t>()[at] = static_cast<std::uint8_t>(random.below(3));
  }
  return tensor;
}

// The index in a tensor of shape `own` of element i of `shape`.
std::int64_t broadcast_index(const Shape& shape, const Shape& own, std::int64_t i) {
  if (own.size() == shape.size()) return i;
  std::int64_t result = 0, stride = 1;
  for (int back = 1; back <= shape.rank(); ++back) {
    const std::int64_t at = i % shape[shape.rank() - back];
    i /= shape[shape.rank() - back];
    if (back > own.rank()) continue;
    const std::int64_t size = own[own.rank() - back];
    if (size != 1) result += at * stride;
    stride *= size;
  }
  return result;
}

// One element: every register as a double holds f32, i32 and u8 exactly; f32 results are rounded.
std::vector<double> evaluate(const TileProgram& program, const std::vector<Tensor>& inputs,
                             std::int64_t i) {
  std::vector<double> registers;
  for (const Tensor& input : inputs) {
    const auto at = static_cast<std::size_t>(broadcast_index(program.shape(), input.shape(), i));
    if (input.dtype() == f32) registers.push_back(input.as<float>()[at]);
    if (input.dtype() == i32) registers.push_back(input.as<std::int32_t>()[at]);
    if (input.dtype() == u8) registers.push_back(input.as<std::uint8_t>()[at]);
  }
  for (const auto& instruction : program.instructions()) {
    const auto in = [&](std::size_t k) {
      return registers[static_cast<std::size_t>(instruction.in[k])];
    };
    const auto f = [&](std::size_t k) { return static_cast<float>(in(k)); };
    const TileOp* op = instruction.op;
    double result = 0;
    if (op == &add) result = f(0) + f(1);
    if (op == &sub) result = f(0) - f(1);
    if (op == &mul) result = f(0) * f(1);
    if (op == &less) result = f(0) < f(1);
    if (op == &select) result = in(0) != 0 ? in(1) : in(2);
    if (op == &scale) {
      const float product = instruction.constants[0] * f(0);
      result = product + instruction.constants[1];
    }
    if (op == &truncate) result = static_cast<std::int32_t>(f(0));
    if (op == &invert) result = 255 - in(0);
    registers.push_back(result);
  }
  return registers;
}

// Runs the program in one piece, in odd pieces, and with run_from, at every level; bitwise.
void check(const TileProgram& program) {
  std::vector<Tensor> inputs;
  std::vector<const void*> in;
  for (std::size_t i = 0; i < program.inputs().size(); ++i)
    inputs.push_back(random_tensor(program.inputs()[i], i + 1));
  for (const Tensor& input : inputs) in.push_back(input.data());
  const std::int64_t size = program.shape().size();
  std::vector<Tensor> expected;
  for (const int output : program.outputs())
    expected.emplace_back(program.shape(), program.dtype(output));
  for (std::int64_t i = 0; i < size; ++i) {
    const auto registers = evaluate(program, inputs, i);
    for (std::size_t o = 0; o < expected.size(); ++o) {
      const double value = registers[static_cast<std::size_t>(program.outputs()[o])];
      const auto at = static_cast<std::size_t>(i);
      if (expected[o].dtype() == f32) expected[o].as<float>()[at] = static_cast<float>(value);
      if (expected[o].dtype() == i32)
        expected[o].as<std::int32_t>()[at] = static_cast<std::int32_t>(value);
      if (expected[o].dtype() == u8)
        expected[o].as<std::uint8_t>()[at] = static_cast<std::uint8_t>(value);
    }
  }
  for (const Level level : available_levels()) {
    for (const std::int64_t piece : {size, std::int64_t{1}, std::int64_t{13}, std::int64_t{1500}}) {
      if (piece == 1 && size > 3000) continue;  // slow, and no new path
      for (const bool from : {false, true}) {
        if (from && (inputs.empty() || inputs[0].size() != size)) continue;
        std::vector<Tensor> results;
        std::vector<void*> out;
        for (const Tensor& tensor : expected) results.emplace_back(tensor.type());
        for (Tensor& tensor : results) out.push_back(tensor.data());
        for (std::int64_t begin = 0; begin < size; begin += piece) {
          const std::int64_t end = std::min(size, begin + piece);
          if (!from) {
            program.run(level, in.data(), out.data(), begin, end);
            continue;
          }
          const auto* first = static_cast<const std::byte*>(in[0]) +
                              static_cast<std::size_t>(begin) * size_of(inputs[0].dtype());
          program.run_from(level, first, in.data(), out.data(), begin, end);
        }
        for (std::size_t o = 0; o < results.size(); ++o) {
          INFO(name_of(level), " piece ", piece, " output ", o, " of ", program.describe());
          REQUIRE(std::memcmp(results[o].data(), expected[o].data(), results[o].bytes()) == 0);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("tile: odd sizes, at each level") {
  std::vector<std::int64_t> sizes{0, 1, 2, 100, 1023, 1024, 1025, 3000};
  for (const Level level : available_levels())
    for (const std::int64_t around : {-1, 0, 1})
      sizes.push_back(test_kernels(level).width + around);
  for (const std::int64_t n : sizes) {
    CAPTURE(n);
    const TensorType x{{n}, f32};
    check(TileProgram({n}, {x, x, x}, Instructions{{&sub, {0, 1}}, {&mul, {3, 2}}}, {4}));
  }
}

TEST_CASE("tile: operands broadcast in every way") {
  const Instructions sum{{&sub, {0, 1}}};
  const std::vector<std::pair<Shape, Shape>> pairs{
      {{5, 7}, {}},                                 // a scalar
      {{5, 7}, {7}},                                // a row, shorter than a tile
      {{40, 96}, {96}},       {{3, 1500}, {1500}},  // a row, longer than a tile
      {{3, 1025}, {1025}},    {{2, 4096}, {4096}},       {{6, 9}, {6, 1}},  // a column
      {{4, 2000}, {4, 1}},    {{3, 4, 5}, {3, 1, 5}},                       // an axis in the middle
      {{3, 4, 5}, {1, 4, 1}}, {{2, 3, 4, 5}, {3, 1, 5}}, {{2, 3, 4, 5}, {2, 1, 4, 1}},
      {{1, 1, 4}, {4}},  // the same elements
      {{0, 3}, {3}},          {{3, 0}, {3, 1}},          {{1}, {}},
  };
  for (const auto& pair : pairs) {
    const Shape &whole = pair.first, &part = pair.second;
    INFO(whole, " with ", part);
    check(TileProgram(whole, {{whole, f32}, {part, f32}}, sum, {2}));
    check(TileProgram(whole, {{part, f32}, {whole, f32}}, sum, {2}));
    // All operands are broadcast, and so is one of another type.
    check(TileProgram(whole, {{part, u8}, {{}, f32}, {part, f32}}, {{&select, {0, 1, 2}}}, {3}));
  }
}

TEST_CASE("tile: several broadcast operands of different periods") {
  const auto f = [](Shape shape) { return TensorType{shape, f32}; };
  const Instructions two{{&sub, {0, 1}}, {&sub, {3, 2}}};
  check(TileProgram({4, 6, 10}, {f({4, 6, 10}), f({10}), f({6, 10})}, two, {4}));
  check(TileProgram({3, 7, 190}, {f({190}), f({7, 190}), f({3, 1, 1})}, two, {4}));
  check(TileProgram({2, 40, 1100}, {f({}), f({1100}), f({2, 1, 1100})}, two, {4}));
  check(TileProgram({2, 700, 3}, {f({3}), f({700, 3}), f({2, 1, 3})}, two, {4}));
}

TEST_CASE("tile: registers of every element type") {
  const Shape shape{3, 333};
  const TensorType x{shape, f32};
  check(TileProgram(shape, {x, x}, {{&less, {0, 1}, {}, u8}}, {2}));
  check(TileProgram(shape, {x, x}, {{&less, {0, 1}, {}, u8}, {&select, {2, 0, 1}}}, {2, 3}));
  check(TileProgram(shape, {x}, {{&scale, {0}, {100.f, 0.5f}}, {&truncate, {1}, {}, i32}}, {2}));
  check(
      TileProgram(shape, {{{333}, u8}}, {{&invert, {0}, {}, u8}, {&invert, {1}, {}, u8}}, {1, 2}));
}

TEST_CASE("tile: several outputs, unused results, operands as outputs, no instruction at all") {
  const Shape shape{2, 777};
  const TensorType x{shape, f32};
  const Instructions chain{{&add, {0, 1}}, {&mul, {2, 1}}, {&sub, {0, 3}}};
  check(TileProgram(shape, {x, x}, chain, {2, 3, 4}));
  check(TileProgram(shape, {x, x}, chain, {3}));
  check(TileProgram(shape, {x, x}, chain, {4, 0, 4}));
  check(TileProgram(shape, {x, {{777}, f32}}, {}, {0}));
  check(TileProgram(shape, {{{777}, f32}}, {}, {0}));
  check(TileProgram(shape, {{{2, 1}, u8}}, {}, {0}));
}

TEST_CASE("tile: super-ops give the bits of the two operations") {
  const TensorType x{{2, 600}, f32};
  const auto count = [&](const Instructions& instructions, std::vector<int> outputs) {
    const TileProgram program(x.shape, {x, x, x}, instructions, std::move(outputs));
    check(program);
    return program.kernel_count();
  };
  CHECK(count({{&add, {0, 1}}, {&mul, {3, 2}}}, {4}) == 1);
  CHECK(count({{&add, {0, 1}}, {&mul, {2, 3}}}, {4}) == 1);  // the other operand
  CHECK(count({{&mul, {0, 1}}, {&add, {3, 2}}}, {4}) == 1);
  CHECK(count({{&mul, {0, 1}}, {&add, {2, 3}}}, {4}) == 2);     // no such pair
  CHECK(count({{&add, {0, 1}}, {&mul, {3, 3}}}, {4}) == 2);     // read twice
  CHECK(count({{&add, {0, 1}}, {&mul, {3, 2}}}, {3, 4}) == 2);  // an output
  CHECK(count({{&add, {0, 1}}, {&mul, {3, 2}}, {&add, {4, 0}}, {&mul, {5, 1}}}, {6}) == 2);
  CHECK(count({{&scale, {0}, {3.f, 0.1f}}, {&sub, {2, 3}}}, {4}) == 1);  // with constants
  CHECK(count({{&less, {0, 1}, {}, u8}, {&select, {3, 1, 2}}}, {4}) == 1);
  // Fusing moves the addition behind the subtraction that reads the same operands.
  CHECK(count({{&add, {0, 1}}, {&sub, {0, 2}}, {&mul, {3, 4}}}, {4, 5}) == 2);
}

TEST_CASE("tile: a result may take the memory of an operand, wherever that is read") {
  const Shape shape{3, 900};
  const TensorType x{shape, f32};
  // Operand 0 is read by the last instruction too, after the first result is there.
  const TileProgram program(shape, {x, x, {{900}, f32}},
                            {{&add, {0, 1}}, {&mul, {3, 2}}, {&sub, {4, 0}}}, {3, 5});
  for (const Level level : available_levels())
    for (const std::size_t overwritten : {0u, 1u})
      for (const std::size_t output : {0u, 1u}) {
        Tensor inputs[] = {random_tensor(x, 1), random_tensor(x, 2),
                           random_tensor({{900}, f32}, 3)};
        Tensor results[2] = {Tensor(x), Tensor(x)};
        const void* in[] = {inputs[0].data(), inputs[1].data(), inputs[2].data()};
        void* out[] = {results[0].data(), results[1].data()};
        program.run(level, in, out, 0, shape.size());
        // The same again, one result in an operand's place.
        Tensor other(x);
        void* in_place[] = {other.data(), other.data()};
        in_place[output] = inputs[overwritten].data();
        program.run(level, in, in_place, 0, shape.size());
        for (std::size_t o = 0; o < 2; ++o) CHECK(std::memcmp(in_place[o], out[o], x.bytes()) == 0);
      }
}

TEST_CASE("tile: run_from over the memory of the output, as epilogues do") {
  const Shape shape{4, 50};
  const TileProgram program(shape, {{shape, f32}, {{50}, f32}}, {{&sub, {0, 1}}, {&mul, {2, 0}}},
                            {3});
  const Tensor x = random_tensor({shape, f32}, 1), bias = random_tensor({{50}, f32}, 2);
  for (const Level level : available_levels()) {
    Tensor expected(shape), result = x.clone();
    const void* in[] = {x.data(), bias.data()};
    void* out[] = {expected.data()};
    program.run(level, in, out, 0, 200);
    const void* further[] = {nullptr, bias.data()};
    void* over[] = {result.data()};
    for (std::int64_t begin = 0; begin < 200; begin += 17)
      program.run_from(level, result.as<float>().data() + begin, further, over, begin,
                       std::min<std::int64_t>(200, begin + 17));
    CHECK(std::memcmp(result.data(), expected.data(), result.bytes()) == 0);
  }
}

TEST_CASE("tile: as many registers as there may be") {
  const TensorType x{{2000}, f32};
  Instructions chain;
  for (int k = 1; k < TileProgram::max_registers; ++k) chain.push_back({&sub, {k - 1, k / 2}});
  std::vector<int> all;
  for (int k = 1; k < TileProgram::max_registers; ++k) all.push_back(k);
  check(TileProgram({2000}, {x}, chain, {TileProgram::max_registers - 1}));
  check(TileProgram({2000}, {x}, chain, all));
  chain.push_back({&sub, {0, 0}});
  CHECK_THROWS_AS(TileProgram({2000}, {x}, chain, {3}), UsageError);
}

TEST_CASE("tile: malformed programs are refused") {
  const TensorType x{{4}, f32};
  CHECK_THROWS_WITH_AS(TileProgram({4}, {x, {{3}, f32}}, {{&add, {0, 1}}}, {2}),
                       doctest::Contains("[3]"), ShapeError);
  CHECK_THROWS_AS(TileProgram({4}, {{{2, 4}, f32}}, {}, {0}), ShapeError);
  CHECK_THROWS_AS(TileProgram({4}, {x}, {{&add, {0, 1}}}, {1}), UsageError);  // reads itself
  CHECK_THROWS_AS(TileProgram({4}, {x}, {{&add, {0, 0}}}, {2}), UsageError);  // no such output
  CHECK_THROWS_AS(TileProgram({4}, {{{4}, i32}}, {{&add, {0, 0}}}, {1}), UsageError);
  CHECK_THROWS_AS(TileProgram({4}, {x}, {{&less, {0, 0}}}, {1}), UsageError);  // gives u8
  CHECK_THROWS_AS(TileProgram({4}, {x}, {{nullptr, {0}}}, {1}), UsageError);
}

TEST_CASE("tile: programs print") {
  const TensorType x{{4}, f32};
  const TileProgram program({4}, {x, x}, {{&mul, {0, 1}}, {&scale, {2}, {2.f, 0.5f}}}, {3});
  CHECK(program.describe() == "t2 = mul(t0, t1); t3 = scale(t2, 2, 0.5)");
}

}  // namespace abax

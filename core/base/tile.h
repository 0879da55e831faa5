// Tile programs: a few elementwise operations, run over tiles that stay in the cache. The one form
// in which elementwise work exists at run time: a single op, a fused chain, the epilogue of a
// matmul.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/level.h"
#include "core/base/shape.h"

namespace abax {

/// Computes `count` elements: out[i] = f(in[0][i], in[1][i], ...; constants).
using TileFunction = void (*)(void* out, const void* const* in, const float* constants,
                              std::int64_t count);

/// One elementwise operation: its kernel at each SIMD level.
struct TileOp {
  std::string_view name;
  int arity = 0;                                      // operands, at most 4
  std::array<TileFunction, level_count> functions{};  // by Level
  int flops = 1;                                      // an element, for profiles
};

/// Operations over registers. Register 0 to inputs - 1 hold the operands, each later one the result
/// of an instruction. All outputs have the program's shape; operands broadcast to it.
class TileProgram {
 public:
  struct Instruction {
    const TileOp* op = nullptr;
    std::array<int, 4> in{};  // registers
    std::array<float, 2> constants{};
    DType dtype = f32;  // of the result
  };

  /// `outputs` are the registers that are written to memory, in order.
  TileProgram(Shape shape, std::vector<TensorType> inputs, std::vector<Instruction> instructions,
              std::vector<int> outputs);

  const Shape& shape() const { return shape_; }
  const std::vector<TensorType>& inputs() const { return inputs_; }
  const std::vector<Instruction>& instructions() const { return instructions_; }
  const std::vector<int>& outputs() const { return outputs_; }
  /// "t2 = mul(t0, t1); t3 = tanh(t2)", for printing.
  std::string describe() const;

  /// Elements a tile: few enough that a handful of registers stay in the first-level cache.
  static constexpr std::int64_t tile_size = 1024;

  /// Computes the elements [begin, end) of the outputs, counted in the row-major order of shape().
  /// `in` and `out` point at whole tensors. An output may be the same memory as an operand of the
  /// same shape.
  void run(Level level, const void* const* in, void* const* out, std::int64_t begin,
           std::int64_t end) const;

  /// The same where operand 0 is not a whole tensor: `first` points at its element `begin`.
  /// For epilogues, whose result is still in a block of cache. `first` may be the memory of an
  /// output.
  void run_from(Level level, const void* first, const void* const* in, void* const* out,
                std::int64_t begin, std::int64_t end) const;

 private:
  Shape shape_;
  std::vector<TensorType> inputs_;
  std::vector<Instruction> instructions_;
  std::vector<int> outputs_;
  // The helper tables that run() needs are decided in the constructor.
};

}  // namespace abax

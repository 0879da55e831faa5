// Tile programs: a few elementwise operations, run over tiles that stay in the cache. The one form
// in which elementwise work exists at run time: a single op, a fused chain, the epilogue of a
// matmul.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/level.h"
#include "core/base/shape.h"

namespace abax {

/// Computes `count` elements: out[i] = f(in[0][i], in[1][i], ...; constants). `out` may be the
/// memory of an operand of the same element size.
using TileFunction = void (*)(void* out, const void* const* in, const float* constants,
                              std::int64_t count);

struct TileOp;

/// Says that an operation and its only consumer have a kernel of their own, a super-op: it saves a
/// register's way through the cache. Its operands are the producer's, then the consumer's others in
/// order; likewise its constants. It rounds as the two do, so that the bits stay the same.
struct TilePair {
  const TileOp* producer = nullptr;
  const TileOp* consumer = nullptr;
  int position = 0;  // which operand of the consumer is the producer's result
  const TileOp* fused = nullptr;
};

/// One elementwise operation: its kernel at each SIMD level. Objects have static lifetime; two
/// instructions are the same operation where their TileOp is the same object.
struct TileOp {
  std::string_view name;
  int arity = 0;                                      // operands, at most 4
  std::array<TileFunction, level_count> functions{};  // by Level; none: that of the level below
  int flops = 1;                                      // an element, for profiles
  int constants = 0;                                  // numbers that the kernel reads, at most 2
  std::array<DType, 4> in{};                          // of the operands; f32 by default
  DType out = f32;
  std::span<const TilePair> pairs{};  // super-ops of this and another operation
};

/// Throws UsageError where an operation has no function for the lowest level, or more operands or
/// constants than there may be.
void check_tile_op(const TileOp& op);

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

  /// Operands and instructions together; whoever fuses chains stops there.
  static constexpr int max_registers = 64;

  /// `outputs` are the registers that are written to memory, in order. Throws ShapeError where an
  /// input does not broadcast to `shape`, UsageError where a register does not exist yet, has
  /// another element type than its reader takes, or where there are too many, and what
  /// check_tile_op() throws.
  TileProgram(Shape shape, std::vector<TensorType> inputs, std::vector<Instruction> instructions,
              std::vector<int> outputs);

  const Shape& shape() const { return shape_; }
  const std::vector<TensorType>& inputs() const { return inputs_; }
  const std::vector<Instruction>& instructions() const { return instructions_; }
  const std::vector<int>& outputs() const { return outputs_; }
  /// Of a register.
  DType dtype(int reg) const { return registers_[static_cast<std::size_t>(reg)].dtype; }
  /// "t2 = mul(t0, t1); t3 = tanh(t2)", for printing.
  std::string describe() const;
  /// Kernels that run for each tile: the instructions, less those that became part of a super-op.
  int kernel_count() const { return static_cast<int>(stages_.size()); }

  /// Elements a tile, at most: few enough that a handful of registers stay in the first-level
  /// cache.
  static constexpr std::int64_t tile_size = 1024;

  /// Computes the elements [begin, end) of the outputs, counted in the row-major order of shape().
  /// `in` and `out` point at whole tensors. An output may be the same memory as an operand of the
  /// same shape.
  void run(Level level, const void* const* in, void* const* out, std::int64_t begin,
           std::int64_t end) const;

  /// The same where operand 0 is not a whole tensor: `first` points at its element `begin`. It must
  /// not be broadcast. For epilogues, whose result is still in a block of cache; in[0] is not read.
  /// `first` may be the memory of an output.
  void run_from(Level level, const void* first, const void* const* in, void* const* out,
                std::int64_t begin, std::int64_t end) const;

 private:
  // How an operand relates to the program's shape.
  enum class Layout : std::uint8_t {
    whole,    // element for element
    cyclic,   // element i is data[i % period]: a scalar, a bias over the last axes
    strided,  // any other broadcasting: strides of 0 along some axes
  };
  struct Register {
    DType dtype = f32;
    std::uint8_t bytes = 4;  // of an element
    int buffer = -1;         // where a tile of it is kept, where that is needed
    int written = -1;        // the stage whose result it is
    int last_use = -1;       // the stage that reads it last
    int output = -1;         // the first output that it is
    // Of operands.
    Layout layout = Layout::whole;
    std::int64_t period = 1;  // cyclic
    bool steady = false;      // cyclic: one buffer of it serves all tiles of a run
    int axes = 0;             // strided: axes, merged where both neighbours go together
    std::array<std::int64_t, Shape::max_rank> sizes{};
    std::array<std::int64_t, Shape::max_rank> strides{};
  };
  /// A kernel that runs for each tile.
  struct Stage {
    const TileOp* op = nullptr;
    std::array<int, 4> in{};
    std::array<float, 4> constants{};
    int out = 0;
    std::array<TileFunction, level_count> functions{};  // the op's, each there
  };
  struct Frame;

  void check() const;
  void classify(Register& reg, const Shape& operand) const;
  void find_super_ops();
  int assign_buffers();
  void choose_tile(int buffers);
  void copy_outputs(const Frame& frame, void* const* out, std::int64_t position,
                    std::int64_t count) const;
  std::int64_t load(Frame& frame, std::int64_t position, std::int64_t end) const;
  static void gather(std::byte* to, const std::byte* from, const Register& reg,
                     std::int64_t position, std::int64_t count);

  Shape shape_;
  std::vector<TensorType> inputs_;
  std::vector<Instruction> instructions_;
  std::vector<int> outputs_;
  std::vector<Register> registers_;
  std::vector<Stage> stages_;
  std::int64_t tile_ = tile_size;  // elements a tile; 4 bytes of each buffer an element
};

}  // namespace abax

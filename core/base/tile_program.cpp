// Tile programs at construction: checks, super-ops, buffers, the size of a tile; and printing.
#include <algorithm>
#include <numeric>

#include "core/base/error.h"
#include "core/base/sizes.h"
#include "core/base/text.h"
#include "core/base/tile.h"

namespace abax {
namespace {

// Of all buffers of a run together; they lie on the stack (see tile.cpp).
constexpr std::int64_t buffer_elements = 16 * 1024;

std::size_t index(int i) { return static_cast<std::size_t>(i); }

// Either of the two may know the other.
const TilePair* find_pair(const TileOp* producer, const TileOp* consumer, int position) {
  for (const auto& pairs : {producer->pairs, consumer->pairs})
    for (const TilePair& pair : pairs)
      if (pair.producer == producer && pair.consumer == consumer && pair.position == position)
        return &pair;
  return nullptr;
}

}  // namespace

void check_tile_op(const TileOp& op) {
  if (op.arity < 0 || index(op.arity) > op.in.size())
    throw UsageError(str_cat("tile operation '", op.name, "' has ", op.arity,
                             " operands; it may have 0 to ", op.in.size()));
  if (op.constants < 0 || op.constants > 2)
    throw UsageError(str_cat("tile operation '", op.name, "' has ", op.constants,
                             " constants; it may have 0 to 2"));
  if (!op.functions[0])
    throw UsageError(str_cat("tile operation '", op.name, "' has no function for ",
                             name_of(Level{}), ", the level that every machine has; give ",
                             "TileOp::functions at least that"));
}

TileProgram::TileProgram(Shape shape, std::vector<TensorType> inputs,
                         std::vector<Instruction> instructions, std::vector<int> outputs)
    : shape_(shape),
      inputs_(std::move(inputs)),
      instructions_(std::move(instructions)),
      outputs_(std::move(outputs)) {
  check();
  registers_.resize(inputs_.size() + instructions_.size());
  for (std::size_t r = 0; r < registers_.size(); ++r) {
    Register& reg = registers_[r];
    const bool operand = r < inputs_.size();
    reg.dtype = operand ? inputs_[r].dtype : instructions_[r - inputs_.size()].dtype;
    reg.bytes = static_cast<std::uint8_t>(size_of(reg.dtype));
    if (operand) classify(reg, inputs_[r].shape);
  }
  for (std::size_t o = outputs_.size(); o-- > 0;)
    registers_[index(outputs_[o])].output = static_cast<int>(o);
  find_super_ops();
  choose_tile(assign_buffers());
}

void TileProgram::check() const {
  const std::size_t count = inputs_.size() + instructions_.size();
  if (count > max_registers)
    throw UsageError(str_cat("a tile program has at most ", max_registers,
                             " operands and instructions, not ", count));
  for (const TensorType& input : inputs_) {
    if (input.shape.size() != shape_.size() && broadcast(input.shape, shape_) != shape_)
      throw ShapeError(str_cat("an operand ", input, " does not broadcast to ", shape_));
  }
  for (std::size_t k = 0; k < instructions_.size(); ++k) {
    const Instruction& instruction = instructions_[k];
    const TileOp* op = instruction.op;
    if (!op) throw UsageError(str_cat("instruction ", k, " of a tile program has no operation"));
    check_tile_op(*op);
    if (instruction.dtype != op->out)
      throw UsageError(str_cat(op->name, " gives ", op->out, ", not ", instruction.dtype));
    for (int i = 0; i < op->arity; ++i) {
      const int r = instruction.in[index(i)];
      if (r < 0 || index(r) >= inputs_.size() + k)
        throw UsageError(str_cat(op->name, " reads register ", r, ", which is not there yet"));
      const DType came = index(r) < inputs_.size() ? inputs_[index(r)].dtype
                                                   : instructions_[index(r) - inputs_.size()].dtype;
      if (came != op->in[index(i)])
        throw UsageError(
            str_cat("operand ", i, " of ", op->name, " is ", op->in[index(i)], ", not ", came));
    }
  }
  for (const int output : outputs_)
    if (output < 0 || index(output) >= count)
      throw UsageError(str_cat("a tile program of ", count, " registers has no register ", output));
}

// Merges neighbouring axes that the operand either both has or both lacks.
void TileProgram::classify(Register& reg, const Shape& operand) const {
  if (operand.size() == shape_.size()) return;  // whole
  std::int64_t stride = operand.size();
  for (int axis = 0; axis < shape_.rank(); ++axis) {
    const std::int64_t size = shape_[axis];
    if (size == 1) continue;
    const int own = axis - (shape_.rank() - operand.rank());
    const bool broadcast = own < 0 || operand[own] == 1;
    if (!broadcast) stride /= size;
    const std::int64_t walked = broadcast ? 0 : stride;
    if (reg.axes > 0 && (reg.strides[index(reg.axes - 1)] == 0) == broadcast) {
      reg.sizes[index(reg.axes - 1)] *= size;
      reg.strides[index(reg.axes - 1)] = walked;
    } else {
      reg.sizes[index(reg.axes)] = size;
      reg.strides[index(reg.axes)] = walked;
      ++reg.axes;
    }
  }
  // Axes of stride 0 first, then at most one of stride 1: the operand repeats.
  const bool repeats = reg.strides[0] == 0 && reg.axes <= 2;
  reg.layout = repeats ? Layout::cyclic : Layout::strided;
  reg.period = operand.size();
}

// Joins an instruction with its only reader where the two have a kernel of their own.
void TileProgram::find_super_ops() {
  const std::size_t operands = inputs_.size();
  std::vector<int> uses(registers_.size());
  for (const Instruction& instruction : instructions_)
    for (int i = 0; i < instruction.op->arity; ++i) ++uses[index(instruction.in[index(i)])];
  for (const int output : outputs_) ++uses[index(output)];

  std::vector<Stage> all(instructions_.size());
  std::vector<bool> joined(instructions_.size());
  for (std::size_t k = 0; k < instructions_.size(); ++k) {
    Stage& stage = all[k];
    stage.op = instructions_[k].op;
    stage.in = instructions_[k].in;
    std::copy(instructions_[k].constants.begin(), instructions_[k].constants.end(),
              stage.constants.begin());
    stage.out = static_cast<int>(operands + k);
    for (int position = 0; position < stage.op->arity; ++position) {
      const std::size_t reg = index(stage.in[index(position)]);
      if (reg < operands || uses[reg] != 1) continue;
      const Stage& producer = all[reg - operands];
      const TilePair* pair = find_pair(producer.op, stage.op, position);
      if (!pair) continue;
      Stage super{pair->fused, producer.in, producer.constants, stage.out, {}};
      int operand = producer.op->arity;
      for (int i = 0; i < stage.op->arity; ++i)
        if (i != position) super.in[index(operand++)] = stage.in[index(i)];
      for (int i = 0; i < stage.op->constants; ++i)
        super.constants[index(producer.op->constants + i)] = stage.constants[index(i)];
      joined[reg - operands] = true;
      stage = super;
      break;
    }
  }
  for (std::size_t k = 0; k < all.size(); ++k)
    if (!joined[k]) stages_.push_back(all[k]);
  for (Stage& stage : stages_) {
    stage.functions = stage.op->functions;
    for (std::size_t level = 1; level < level_count; ++level)
      if (!stage.functions[level]) stage.functions[level] = stage.functions[level - 1];
  }
}

// Gives a buffer to each broadcast operand, for the whole run, and to each result from the stage
// that computes it to the last that reads it (outputs: to the end, where they are stored). Returns
// how many.
int TileProgram::assign_buffers() {
  const int end = static_cast<int>(stages_.size());
  for (int k = 0; k < end; ++k) {
    const Stage& stage = stages_[index(k)];
    for (int i = 0; i < stage.op->arity; ++i) registers_[index(stage.in[index(i)])].last_use = k;
    registers_[index(stage.out)].written = k;
  }
  for (const int output : outputs_) registers_[index(output)].last_use = end;

  int buffers = 0;
  std::vector<int> free;
  for (std::size_t r = 0; r < inputs_.size(); ++r)
    if (registers_[r].layout != Layout::whole) registers_[r].buffer = buffers++;
  for (int k = 0; k < end; ++k) {
    // A kernel may write over an operand that it reads last, where the elements are equally long.
    Register& result = registers_[index(stages_[index(k)].out)];
    const auto release = [&](bool before) {
      for (std::size_t r = inputs_.size(); r < registers_.size(); ++r) {
        const Register& reg = registers_[r];
        if (reg.last_use == k && reg.written < k && reg.buffer >= 0 &&
            (reg.bytes == result.bytes) == before)
          free.push_back(reg.buffer);
      }
    };
    release(true);
    if (free.empty()) free.push_back(buffers++);
    result.buffer = free.back();
    free.pop_back();
    release(false);
    if (result.last_use < 0) free.push_back(result.buffer);  // nobody reads it
  }
  return buffers;
}

void TileProgram::choose_tile(int buffers) {
  tile_ = std::min(tile_size, buffer_elements / std::max(1, buffers) / 16 * 16);
  std::int64_t common = 1;  // a multiple of all short periods
  std::int64_t least_long = 0;
  for (const Register& reg : registers_) {
    if (reg.layout != Layout::cyclic) continue;
    if (reg.period > tile_)
      least_long = least_long ? std::min(least_long, reg.period) : reg.period;
    else if (reg.period > 0 && common <= tile_)
      common = std::lcm(common, reg.period);
  }
  if (least_long) {
    // Tiles end at a long period's end: cut it into even runs.
    tile_ = round_up(ceil_div(least_long, ceil_div(least_long, tile_)), 16);
  } else if (common <= tile_) {
    tile_ -= tile_ % common;
  }
  for (Register& reg : registers_)
    reg.steady = reg.period == 1 || (!least_long && reg.period > 0 && tile_ % reg.period == 0);
}

std::string TileProgram::describe() const {
  std::string result;
  for (std::size_t k = 0; k < instructions_.size(); ++k) {
    const Instruction& instruction = instructions_[k];
    result += str_cat(k ? "; t" : "t", inputs_.size() + k, " = ", instruction.op->name, "(");
    for (int i = 0; i < instruction.op->arity; ++i)
      result += str_cat(i ? ", t" : "t", instruction.in[index(i)]);
    for (int i = 0; i < instruction.op->constants; ++i)
      result += str_cat(i || instruction.op->arity ? ", " : "", instruction.constants[index(i)]);
    result += ")";
  }
  return result;
}

}  // namespace abax

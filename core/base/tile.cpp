// Tile programs at run time: operands are brought to a tile, the steps run over it, results are
// stored.
#include "core/base/tile.h"

#include <algorithm>
#include <cstring>

namespace abax {
namespace {

// Of the buffers of one run, on the stack: nothing is allocated.
constexpr std::size_t buffer_bytes = 64 * 1024;

template <class T>
void fill(std::byte* to, const std::byte* value, std::int64_t count) {
  std::fill_n(reinterpret_cast<T*>(to), count, *reinterpret_cast<const T*>(value));
}

void fill(std::byte* to, const std::byte* value, std::int64_t count, std::size_t bytes) {
  bytes == 1 ? fill<std::uint8_t>(to, value, count) : fill<std::uint32_t>(to, value, count);
}

// to[i] = from[(phase + i) % period]
void fill_cyclic(std::byte* to, const std::byte* from, std::int64_t phase, std::int64_t period,
                 std::int64_t count, std::size_t bytes) {
  if (period == 1) return fill(to, from, count, bytes);
  const auto copy = [&](std::int64_t at, const std::byte* source, std::int64_t elements) {
    std::memcpy(to + at * static_cast<std::int64_t>(bytes), source,
                static_cast<std::size_t>(elements) * bytes);
  };
  const std::int64_t first = std::min(count, period - phase);
  copy(0, from + phase * static_cast<std::int64_t>(bytes), first);
  std::int64_t done = first + std::min(count - first, phase);
  copy(first, from, done - first);
  while (done < count) {  // a whole period is there, then two, four, ...
    const std::int64_t more = std::min(count - done, done);
    copy(done, to, more);
    done += more;
  }
}

}  // namespace

// What one run keeps, on the stack. Uninitialised at first: most of it is never touched.
struct TileProgram::Frame {
  alignas(64) std::byte memory[buffer_bytes];
  std::byte* at[max_registers];            // of each register, the elements of this tile
  std::int64_t advance[max_registers];     // bytes an element by which `at` moves on; 0 for buffers
  const std::byte* source[max_registers];  // of each operand, its first element (whole: `begin`'s)
  bool steady[max_registers];              // the operand's buffer holds for every tile to come

  std::byte* buffer(int index, std::int64_t tile) {
    return memory + static_cast<std::int64_t>(index) * tile * 4;
  }
};

void TileProgram::run(Level level, const void* const* in, void* const* out, std::int64_t begin,
                      std::int64_t end) const {
  if (begin >= end) return;
  const bool whole = !inputs_.empty() && registers_[0].layout == Layout::whole;
  const void* first = inputs_.empty() ? nullptr : in[0];
  if (whole) first = static_cast<const std::byte*>(first) + begin * registers_[0].bytes;
  run_from(level, first, in, out, begin, end);
}

void TileProgram::run_from(Level level, const void* first, const void* const* in, void* const* out,
                           std::int64_t begin, std::int64_t end) const {
  if (begin >= end) return;
  const std::size_t operands = inputs_.size();
  Frame frame;
  bool broadcast = false;
  for (std::size_t r = 0; r < operands; ++r) {
    const Register& reg = registers_[r];
    const bool whole = reg.layout == Layout::whole;
    frame.source[r] = static_cast<const std::byte*>(r == 0 ? first : in[r]);
    if (whole && r > 0) frame.source[r] += begin * reg.bytes;
    frame.at[r] = const_cast<std::byte*>(frame.source[r]);
    frame.advance[r] = whole ? reg.bytes : 0;
    frame.steady[r] = whole;
    broadcast = broadcast || !whole;
  }
  // A result goes straight to its output's memory, unless a later stage still reads an operand
  // there.
  for (std::size_t r = operands; r < registers_.size(); ++r) {
    const Register& reg = registers_[r];
    if (reg.written < 0) continue;  // inside a super-op
    bool direct = reg.output >= 0;
    if (direct) {
      frame.at[r] = static_cast<std::byte*>(out[reg.output]) + begin * reg.bytes;
      for (std::size_t i = 0; i < operands; ++i)
        direct =
            direct && (frame.source[i] != frame.at[r] || registers_[i].last_use <= reg.written);
    }
    if (!direct) frame.at[r] = frame.buffer(reg.buffer, tile_);
    frame.advance[r] = direct ? reg.bytes : 0;
  }
  const bool copies = std::ranges::any_of(outputs_, [&](const int& output) {
    const auto r = static_cast<std::size_t>(output);
    return r < operands || frame.advance[r] == 0 ||
           registers_[r].output != &output - outputs_.data();
  });

  for (std::int64_t position = begin; position < end;) {
    const std::int64_t count =
        broadcast ? load(frame, position, end) : std::min(tile_, end - position);
    for (const Stage& stage : stages_) {
      const void* operand[4];
      for (int i = 0; i < stage.op->arity; ++i)
        operand[i] = frame.at[stage.in[static_cast<std::size_t>(i)]];
      stage.functions[static_cast<std::size_t>(level)](frame.at[stage.out], operand,
                                                       stage.constants.data(), count);
    }
    if (copies) copy_outputs(frame, out, position, count);
    position += count;
    for (std::size_t r = 0; r < registers_.size(); ++r)
      if (r < operands || registers_[r].written >= 0) frame.at[r] += frame.advance[r] * count;
  }
}

// Stores the outputs that no stage wrote in place. Operands that are outputs come first: a result
// may take an operand's memory.
void TileProgram::copy_outputs(const Frame& frame, void* const* out, std::int64_t position,
                               std::int64_t count) const {
  for (const bool operand : {true, false})
    for (std::size_t o = 0; o < outputs_.size(); ++o) {
      const auto r = static_cast<std::size_t>(outputs_[o]);
      std::byte* to = static_cast<std::byte*>(out[o]) + position * registers_[r].bytes;
      if ((r < inputs_.size()) == operand && to != frame.at[r])
        std::memcpy(to, frame.at[r], static_cast<std::size_t>(count) * registers_[r].bytes);
    }
}

// Points frame.at at the broadcast operands' elements from `position` on, in place where they lie
// together. Returns how many there are: a tile, less where a run or a long period ends before.
std::int64_t TileProgram::load(Frame& frame, std::int64_t position, std::int64_t end) const {
  const std::int64_t full = std::min(tile_, end - position);
  std::int64_t count = full;
  for (std::size_t r = 0; r < inputs_.size(); ++r) {
    const Register& reg = registers_[r];
    if (reg.layout == Layout::cyclic && reg.period > tile_)
      count = std::min(count, reg.period - position % reg.period);
  }
  for (std::size_t r = 0; r < inputs_.size(); ++r) {
    if (frame.steady[r]) continue;
    const Register& reg = registers_[r];
    const std::int64_t phase = position % reg.period;
    if (reg.layout == Layout::cyclic && phase + count <= reg.period) {
      frame.at[r] = const_cast<std::byte*>(frame.source[r]) + phase * reg.bytes;
      continue;
    }
    frame.at[r] = frame.buffer(reg.buffer, tile_);
    if (reg.layout == Layout::cyclic) {
      fill_cyclic(frame.at[r], frame.source[r], phase, reg.period, full, reg.bytes);
      frame.steady[r] = reg.steady;
    } else {
      gather(frame.at[r], frame.source[r], reg, position, count);
    }
  }
  return count;
}

// Copies `count` elements of a strided operand, a piece of the innermost axis at a time.
void TileProgram::gather(std::byte* to, const std::byte* from, const Register& reg,
                         std::int64_t position, std::int64_t count) {
  const int last = reg.axes - 1;
  std::array<std::int64_t, Shape::max_rank> at{};
  std::int64_t offset = 0;
  for (int axis = last; axis >= 0; --axis) {
    const auto i = static_cast<std::size_t>(axis);
    at[i] = position % reg.sizes[i];
    position /= reg.sizes[i];
    offset += at[i] * reg.strides[i];
  }
  const std::int64_t inner = reg.sizes[static_cast<std::size_t>(last)];
  const bool repeat = reg.strides[static_cast<std::size_t>(last)] == 0;
  std::int64_t begin = at[static_cast<std::size_t>(last)];
  while (true) {
    const std::int64_t piece = std::min(count, inner - begin);
    const std::byte* source = from + offset * reg.bytes;
    if (repeat)
      fill(to, source, piece, reg.bytes);
    else
      std::memcpy(to, source, static_cast<std::size_t>(piece * reg.bytes));
    to += piece * reg.bytes;
    count -= piece;
    if (count == 0) return;
    // To the start of the next row.
    offset -= begin * reg.strides[static_cast<std::size_t>(last)];
    begin = 0;
    for (int axis = last - 1; axis >= 0; --axis) {
      const auto i = static_cast<std::size_t>(axis);
      offset += reg.strides[i];
      if (++at[i] < reg.sizes[i]) break;
      offset -= at[i] * reg.strides[i];
      at[i] = 0;
    }
  }
}

}  // namespace abax

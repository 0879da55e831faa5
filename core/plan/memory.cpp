// Where values lie: results in place of operands that die, updates in the variable's own memory,
// and all other lifetimes in one arena, at offsets aligned to cache lines.
#include <algorithm>
#include <numeric>

#include "core/plan/passes.h"
#include "core/plan/tile_steps.h"

namespace abax {
namespace {

/// A range of the arena, from the time of the step that first writes to it to that of the last
/// reader.
struct Block {
  std::size_t bytes = 0;
  int first = 0;
  int last = 0;
  std::size_t offset = 0;
};

/// Whether `step` may write output `output` where it reads input `input`, element for element.
bool may_overwrite(const Program& program, const Step& step, int output, int input) {
  const int own = step.op ? step.own_inputs : 0;
  if (step.op && !step.tiles) return step.op->may_overwrite(output, input);
  // A tile program reads an element before it writes it; the op before an epilogue reads any.
  return input >= own &&
         program.value(step.inputs[at(input)]).type.size() == step.tiles->shape().size();
}

/// Lays the blocks out, the largest first, each in the smallest gap among those that live beside
/// it.
std::size_t place(std::vector<Block>& blocks) {
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  std::vector<const Block*> placed;  // by offset
  std::size_t total = 0;
  for (const std::size_t index : order) {
    Block& block = blocks[index];
    std::size_t end = 0, best = 0, best_gap = std::numeric_limits<std::size_t>::max();
    for (const Block* other : placed) {
      if (other->last < block.first || block.last < other->first) continue;
      if (other->offset >= end + block.bytes && other->offset - end < best_gap) {
        best = end;
        best_gap = other->offset - end;
      }
      end = std::max(end, other->offset + other->bytes);
    }
    block.offset = best_gap == std::numeric_limits<std::size_t>::max() ? end : best;
    total = std::max(total, block.offset + block.bytes);
    placed.insert(std::ranges::upper_bound(placed, block.offset, {}, &Block::offset), &block);
  }
  return total;
}

class Planner {
 public:
  Planner(Program& program, std::span<const std::size_t> scratch, std::span<const int> times,
          bool reuse)
      : program_(program),
        scratch_(scratch),
        times_(times),
        reuse_(reuse),
        producers_(producers(program)),
        readers_(readers(program)),
        kept_(kept_to_the_end(program)),
        block_of_(program.values.size(), -1) {}

  MemoryPlan plan(int first_update) {
    if (reuse_) commit_in_place(first_update);
    for (int s = 0; s < program_.step_count(); ++s) make_blocks(s);
    MemoryPlan plan;
    plan.arena_bytes = reuse_ ? place(blocks_) : place_apart();
    plan.offsets.assign(program_.values.size(), 0);
    for (std::size_t id = 0; id < program_.values.size(); ++id)
      if (block_of_[id] >= 0) plan.offsets[id] = blocks_[at(block_of_[id])].offset;
    for (const int block : scratch_block_)
      plan.scratch_offsets.push_back(block < 0 ? 0 : blocks_[at(block)].offset);
    return plan;
  }

 private:
  /// Whether every read of `root` by `step` is of all its elements, where `output` may overwrite
  /// it.
  bool all_reads_permit(const Step& step, int output, int root) const {
    const TensorType& result = program_.value(step.outputs[at(output)]).type;
    const TensorType& old = program_.value(root).type;
    // Equally many: four comparisons, of a byte each, do not take the place of one f32.
    if (result.bytes() != old.bytes() || result.size() != old.size()) return false;
    for (std::size_t i = 0; i < step.inputs.size(); ++i)
      if (program_.root(step.inputs[i]) == root &&
          (!is_whole(program_, step.inputs[i]) ||
           !may_overwrite(program_, step, output, static_cast<int>(i))))
        return false;
    return true;
  }

  /// An update writes to the variable itself where all other readers of the old value come before.
  void commit_in_place(int first_update) {
    std::vector<bool> taken(program_.values.size(), false);
    for (Program::Commit& commit : program_.commits) {
      const int id = commit.value, s = producers_[at(id)];
      const TensorType& type = program_.value(id).type;
      if (s < 0 || program_.root(id) != id || taken[at(id)] || type.bytes() == 0) continue;
      const Step& step = program_.step(s);
      const auto output =
          static_cast<int>(std::ranges::find(step.outputs, id) - step.outputs.begin());
      if (s < first_update && !(step.op && !step.tiles && step.op->may_commit_early(output)))
        continue;
      bool free = true;
      for (int leaf = 0; free && leaf < program_.value_count(); ++leaf) {
        const ProgramValue& value = program_.value(leaf);
        if (value.source != Source::variable || value.index != commit.variable ||
            value.view_of >= 0)
          continue;
        free = std::ranges::all_of(readers_[at(leaf)], [&](int reader) {
          return times_[at(reader)] < times_[at(s)] ||
                 (reader == s && all_reads_permit(step, output, leaf));
        });
      }
      commit.in_place = free;
      taken[at(id)] = free;
    }
    in_variable_ = std::move(taken);
  }

  void make_blocks(int s) {
    const Step& step = program_.step(s);
    std::vector<int> overwritten;  // operands whose memory an output of this step took over
    for (std::size_t o = 0; o < step.outputs.size(); ++o) {
      const int id = step.outputs[o];
      const std::size_t bytes = program_.value(id).type.bytes();
      if (bytes == 0 || (!in_variable_.empty() && in_variable_[at(id)])) continue;
      const int operand = reuse_ ? dying_operand(s, static_cast<int>(o), overwritten) : -1;
      if (operand >= 0) {
        overwritten.push_back(operand);
        block_of_[at(id)] = block_of_[at(operand)];
      } else {
        block_of_[at(id)] = static_cast<int>(blocks_.size());
        blocks_.push_back({.bytes = aligned(bytes), .first = times_[at(s)]});
      }
      Block& block = blocks_[at(block_of_[at(id)])];
      block.last = kept_[at(id)]
                       ? program_.step_count()
                       : times_[at(readers_[at(id)].empty() ? s : readers_[at(id)].back())];
    }
    scratch_block_.push_back(-1);
    if (scratch_[at(s)] == 0) return;
    scratch_block_.back() = static_cast<int>(blocks_.size());
    blocks_.push_back(
        {.bytes = aligned(scratch_[at(s)]), .first = times_[at(s)], .last = times_[at(s)]});
  }

  /// The value that step `s` reads last and whose memory its output may take, or -1.
  int dying_operand(int s, int output, const std::vector<int>& overwritten) const {
    const Step& step = program_.step(s);
    for (const int input : step.inputs) {
      const int root = program_.root(input);
      if (block_of_[at(root)] >= 0 && !kept_[at(root)] && is_last_reader(s, root) &&
          all_reads_permit(step, output, root) &&
          std::ranges::find(overwritten, root) == overwritten.end())
        return root;
    }
    return -1;
  }

  /// Whether all other steps that read `root` are done when step `s` begins.
  bool is_last_reader(int s, int root) const {
    return std::ranges::all_of(readers_[at(root)], [&](int reader) {
      return reader == s || times_[at(reader)] < times_[at(s)];
    });
  }

  std::size_t place_apart() {
    std::size_t total = 0;
    for (Block& block : blocks_) {
      block.offset = total;
      total += block.bytes;
    }
    return total;
  }

  Program& program_;
  std::span<const std::size_t> scratch_;
  std::span<const int> times_;  // of steps
  bool reuse_;
  std::vector<int> producers_;
  std::vector<std::vector<int>> readers_;
  std::vector<bool> kept_;
  std::vector<bool> in_variable_;   // of values: committed in place
  std::vector<int> block_of_;       // of values: in blocks_, or -1
  std::vector<int> scratch_block_;  // of steps
  std::vector<Block> blocks_;
};

}  // namespace

MemoryPlan plan_memory(Program& program, std::span<const std::size_t> scratch,
                       std::span<const int> times, int first_update, bool reuse) {
  return Planner(program, scratch, times, reuse).plan(first_update);
}

}  // namespace abax

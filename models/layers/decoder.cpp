// Decoders of Transformer blocks and of recurrent layers.
#include "models/layers/decoder.h"

#include <algorithm>

#include "core/base/called_from.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "models/layers/layers.h"
#include "models/layers/transformer.h"
#include "ops/attention.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/lookup.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// x [time, rows, width] with the memory's vector, where there is one.
Value with_vector(Value x, Value vector) {
  return vector ? x + reshape(vector, vector.shape().inserted(0, 1)) : x;
}

/// h [time, rows, width] and what it finds in the sequence [length, rows, width] -> [time, rows,
/// width]; h itself where there is none.
Value attend(Value h, Value sequence, Value lengths, const SequenceBlocks& c) {
  if (!sequence) return h;
  const auto scope = h.graph().scope("attention");
  const Value query = linear(h, c.width, "query", /*with_bias=*/false);
  const Value found = attention(query, sequence, sequence, {.heads = 1, .scale = 1}, {}, lengths);
  return dropout(tanh(linear(concat({found, h}, 2), c.width, "output", /*with_bias=*/false)),
                 c.dropout);
}

/// The state that a layer begins with.
RecurrentState start_of(const DecoderMemory& memory, std::size_t layer, const SequenceBlocks& c,
                        Graph& g, std::int64_t rows) {
  return memory.start.empty() ? recurrent_start(g, c.kind, rows, c.width) : memory.start[layer];
}

/// The rows of a batch become those of its hypotheses: row b those from b * beam on.
class Spread {
 public:
  Spread(Graph& g, const DecodingShape& shape) : beam_(shape.beam) {
    Tensor index({shape.rows()}, i32);
    for (std::int64_t row = 0; row < shape.rows(); ++row)
      index.as<std::int32_t>()[static_cast<std::size_t>(row)] =
          static_cast<std::int32_t>(row / shape.beam);
    index_ = g.constant(std::move(index));
  }
  /// Becomes the carried state NAME, whose axis `axis` is of the batch.
  void carry(std::string_view name, Value x, int axis) const {
    const Value rows = beam_ > 1 ? gather(x, index_, axis) : x;
    x.graph().assign(x.graph().carried_state(name, rows.type()), rows);
  }

 private:
  std::int64_t beam_;
  Value index_;  // i32 [rows]
};

/// The inputs of a step, and what it finds of the memory.
struct Step {
  Value tokens, position, parents;  // parents: empty where the beam is 1
  Value lengths;                    // i32 [rows], of the sequences; empty where there are none
  Value vector;                     // [rows, width], or empty
};

Step step_inputs(Value table, const CarriedMemory& memory, const DecodingShape& shape) {
  Graph& g = table.graph();
  const auto vocabulary = static_cast<double>(table.shape()[0]),
             rows = static_cast<double>(shape.rows());
  Step step{g.input("tokens", {1, shape.rows()}, i32, values_in(0, vocabulary)),
            g.input("position", {}, i32, values_in(0, shape.limit)),
            {},
            {},
            {}};
  if (shape.beam > 1) step.parents = g.input("parents", {shape.rows()}, i32, values_in(0, rows));
  if (memory.length > 0)
    step.lengths = g.carried_state("source_lengths", {Shape{shape.rows()}, i32});
  if (memory.vector) step.vector = g.carried_state("vector", {{shape.rows(), table.shape()[1]}});
  return step;
}

Value transformer_step(const Step& step, Value table, const CarriedMemory& memory,
                       const SequenceBlocks& c, const DecodingShape& shape) {
  Graph& g = table.graph();
  const TransformerConfig blocks = transformer_blocks(c);
  const Value filled = step.position + whole_number(g, 1);  // []
  const KeyValueCache cache{.size = shape.limit,
                            .row = step.position,
                            .position = step.position,
                            .last = filled + g.constant(Tensor(Shape{shape.rows()}, i32)),
                            .parents = step.parents};
  const TensorType sequence{{memory.length, shape.rows(), c.width}};
  Value x = with_vector(embed(step.tokens, table, blocks, step.position), step.vector);
  for (int layer = 0; layer < blocks.layers; ++layer) {
    const auto scope = g.scope("block", layer);
    CrossKeys cross;
    if (memory.length > 0)
      cross = {g.carried_state("cross/keys", sequence), g.carried_state("cross/values", sequence),
               step.lengths};
    x = transformer_block(x, blocks, cache, cross);  // [1, rows, width]
  }
  return normalise(x, "norm");
}

Value recurrent_step(const Step& step, Value table, const CarriedMemory& memory,
                     const SequenceBlocks& c, const DecodingShape& shape) {
  Graph& g = table.graph();
  Value x = with_vector(embedding(step.tokens, table), step.vector);  // [1, rows, width]
  for (int layer = 0; layer < c.layers; ++layer) {
    const auto scope = g.scope(c.kind, layer);
    const TensorType type{{shape.rows(), c.width}};
    const RecurrentState state{g.carried_state("h", type),
                               c.kind == "lstm" ? g.carried_state("c", type) : Value{}};
    const auto inherited = [&](Value h) {
      return h && step.parents ? gather(h, step.parents, 0) : h;
    };
    const RecurrentSequence sequence =
        recurrent_layer(x, c.kind, {inherited(state.h), inherited(state.c)});
    g.assign(state.h, sequence.last.h);
    if (state.c) g.assign(state.c, sequence.last.c);
    x = sequence.y;
  }
  if (memory.length == 0) return x;
  const Value sequence = g.carried_state("encoded", {{memory.length, shape.rows(), c.width}});
  return attend(x, sequence, step.lengths, c);
}

/// Throws UsageError where the memory has states that the blocks do not begin with.
void check(const DecoderMemory& memory, const SequenceBlocks& c, SourceLocation where) {
  const std::int64_t states = std::ssize(memory.start);
  if (!are_transformer(c) && states > 0 && states != c.layers)
    throw UsageError(str_cat("a decoder of ", c.layers,
                             " recurrent layers begins with as many states, not ", states,
                             "\n  at ", place_of(where)));
}

}  // namespace

Value decode(Operand given, Value table, const DecoderMemory& memory, const SequenceBlocks& c) {
  check(memory, c, given.where());
  const Value tokens = given.value();
  Graph& g = tokens.graph();
  if (are_transformer(c)) {
    const TransformerConfig blocks = transformer_blocks(c);
    Value x = with_vector(embed(given, table, blocks), memory.vector);  // [time, rows, width]
    for (int layer = 0; layer < blocks.layers; ++layer) {
      const auto scope = g.scope("block", layer);
      CrossKeys cross;
      if (memory.sequence) cross = cross_keys(memory.sequence, memory.lengths, blocks);
      x = transformer_block(x, blocks, WholeSequence{.causal = true}, cross);
    }
    return normalise(x, "norm");
  }
  Value x = with_vector(dropout(embedding(tokens, table), c.dropout), memory.vector);
  for (int layer = 0; layer < c.layers; ++layer) {
    const auto scope = g.scope(c.kind, layer);
    const RecurrentState start =
        start_of(memory, static_cast<std::size_t>(layer), c, g, tokens.shape()[1]);
    x = dropout(recurrent_layer(x, c.kind, start).y, c.dropout);
  }
  return attend(x, memory.sequence, memory.lengths, c);
}

void carry_memory(const DecoderMemory& memory, Value table, const SequenceBlocks& c,
                  const DecodingShape& shape) {
  Graph& g = table.graph();
  check(memory, c, SourceLocation::current());
  const Spread spread(g, shape);
  if (memory.sequence) {
    const auto length = static_cast<std::int32_t>(memory.sequence.shape()[0]);
    Tensor whole({shape.batch}, i32);
    std::ranges::fill(whole.as<std::int32_t>(), length);
    spread.carry("source_lengths", memory.lengths ? memory.lengths : g.constant(std::move(whole)),
                 0);
  }
  if (memory.vector) spread.carry("vector", memory.vector, 0);
  if (are_transformer(c)) {
    if (!memory.sequence) return;
    const TransformerConfig blocks = transformer_blocks(c);
    for (int layer = 0; layer < blocks.layers; ++layer) {
      const auto block = g.scope("block", layer);
      const CrossKeys cross = cross_keys(memory.sequence, memory.lengths, blocks);
      spread.carry("cross/keys", cross.keys, 1);
      spread.carry("cross/values", cross.values, 1);
    }
    return;
  }
  if (memory.sequence) spread.carry("encoded", memory.sequence, 1);
  for (int layer = 0; layer < c.layers; ++layer) {
    const auto block = g.scope(c.kind, layer);
    const RecurrentState start =
        start_of(memory, static_cast<std::size_t>(layer), c, g, shape.batch);
    spread.carry("h", start.h, 0);
    if (start.c) spread.carry("c", start.c, 0);
  }
}

Value decode_step(Value table, const CarriedMemory& memory, const SequenceBlocks& c,
                  const DecodingShape& shape) {
  const Step step = step_inputs(table, memory, shape);
  return are_transformer(c) ? transformer_step(step, table, memory, c, shape)
                            : recurrent_step(step, table, memory, c, shape);
}

}  // namespace abax

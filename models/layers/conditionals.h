// Several variables, independent or each conditional on those before it: categorical latents, rows
// of pixels.
//
//     // q is {.logits = ..} of shape [batch, latents, categories]
//     const Draw drawn = draw(q, noise, choose);            // noise [samples, batch, latents, ..]
//     const Value log_q = log_probability(drawn.logits, drawn.z);  // [samples, batch]
//
// A variable's value is a vector along the last axis: one-hot, or relaxed (between the corners); or
// pixels, whose "logits" are the parameters of their distribution, of another size.
#pragma once

#include <cstdint>
#include <functional>

#include "core/graph/graph.h"

namespace abax {

/// The logits of variable k are logits[k] and, where they are conditional, relu(hidden + sum over j
/// < k of z[j] embedding[j]) output[k] besides: the neural autoregressive estimator of Larochelle
/// and Murray 2011 with values for bits and a direct path. Its cost is linear in the variables.
struct Conditionals {
  Value logits;          // [.., latents, categories]
  Value hidden = {};     // [.., width]; null where the variables are independent, as all below
  Value embedding = {};  // [latents - 1, categories (numbers of a value), width]
  Value output = {};     // [latents, width, categories]
  bool conditional() const { return static_cast<bool>(hidden); }
};

/// Adds the conditionals to `logits`, with the parameters conditional/embedding and
/// conditional/output of the current scope. `hidden` is [.., width], a value has `size` numbers.
Conditionals conditional(Value logits, Value hidden, std::int64_t size,
                         SourceLocation where = SourceLocation::current());

/// What the variables' values and the conditional logits that they were drawn by are.
struct Draw {
  Value z;       // [.., latents, categories]
  Value logits;  // likewise
};

/// From the conditional logits of a variable and its part of the noise (null without noise), both
/// [.., categories], to its value.
using Choose = std::function<Value(Value logits, Value noise)>;

/// Chooses the variables in turn. `noise`, [.., latents, categories], may have more leading axes
/// than the logits: several draws of each. Without it there is one draw of each.
Draw draw(const Conditionals& distribution, Value noise, const Choose& choose,
          SourceLocation where = SourceLocation::current());

/// The conditional logits of each variable where all have the values z [.., latents, categories]:
/// what draw() gave along with them.
Value logits_given(const Conditionals& distribution, Value z,
                   SourceLocation where = SourceLocation::current());

/// log of the probability of one-hot values by their conditional logits, both [.., latents,
/// categories]: [..].
Value log_probability(Value logits, Value z, SourceLocation where = SourceLocation::current());

/// KL(q, p) of each variable between its conditional distributions, [.., latents]. Of independent
/// variables the sum is KL(q, p); else that has its expectation under z of q as its mean.
Value categorical_kl(Value q_logits, Value p_logits,
                     SourceLocation where = SourceLocation::current());

}  // namespace abax

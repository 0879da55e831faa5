// Random tensors, counter-based: element i is a function of the store's seed, the plan's label, the
// node's scoped name, the number of runs before, and i. Adding a node elsewhere changes nothing,
// nor do threads or passes; every run draws anew.
//
//     Value noise = random_normal(g, {batch, width});
//     Value z = mean + exp(0.5f * log_variance) * noise;
//
// Uniform and Bernoulli numbers are the same at every SIMD level; normal and Gumbel numbers go
// through log and may differ between levels in their last bits. No gradient flows into them.
#pragma once

#include "core/graph/graph.h"

namespace abax {

/// f32 in [low, high), in 2^24 steps. Throws UsageError unless low < high, both finite.
Value random_uniform(Graph& graph, Shape shape, float low = 0, float high = 1,
                     SourceLocation where = SourceLocation::current());
/// f32 in (0, 1), symmetric, in 2^23 steps: what normal and Gumbel numbers are made of.
Value random_open_uniform(Graph& graph, Shape shape,
                          SourceLocation where = SourceLocation::current());
/// f32, standard normal, within 5.3 deviations: the quantiles of uniform numbers.
Value random_normal(Graph& graph, Shape shape, SourceLocation where = SourceLocation::current());
/// f32, standard Gumbel -log(-log(u)), within [-2.9, 16.7].
Value random_gumbel(Graph& graph, Shape shape, SourceLocation where = SourceLocation::current());
/// u8, 1 with this probability (in 2^-24 steps, rounded up), else 0. Throws UsageError outside [0,
/// 1].
Value random_bernoulli(Graph& graph, Shape shape, float probability,
                       SourceLocation where = SourceLocation::current());

}  // namespace abax

// Small ops for the tests of core/plan, each of which offers one capability.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "core/plan/compile.h"
#include "core/plan/execution.h"

namespace abax::test {

// Elementwise, as tile programs, with broadcasting and gradients.
Value plus(Value a, Value b);
Value times(Value a, Value b);
Value scaled(Value x, float factor);
/// 1 or 0, u8.
Value less(Value a, Value b);
/// condition ? a : b.
Value select(Value condition, Value a, Value b);
/// a + (b - a) * t.
Value lerp(Value a, Value b, Value t);

/// a * x + b, elementwise, with no capability but a gradient.
Value affine(Value x, float a, float b);
/// {x + 1, x * 2}.
std::vector<Value> two(Value x);
/// y[i] = x[i] + w[i * 7 % size of w] * 0.5: with an epilogue, if one is attached, and with w
/// packed (doubled) where the plan packs. The number of packings is counted in `packings`.
Value mix(Value x, Value w);
extern thread_local int packings;
/// The elements [offset, offset + size of shape) of x in another shape: a view. Only where all of x
/// is taken a gradient flows back.
Value window(Value x, Shape shape, std::int64_t offset);
/// Random bits as numbers in [0, 1), keyed by the node's name, seed and run. Not repeatable.
Value noise(Graph& graph, Shape shape);
/// x, in place where that is possible. Throws DataError at run time where x[0] is negative.
Value positive(Value x);
/// x + a, may overwrite x; in fixed partitions of `chunk` elements.
Value shifted(Value x, float a, std::int64_t chunk = 64);

/// The sum of all elements, in order; a gradient flows back.
Value total(Value x);

/// All elements of a fetched f32 value.
std::vector<float> values(const TensorView& tensor);
/// Compiles, runs once on one thread and gives the outputs.
std::vector<std::vector<float>> evaluate(Graph& graph, std::initializer_list<Value> outputs,
                                         const CompileOptions& options);
/// All passes off but those that `set` switches on.
CompileOptions only(bool CompileOptions::*pass);

}  // namespace abax::test

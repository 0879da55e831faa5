// One table of cases an op family: a row yields the value test, the gradient check, the level and
// thread comparisons, the bad-shape tests and the benchmark of an op.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/graph/graph.h"

namespace abax::cases {

/// A tensor of the reference: every element as a double, whatever the type it stands for.
struct Reference {
  Shape shape;
  std::vector<double> values;
};

/// An argument, filled with seeded random numbers of [low, high): a mask or index takes an integer
/// type.
struct Argument {
  Shape shape;
  DType dtype = f32;
  double low = -1;
  double high = 1;
  bool differentiable = true;       // of no meaning for integer types
  std::vector<double> values = {};  // these instead of random ones
};

struct Case {
  /// "matmul/transposed b, odd": the part before the slash is the builder function under test.
  std::string name;
  std::vector<Argument> arguments;
  std::function<std::vector<Value>(std::span<const Value>)> build;
  /// An independent plain definition in double.
  std::function<std::vector<Reference>(std::span<const Reference>)> reference;
  double tolerance = 2e-6;  // relative to 1 + |expected|
  /// Against central differences of the reference, relative to the greatest of the argument's.
  double gradient_tolerance = 1e-4;
  bool gradient = true;
};

/// Arguments that must be refused when the node is built, with a message that holds these words.
struct BadCase {
  std::string name;
  std::vector<Argument> arguments;
  std::function<void(std::span<const Value>)> build;
  std::vector<std::string> words;  // such as both shapes: "[32, 512]", "[256, 128]"
};

struct Family {
  std::string name;  // "elementwise": the header is ops/<name>.h
  std::vector<Case> cases;
  std::vector<BadCase> bad;
};

/// One function a family, in tests/cases/<family>.cpp, listed in families().
const std::vector<Family>& families();

}  // namespace abax::cases

// The first values of variables.
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/variables.h"

namespace abax::init {
namespace {

Initialiser each(std::function<float(Random&)> draw) {
  return {[draw](Tensor& tensor, Random& random) {
    for (float& x : tensor.as<float>()) x = draw(random);
  }};
}

/// The matrix that a shape is seen as: all axes but the last are rows.
struct Matrix {
  std::int64_t rows, columns;
};
Matrix matrix(const Shape& shape) {
  if (shape.rank() == 0) return {1, 1};
  return {shape.size(0, shape.rank() - 1), shape[shape.rank() - 1]};
}

/// Makes the `count` vectors of `length` at rows of `a` orthonormal (modified Gram-Schmidt, in
/// double).
void orthonormalise(std::vector<double>& a, std::int64_t count, std::int64_t length) {
  for (std::int64_t i = 0; i < count; ++i) {
    double* row = a.data() + i * length;
    for (std::int64_t j = 0; j < i; ++j) {
      const double* other = a.data() + j * length;
      double dot = 0;
      for (std::int64_t k = 0; k < length; ++k) dot += row[k] * other[k];
      for (std::int64_t k = 0; k < length; ++k) row[k] -= dot * other[k];
    }
    double square = 0;
    for (std::int64_t k = 0; k < length; ++k) square += row[k] * row[k];
    const double scale = 1 / std::sqrt(square);
    for (std::int64_t k = 0; k < length; ++k) row[k] *= scale;
  }
}

}  // namespace

Initialiser zeros() {
  return {[](Tensor&, Random&) {}};  // a new tensor is zeros
}

Initialiser constant(float value) {
  return each([value](Random&) { return value; });
}

Initialiser uniform(float low, float high) {
  if (!(low <= high && std::isfinite(low) && std::isfinite(high)))
    throw UsageError(str_cat("init::uniform: expected finite numbers, the lower first, got ", low,
                             " and ", high));
  return each([low, high](Random& random) {
    return static_cast<float>(low + (static_cast<double>(high) - low) * random.uniform());
  });
}

Initialiser normal(float deviation, float mean) {
  if (!(deviation >= 0 && std::isfinite(deviation) && std::isfinite(mean)))
    throw UsageError(
        str_cat("init::normal: expected a finite deviation of at least 0 and a finite mean, got ",
                deviation, " and ", mean));
  return each([deviation, mean](Random& random) {
    return static_cast<float>(mean + deviation * random.normal());
  });
}

Initialiser glorot() {
  return {[](Tensor& tensor, Random& random) {
    const auto [rows, columns] = matrix(tensor.shape());
    const double limit = std::sqrt(6.0 / static_cast<double>(rows + columns));
    for (float& x : tensor.as<float>()) x = static_cast<float>(limit * (2 * random.uniform() - 1));
  }};
}

Initialiser orthogonal(float gain) {
  return {[gain](Tensor& tensor, Random& random) {
    const auto [rows, columns] = matrix(tensor.shape());
    const bool tall = rows > columns;  // then the columns are the orthonormal vectors
    const std::int64_t count = tall ? columns : rows;
    const std::int64_t length = tall ? rows : columns;
    std::vector<double> vectors(static_cast<std::size_t>(count * length));
    for (double& x : vectors) x = random.normal();
    orthonormalise(vectors, count, length);
    const auto out = tensor.as<float>();
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        out[static_cast<std::size_t>(i * columns + j)] = static_cast<float>(
            gain * vectors[static_cast<std::size_t>(tall ? j * length + i : i * length + j)]);
  }};
}

}  // namespace abax::init

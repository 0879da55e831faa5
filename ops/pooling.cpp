// Derived ops: windows become axes of their own, which are reduced or stretched.
#include "ops/pooling.h"

#include <string_view>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/graph/sum.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace abax {
namespace {

/// x as [batch, height / factor, factor, width / factor, factor, channels].
Operand windows(std::string_view op, const Operand& x, std::int64_t factor) {
  const TensorType& type = x.value().type();
  const Shape& s = type.shape;
  if (s.rank() != 4 || type.dtype != f32 || factor < 1 || s[1] % factor != 0 || s[2] % factor != 0)
    throw ShapeError(str_cat(op, ": expected f32[batch, height, width, channels] with height and ",
                             "width multiples of the factor ", factor, " (at least 1), got ", type,
                             x.value().graph().location(x.where())));
  return {reshape(x, {s[0], s[1] / factor, factor, s[2] / factor, factor, s[3]}), x.where()};
}

}  // namespace

Value average_pool(Operand x, std::int64_t factor) {
  return mean(windows("average_pool", x, factor), {2, 4});
}

Value max_pool(Operand x, std::int64_t factor) {
  return max(windows("max_pool", x, factor), {2, 4});
}

Value resize_nearest(Operand x, std::int64_t factor) {
  const Operand pixels = windows("resize_nearest", x, 1);
  if (factor < 1)
    throw ShapeError(str_cat("resize_nearest: expected a factor of at least 1, got ", factor,
                             x.value().graph().location(x.where())));
  const Shape s = x.value().shape();
  const Value stretched = broadcast_to(pixels, {s[0], s[1], factor, s[2], factor, s[3]});
  return reshape({stretched, x.where()}, {s[0], s[1] * factor, s[2] * factor, s[3]});
}

}  // namespace abax

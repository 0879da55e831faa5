// Graphs, element types and shapes of values that come together.
#include "models/latents/together.h"

#include "core/base/error.h"
#include "core/base/text.h"

namespace abax {

void check_together(std::string_view what, const Operand& first,
                    std::initializer_list<std::pair<std::string_view, Value>> others) {
  const auto& where = first.where();
  Graph& g = first.value().graph();
  Shape shape = first.value().shape();
  g.require_own(first.value(), what, where);
  for (const auto& [name, value] : others) {
    g.require_own(value, str_cat(what, ": the ", name), where);
    try {
      if (value.dtype() != f32 || first.value().dtype() != f32)
        throw ShapeError(str_cat(first.value().type(), " and ", value.type(), " are not both f32"));
      shape = broadcast(shape, value.shape());
    } catch (const ShapeError& error) {
      throw ShapeError(
          str_cat(what, ": the ", name, " does not fit: ", error.what(), g.location(where)));
    }
  }
}

void check_one_shape(std::string_view what, const Operand& first,
                     std::initializer_list<std::pair<std::string_view, Value>> others) {
  check_together(what, first, others);
  const Shape& shape = first.value().shape();
  for (const auto& [name, value] : others)
    if (value.shape() != shape)
      throw ShapeError(str_cat(what, ": expected the ", name, " to be of the shape ", shape,
                               ", got ", value.shape(),
                               first.value().graph().location(first.where())));
}

}  // namespace abax

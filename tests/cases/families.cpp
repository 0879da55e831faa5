// The list of all families of cases.
#include "tests/cases/families.h"

namespace abax::cases {

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      attention_family(), convolution_family(), dropout_family(),  elementwise_family(),
      gated_family(),     lookup_family(),      loss_family(),     matmul_family(),
      normalise_family(), pooling_family(),     position_family(), quantise_family(),
      random_family(),    recurrent_family(),   reduce_family(),   shape_family(),
      update_family(),
  };
  return all;
}

}  // namespace abax::cases

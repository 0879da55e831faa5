// The list of all families of cases.
#include "tests/cases/families.h"

namespace abax::cases {

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      elementwise_family(), lookup_family(), matmul_family(),
      random_family(),      reduce_family(), shape_family(),
  };
  return all;
}

}  // namespace abax::cases

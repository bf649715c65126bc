// What Python sees of approximate neighbours.
#include "arrays.hpp"

namespace driftglass {

void bind_neighbors(nb::module_ &) {}

}  // namespace driftglass

// What Python sees of fuzzy graphs and of the layout that follows them.
#include "arrays.hpp"

namespace driftglass {

void bind_layout(nb::module_ &) {}

}  // namespace driftglass

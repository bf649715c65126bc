// What Python sees of the t-SNE kernels.
#include "arrays.hpp"

namespace driftglass {

void bind_tsne(nb::module_ &) {}

}  // namespace driftglass

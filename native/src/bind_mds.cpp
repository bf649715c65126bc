// What Python sees of multidimensional scaling.
#include <driftglass/stress.hpp>

#include <string>

#include "arrays.hpp"

namespace driftglass {
namespace {

nb::tuple pulled(In<float, 2> own, In<float, 2> Y, In<float, 2> wanted, const std::string &variant,
                 std::size_t n_threads) {
    const Stretched given{own.data(),   Y.data(),   wanted.data(),
                          own.shape(0), Y.shape(0), own.shape(1)};
    const Variant chosen = choose_variant(variant);
    require(given.dim >= 1 && given.dim <= kMostComponents, "1 to 64 components can be scaled");
    require(Y.shape(1) == given.dim, "both maps have one number of components");
    require(wanted.shape(0) == given.n && wanted.shape(1) == given.n_sources,
            "one wanted distance per pair is needed");
    auto pull = new_matrix<float>(given.n, given.dim);
    auto stress = new_flat<double>(given.n);
    {
        nb::gil_scoped_release release;
        const std::size_t n = threads(n_threads);
        if (given.dim == 2)
            stress_pull<2>(given, chosen, n, pull.data(), stress.data());
        else if (given.dim == 3)
            stress_pull<3>(given, chosen, n, pull.data(), stress.data());
        else
            stress_pull<0>(given, chosen, n, pull.data(), stress.data());
    }
    return nb::make_tuple(pull, stress);
}

}  // namespace

void bind_mds(nb::module_ &m) {
    m.def("stress_pull", &pulled, "own"_a.noconvert(), "Y"_a.noconvert(), "wanted"_a.noconvert(),
          nb::kw_only(), "variant"_a = "auto", "n_threads"_a = 1);
}

}  // namespace driftglass

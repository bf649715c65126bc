// What Python sees of LocalMAP's forces and draws.
#include <driftglass/pairs.hpp>

#include <string>

#include "arrays.hpp"

namespace driftglass {
namespace {

Matrix<float> nearby(In<float, 2> Y, In<std::int64_t, 1> starts, In<std::int32_t, 1> columns,
                     In<float, 1> values, float offset, const std::string &variant,
                     std::size_t n_threads) {
    const std::size_t n = Y.shape(0), dim = Y.shape(1), n_pairs = columns.shape(0);
    const Variant chosen = choose_variant(variant);
    require(dim >= 1 && dim <= 3, "maps of 1, 2 or 3 components have pairs");
    require(starts.shape(0) == n + 1, "starts has one entry more than there are rows");
    require(values.shape(0) == n_pairs, "one value per column is needed");
    require(starts.data()[0] == 0 && starts.data()[n] == static_cast<std::int64_t>(n_pairs),
            "starts runs from 0 to the number of columns");
    auto out = new_matrix<float>(n, dim);
    {
        nb::gil_scoped_release release;
        const PairList pairs{starts.data(), columns.data(), values.data()};
        const std::size_t count = threads(n_threads);
        if (dim == 1) nearby_forces<1>(Y.data(), n, pairs, offset, chosen, count, out.data());
        if (dim == 2) nearby_forces<2>(Y.data(), n, pairs, offset, chosen, count, out.data());
        if (dim == 3) nearby_forces<3>(Y.data(), n, pairs, offset, chosen, count, out.data());
    }
    return out;
}

void draw(InOut<std::int32_t, 2> pairs, In<float, 2> Y, In<std::int32_t, 2> near, float longest,
          std::uint32_t seed, std::uint32_t n_tries, std::size_t n_threads) {
    require(pairs.shape(0) == Y.shape(0) && near.shape(0) == Y.shape(0),
            "one row of pairs per row of the map is needed");
    require(Y.shape(0) <= 0x7fffffff, "at most 2**31 - 1 rows can be numbered");
    const Drawing given{Y.data(),       near.data(), Y.shape(0), Y.shape(1), near.shape(1),
                        pairs.shape(1), longest,     seed,       n_tries};
    nb::gil_scoped_release release;
    draw_nearby(given, threads(n_threads), pairs.data());
}

}  // namespace

void bind_pairs(nb::module_ &m) {
    m.def("nearby_forces", &nearby, "Y"_a.noconvert(), "starts"_a.noconvert(),
          "columns"_a.noconvert(), "values"_a.noconvert(), "offset"_a, nb::kw_only(),
          "variant"_a = "auto", "n_threads"_a = 1);
    m.def("draw_nearby", &draw, "pairs"_a.noconvert(), "Y"_a.noconvert(), "near"_a.noconvert(),
          nb::kw_only(), "longest"_a, "seed"_a = 0, "n_tries"_a = 100, "n_threads"_a = 1);
}

}  // namespace driftglass

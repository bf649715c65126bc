// What Python sees of products with a graph, of its parts, and of the density of a map.
#include <driftglass/density.hpp>
#include <driftglass/graph.hpp>

#include <cmath>

#include "arrays.hpp"

namespace driftglass {
namespace {

// Rows are read without a further look.
void require_rows(const In<std::int64_t, 1> &starts, const In<std::int32_t, 1> &columns) {
    require(starts.shape(0) >= 1, "starts is empty");
    const std::size_t n = starts.shape(0) - 1;
    bool inside = starts.data()[0] == 0 &&
                  starts.data()[n] == static_cast<std::int64_t>(columns.shape(0));
    for (std::size_t i = 0; i < n; ++i) inside &= starts.data()[i] <= starts.data()[i + 1];
    for (std::size_t i = 0; i < columns.shape(0); ++i)
        inside &= columns.data()[i] >= 0 && columns.data()[i] < static_cast<std::int64_t>(n);
    require(inside, "an edge leads nowhere");
}

Matrix<float> product(In<std::int64_t, 1> starts, In<std::int32_t, 1> columns,
                      In<float, 1> weights, In<float, 2> values, std::size_t n_threads) {
    require_rows(starts, columns);
    const std::size_t n = starts.shape(0) - 1, width = values.shape(1);
    require(weights.shape(0) == columns.shape(0), "one weight per edge is needed");
    require(values.shape(0) == n, "one row of values per point is needed");
    require(width % kColumnsAtOnce == 0, "columns come in fours");
    auto result = new_matrix<float>(n, width);
    nb::gil_scoped_release release;
    graph_product(starts.data(), columns.data(), weights.data(), n, values.data(), width,
                  threads(n_threads), result.data());
    return result;
}

nb::tuple parts(In<std::int64_t, 1> starts, In<std::int32_t, 1> columns) {
    require_rows(starts, columns);
    const std::size_t n = starts.shape(0) - 1;
    auto found = new_flat<std::int32_t>(n);
    std::int32_t n_parts = 0;
    {
        nb::gil_scoped_release release;
        n_parts = graph_parts(starts.data(), columns.data(), n, found.data());
    }
    return nb::make_tuple(n_parts, found);
}

double step(InOut<float, 2> positions, In<std::int64_t, 1> starts, In<std::int32_t, 1> columns,
            In<float, 1> wanted, float a, float b, float shift, float size,
            std::size_t n_threads) {
    require_rows(starts, columns);
    const std::size_t n = starts.shape(0) - 1;
    require(positions.shape(0) == n && wanted.shape(0) == n, "one row per point is needed");
    require(positions.shape(1) >= 1 && positions.shape(1) <= kMaxComponents,
            "1 to 64 components can be laid out");
    const Density density{positions.data(), n, positions.shape(1), starts.data(), columns.data(),
                          wanted.data(),    a, b, shift, size};
    nb::gil_scoped_release release;
    return density_step(density, threads(n_threads));
}

}  // namespace

void bind_graph(nb::module_ &m) {
    m.def("graph_product", &product, "starts"_a.noconvert(), "columns"_a.noconvert(),
          "weights"_a.noconvert(), "values"_a.noconvert(), nb::kw_only(), "n_threads"_a = 1);
    m.def("graph_parts", &parts, "starts"_a.noconvert(), "columns"_a.noconvert());
    m.def("density_step", &step, "positions"_a.noconvert(), "starts"_a.noconvert(),
          "columns"_a.noconvert(), "wanted"_a.noconvert(), nb::kw_only(), "a"_a, "b"_a,
          "shift"_a, "step"_a, "n_threads"_a = 1);
}

}  // namespace driftglass

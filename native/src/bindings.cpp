// What Python sees of the kernels: checks of shapes and bounds, then one call without the GIL.
#include <driftglass/cpu.hpp>
#include <driftglass/distances.hpp>
#include <driftglass/ranks.hpp>
#include <driftglass/select.hpp>

#include <nanobind/stl/optional.h>

#include <optional>

#include "arrays.hpp"

using namespace nanobind::literals;
using namespace driftglass;

namespace {

Selection *make_selection(std::size_t n_rows, std::size_t k, In<float, 1> offsets,
                          const std::string &variant, std::size_t n_threads) {
    require(k >= 1, "k must be at least 1");
    require(offsets.shape(0) <= 0x7fffffff, "at most 2**31 - 1 columns can be numbered");
    return new Selection(n_rows, k,
                         std::vector<float>(offsets.data(), offsets.data() + offsets.shape(0)),
                         choose_variant(variant), threads(n_threads));
}

void update(Selection &selection, In<float, 2> products, std::size_t row_start,
            std::size_t column_start, bool mirrored) {
    const Block block{products.data(), products.shape(0), products.shape(1), row_start,
                      column_start};
    require(row_start + block.n_rows <= selection.n_rows(), "the block has rows past the end");
    require(column_start + block.n_columns <= selection.n_columns(),
            "the block has columns past the end");
    require(!mirrored || (selection.n_rows() == selection.n_columns() &&
                          row_start + block.n_rows <= column_start),
            "a mirrored block lies wholly above the diagonal of a square matrix");
    nb::gil_scoped_release release;
    selection.update(block, mirrored);
}

nb::tuple smallest(Selection &selection) {
    auto values = new_matrix<float>(selection.n_rows(), selection.k());
    auto columns = new_matrix<std::int32_t>(selection.n_rows(), selection.k());
    {
        nb::gil_scoped_release release;
        selection.smallest(values.data(), columns.data());
    }
    return nb::make_tuple(values, columns);
}

Metric metric_of(const std::string &name) {
    if (name == "sqeuclidean") return Metric::squared_euclidean;
    if (name == "cosine") return Metric::cosine;
    if (name == "inner_product") return Metric::inner_product;
    require(name == "manhattan", "metric is sqeuclidean, cosine, inner_product or manhattan");
    return Metric::manhattan;
}

nb::tuple nearest(In<float, 2> X, In<std::int32_t, 1> rows, In<std::int32_t, 2> candidates,
                  std::size_t k, std::optional<In<float, 2>> queries,
                  std::optional<In<float, 2>> bounds, const std::string &metric,
                  const std::string &variant, std::size_t n_threads) {
    require(!queries || queries->shape(1) == X.shape(1), "queries and X have one width");
    require(!bounds || (bounds->shape(0) == candidates.shape(0) &&
                        bounds->shape(1) == candidates.shape(1)),
            "one bound per candidate is needed");
    require(rows.shape(0) == candidates.shape(0), "one row of candidates per query row is needed");
    const Metric measured = metric_of(metric);
    const Vectors vectors{X.data(), X.shape(0), X.shape(1)};
    const Vectors asked =
        queries ? Vectors{queries->data(), queries->shape(0), queries->shape(1)} : vectors;
    const std::size_t n_rows = rows.shape(0), n_candidates = candidates.shape(1);
    const Variant chosen = choose_variant(variant);
    auto distances = new_matrix<double>(n_rows, k);
    auto indices = new_matrix<std::int32_t>(n_rows, k);
    bool inside = true;
    {
        nb::gil_scoped_release release;
        const auto n = static_cast<std::int64_t>(vectors.n_samples);
        for (std::size_t i = 0; i < n_rows; ++i)
            inside &= rows.data()[i] >= 0 &&
                      static_cast<std::size_t>(rows.data()[i]) < asked.n_samples;
        for (std::size_t i = 0; i < n_rows * n_candidates; ++i)
            inside &= candidates.data()[i] < n;
        if (inside)
            nearest_candidates(asked, vectors, rows.data(), n_rows, candidates.data(),
                               n_candidates, bounds ? bounds->data() : nullptr, k, measured,
                               chosen, threads(n_threads), distances.data(), indices.data());
    }
    require(inside, "a row or candidate is not a row of X");
    return nb::make_tuple(distances, indices);
}

Matrix<std::int32_t> below(In<double, 2> values, In<double, 2> limits, const std::string &variant,
                           std::size_t n_threads) {
    require(values.shape(0) == limits.shape(0), "one row of limits per row of values is needed");
    const Variant chosen = choose_variant(variant);
    auto counts = new_matrix<std::int32_t>(values.shape(0), limits.shape(1));
    {
        nb::gil_scoped_release release;
        count_below(values.data(), values.shape(0), values.shape(1), limits.data(),
                    limits.shape(1), chosen, threads(n_threads), counts.data());
    }
    return counts;
}

}  // namespace

NB_MODULE(_kernels, m) {
    m.doc() = "Native loops that NumPy cannot do.";
    // noconvert: an array of another dtype or layout is a mistake, not something to copy.
    m.def("cpu_features", &available_variants);
    nb::class_<Selection>(m, "Selection")
        .def(nb::new_(&make_selection), "n_rows"_a, "k"_a, "offsets"_a.noconvert(), nb::kw_only(),
             "variant"_a = "auto", "n_threads"_a = 1)
        .def("update", &update, "products"_a.noconvert(), "row_start"_a, "column_start"_a,
             nb::kw_only(), "mirrored"_a = false)
        .def("smallest", &smallest);
    m.def("nearest_candidates", &nearest, "X"_a.noconvert(), "rows"_a.noconvert(),
          "candidates"_a.noconvert(), "k"_a, nb::kw_only(),
          "queries"_a.noconvert() = nb::none(), "bounds"_a.noconvert() = nb::none(),
          "metric"_a = "sqeuclidean", "variant"_a = "auto", "n_threads"_a = 1);
    m.def("count_below", &below, "values"_a.noconvert(), "limits"_a.noconvert(), nb::kw_only(),
          "variant"_a = "auto", "n_threads"_a = 1);
    bind_graph(m);
    bind_layout(m);
    bind_mds(m);
    bind_neighbors(m);
    bind_pairs(m);
    bind_rounded(m);
    bind_tsne(m);
}

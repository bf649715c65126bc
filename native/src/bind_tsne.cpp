// What Python sees of the t-SNE kernels: checks of shapes and bounds, then one call without the
// GIL.
#include <driftglass/affinities.hpp>
#include <driftglass/cpu.hpp>
#include <driftglass/grid.hpp>
#include <driftglass/tsne.hpp>
#include <nanobind/stl/optional.h>

#include <optional>

#include "arrays.hpp"

namespace driftglass {

namespace {

// Calls body with the number of components as a constant.
template <class Body>
void with_dimension(std::size_t n_components, const Body &body) {
    using std::integral_constant;
    switch (n_components) {
        case 1: return body(integral_constant<std::size_t, 1>{});
        case 2: return body(integral_constant<std::size_t, 2>{});
        case 3: return body(integral_constant<std::size_t, 3>{});
        default: throw std::invalid_argument("a map has 1, 2 or 3 components");
    }
}

template <class T>
Flat<T> owned(const std::vector<T> &values) {
    auto array = new_flat<T>(values.size());
    std::copy(values.begin(), values.end(), array.data());
    return array;
}

Matrix<float> rows_with_entropy(In<float, 2> distances, In<double, 1> perplexities,
                                std::size_t n_threads) {
    require(distances.shape(1) >= 1, "at least one neighbour per row is needed");
    require(perplexities.shape(0) >= 1, "at least one perplexity is needed");
    auto weights = new_matrix<float>(distances.shape(0), distances.shape(1));
    nb::gil_scoped_release release;
    affinity_rows(distances.data(), distances.shape(0), distances.shape(1), perplexities.data(),
                  perplexities.shape(0), threads(n_threads), weights.data());
    return weights;
}

nb::tuple joint(In<std::int32_t, 2> indices, In<float, 2> weights, std::size_t n_threads) {
    const std::size_t n = indices.shape(0), k = indices.shape(1);
    require(weights.shape(0) == n && weights.shape(1) == k, "one weight per index is needed");
    bool inside = true;
    Csr result;
    {
        nb::gil_scoped_release release;
        for (std::size_t e = 0; e < n * k; ++e)
            inside &= indices.data()[e] >= 0 &&
                      indices.data()[e] < static_cast<std::int64_t>(n);
        if (inside)
            result = symmetrized(indices.data(), weights.data(), n, k, threads(n_threads));
    }
    require(inside, "an index is not a row");
    return nb::make_tuple(owned(result.starts), owned(result.columns), owned(result.values));
}

// Columns are trusted: they come from joint_affinities or from a search of neighbours, and
// looking at each would cost as much as the sum.
Edges as_edges(const In<std::int64_t, 1> &starts, const In<std::int32_t, 1> &columns,
               const In<float, 1> &values, std::size_t n_rows) {
    require(starts.shape(0) == n_rows + 1, "starts has one entry more than there are rows");
    require(columns.shape(0) == values.shape(0), "one value per column is needed");
    require(starts.data()[0] == 0 &&
                starts.data()[n_rows] == static_cast<std::int64_t>(columns.shape(0)),
            "starts runs from 0 to the number of columns");
    return {starts.data(), columns.data(), values.data()};
}

Matrix<float> attract(In<float, 2> own, In<float, 2> Y, In<std::int64_t, 1> starts,
                      In<std::int32_t, 1> columns, In<float, 1> values,
                      const std::string &variant, std::size_t n_threads) {
    require(own.shape(1) == Y.shape(1), "both maps need the same number of components");
    const Edges edges = as_edges(starts, columns, values, own.shape(0));
    const Variant chosen = choose_variant(variant);
    auto out = new_matrix<float>(own.shape(0), own.shape(1));
    with_dimension(own.shape(1), [&](auto D) {
        nb::gil_scoped_release release;
        attraction<D()>(own.data(), own.shape(0), Y.data(), edges, 1.0f, chosen,
                        threads(n_threads), out.data());
    });
    return out;
}

Matrix<float> pair_forces(In<float, 2> own, In<float, 2> Y, In<std::int64_t, 1> starts,
                          In<std::int32_t, 1> columns, In<float, 1> values, double offset,
                          const std::string &variant, std::size_t n_threads) {
    require(own.shape(1) == Y.shape(1), "both maps need the same number of components");
    require(offset > 0.0, "offset must be positive");
    const Edges edges = as_edges(starts, columns, values, own.shape(0));
    const Variant chosen = choose_variant(variant);
    auto out = new_matrix<float>(own.shape(0), own.shape(1));
    with_dimension(own.shape(1), [&](auto D) {
        nb::gil_scoped_release release;
        attraction<D(), true>(own.data(), own.shape(0), Y.data(), edges,
                              static_cast<float>(offset), chosen, threads(n_threads),
                              out.data());
    });
    return out;
}

Matrix<float> field(In<float, 2> points, In<float, 2> sources, const std::string &variant,
                    std::size_t n_threads) {
    require(points.shape(1) == sources.shape(1), "both need the same number of components");
    const Variant chosen = choose_variant(variant);
    auto out = new_matrix<float>(points.shape(0), points.shape(1) + 1);
    with_dimension(points.shape(1), [&](auto D) {
        nb::gil_scoped_release release;
        exact_field<D()>(points.data(), points.shape(0), sources.data(), sources.shape(0), chosen,
                         threads(n_threads), out.data());
    });
    return out;
}

Matrix<float> own_field(In<float, 2> Y, const std::string &variant, std::size_t n_threads) {
    const Variant chosen = choose_variant(variant);
    auto out = new_matrix<float>(Y.shape(0), Y.shape(1) + 1);
    with_dimension(Y.shape(1), [&](auto D) {
        nb::gil_scoped_release release;
        mutual_field<D()>(Y.data(), Y.shape(0), chosen, threads(n_threads), out.data());
    });
    return out;
}

Matrix<float> by_tree(In<float, 2> Y, double theta, const std::string &variant,
                      std::size_t n_threads) {
    require(Y.shape(0) >= 1, "a tree needs a point");
    require(theta >= 0.0, "theta is not negative");
    const Variant chosen = choose_variant(variant);
    auto out = new_matrix<float>(Y.shape(0), Y.shape(1) + 1);
    with_dimension(Y.shape(1), [&](auto D) {
        nb::gil_scoped_release release;
        tree_field<D()>(Y.data(), Y.shape(0), static_cast<float>(theta), chosen,
                        threads(n_threads), out.data());
    });
    return out;
}

Matrix<float> by_tree_at(In<float, 2> points, In<float, 2> Y, double theta,
                         const std::string &variant, std::size_t n_threads) {
    require(Y.shape(0) >= 1, "a tree needs a point");
    require(theta >= 0.0, "theta is not negative");
    require(points.shape(1) == Y.shape(1), "both need the same number of components");
    const Variant chosen = choose_variant(variant);
    auto out = new_matrix<float>(points.shape(0), Y.shape(1) + 1);
    with_dimension(Y.shape(1), [&](auto D) {
        nb::gil_scoped_release release;
        tree_field_at<D()>(points.data(), points.shape(0), Y.data(), Y.shape(0),
                           static_cast<float>(theta), chosen, threads(n_threads), out.data());
    });
    return out;
}

double divergence(In<float, 2> Y, In<std::int64_t, 1> starts, In<std::int32_t, 1> columns,
                  In<float, 1> values, std::size_t n_threads) {
    const Edges edges = as_edges(starts, columns, values, Y.shape(0));
    double total = 0.0;
    with_dimension(Y.shape(1), [&](auto D) {
        nb::gil_scoped_release release;
        total = edge_divergence<D()>(Y.data(), Y.shape(0), edges, threads(n_threads));
    });
    return total;
}

void step(InOut<float, 2> Y, InOut<float, 2> velocity, InOut<float, 2> gains,
          In<float, 2> attraction, In<float, 2> field, double exaggeration, double normalization,
          double learning_rate, double momentum, double longest,
          std::optional<In<float, 2>> anchors, std::optional<In<float, 1>> stiffness,
          std::size_t n_threads) {
    const std::size_t n = Y.shape(0), n_components = Y.shape(1);
    require(velocity.shape(0) == n && velocity.shape(1) == n_components && gains.shape(0) == n &&
                gains.shape(1) == n_components && attraction.shape(0) == n &&
                attraction.shape(1) == n_components,
            "velocity, gains and attraction have the map's shape");
    require(field.shape(0) == n && field.shape(1) == n_components + 1,
            "field has one column more than the map");
    require(anchors.has_value() == stiffness.has_value(), "anchors need stiffness, and it them");
    Springs springs{nullptr, nullptr};
    if (anchors) {
        require(anchors->shape(0) == n && anchors->shape(1) == n_components,
                "anchors have the map's shape");
        require(stiffness->shape(0) == n, "one stiffness per point is needed");
        springs = {anchors->data(), stiffness->data()};
    }
    const Step values{static_cast<float>(exaggeration), static_cast<float>(1.0 / normalization),
                      static_cast<float>(learning_rate), static_cast<float>(momentum),
                      static_cast<float>(longest)};
    with_dimension(n_components, [&](auto D) {
        nb::gil_scoped_release release;
        descend<D()>(Y.data(), velocity.data(), gains.data(), attraction.data(), field.data(),
                     springs, n, values, threads(n_threads));
    });
}

Matrix<float> centered(InOut<float, 2> Y, bool shift) {
    require(Y.shape(0) >= 1, "a map without points has no centre");
    auto bounds = new_matrix<float>(2, Y.shape(1));
    with_dimension(Y.shape(1), [&](auto D) {
        nb::gil_scoped_release release;
        center<D()>(Y.data(), Y.shape(0), shift, bounds.data());
    });
    return bounds;
}

// A grid has one or two axes.
template <class Body>
void with_axes(std::size_t n_components, const Body &body) {
    using std::integral_constant;
    if (n_components == 1) return body(integral_constant<std::size_t, 1>{});
    return body(integral_constant<std::size_t, 2>{});
}

Grid as_grid(const std::vector<double> &low, double spacing,
             const std::vector<std::size_t> &n_nodes, std::size_t n_components) {
    require(low.size() == n_components && n_nodes.size() == n_components,
            "the grid needs a corner and a number of nodes per component");
    require(spacing > 0.0, "spacing must be positive");
    Grid grid{};
    grid.spacing = static_cast<float>(spacing);
    for (std::size_t d = 0; d < n_components; ++d) {
        require(n_nodes[d] >= kNodes, "a grid has at least four nodes along each axis");
        grid.low[d] = static_cast<float>(low[d]);
        grid.n_nodes[d] = n_nodes[d];
    }
    return grid;
}

Flat<float> charges(In<float, 2> Y, const std::vector<double> &low, double spacing,
                      const std::vector<std::size_t> &n_nodes, std::size_t n_threads) {
    require(Y.shape(1) == 1 || Y.shape(1) == 2, "a grid has 1 or 2 axes");
    const Grid grid = as_grid(low, spacing, n_nodes, Y.shape(1));
    std::size_t size = 1;
    for (const std::size_t nodes : n_nodes) size *= nodes;
    auto out = new_flat<float>(size);
    with_axes(Y.shape(1), [&](auto D) {
        nb::gil_scoped_release release;
        spread<D()>(Y.data(), Y.shape(0), grid, threads(n_threads), out.data());
    });
    return out;
}

Matrix<float> at_points(In<float, 2> Y, In<float, 1> potential, const std::vector<double> &low,
                        double spacing, const std::vector<std::size_t> &n_nodes,
                        std::size_t width, std::size_t n_threads) {
    const std::size_t n_components = Y.shape(1);
    require(n_components == 1 || n_components == 2, "a grid has 1 or 2 axes");
    const Grid grid = as_grid(low, spacing, n_nodes, n_components);
    require(width >= n_nodes.back(), "a row of the potential is at least as wide as the grid");
    std::size_t size = width;
    for (std::size_t d = 0; d + 1 < n_components; ++d) size *= n_nodes[d];
    require(potential.shape(0) >= size, "the potential has a value at each node");
    auto out = new_matrix<float>(Y.shape(0), n_components + 1);
    with_axes(n_components, [&](auto D) {
        nb::gil_scoped_release release;
        gather<D()>(Y.data(), Y.shape(0), grid, potential.data(), width, threads(n_threads),
                    out.data());
    });
    return out;
}

}  // namespace

void bind_tsne(nb::module_ &m) {
    m.def("affinity_rows", &rows_with_entropy, "distances"_a.noconvert(),
          "perplexities"_a.noconvert(), nb::kw_only(), "n_threads"_a = 1);
    m.def("joint_affinities", &joint, "indices"_a.noconvert(), "weights"_a.noconvert(),
          nb::kw_only(), "n_threads"_a = 1);
    m.def("tsne_attraction", &attract, "own"_a.noconvert(), "Y"_a.noconvert(),
          "starts"_a.noconvert(), "columns"_a.noconvert(), "values"_a.noconvert(), nb::kw_only(),
          "variant"_a = "auto", "n_threads"_a = 1);
    m.def("pair_forces", &pair_forces, "own"_a.noconvert(), "Y"_a.noconvert(),
          "starts"_a.noconvert(), "columns"_a.noconvert(), "values"_a.noconvert(), "offset"_a,
          nb::kw_only(), "variant"_a = "auto", "n_threads"_a = 1);
    m.def("tsne_field", &field, "points"_a.noconvert(), "sources"_a.noconvert(), nb::kw_only(),
          "variant"_a = "auto", "n_threads"_a = 1);
    m.def("tsne_own_field", &own_field, "Y"_a.noconvert(), nb::kw_only(), "variant"_a = "auto",
          "n_threads"_a = 1);
    m.def("tsne_tree_field", &by_tree, "Y"_a.noconvert(), "theta"_a, nb::kw_only(),
          "variant"_a = "auto", "n_threads"_a = 1);
    m.def("tsne_tree_field_at", &by_tree_at, "points"_a.noconvert(), "sources"_a.noconvert(),
          "theta"_a, nb::kw_only(), "variant"_a = "auto", "n_threads"_a = 1);
    m.def("tsne_divergence", &divergence, "Y"_a.noconvert(), "starts"_a.noconvert(),
          "columns"_a.noconvert(), "values"_a.noconvert(), nb::kw_only(), "n_threads"_a = 1);
    m.def("tsne_step", &step, "Y"_a.noconvert(), "velocity"_a.noconvert(), "gains"_a.noconvert(),
          "attraction"_a.noconvert(), "field"_a.noconvert(), nb::kw_only(), "exaggeration"_a,
          "normalization"_a, "learning_rate"_a, "momentum"_a, "longest"_a,
          "anchors"_a.noconvert() = nb::none(), "stiffness"_a.noconvert() = nb::none(),
          "n_threads"_a = 1);
    m.def("center", &centered, "Y"_a.noconvert(), nb::kw_only(), "shift"_a = true);
    m.def("grid_charges", &charges, "Y"_a.noconvert(), "low"_a, "spacing"_a, "n_nodes"_a,
          nb::kw_only(), "n_threads"_a = 1);
    m.def("grid_gather", &at_points, "Y"_a.noconvert(), "potential"_a.noconvert(), "low"_a,
          "spacing"_a, "n_nodes"_a, "width"_a, nb::kw_only(), "n_threads"_a = 1);
}

}  // namespace driftglass

// What Python sees of fuzzy graphs and of the layout that follows them.
#include <driftglass/edge_layout.hpp>
#include <driftglass/fuzzy.hpp>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "arrays.hpp"

namespace driftglass {
namespace {

nb::tuple memberships(In<float, 2> distances, double connectivity, std::size_t n_threads) {
    require(distances.shape(1) <= kMaxNeighbors, "at most 4096 neighbours per point");
    require(connectivity >= 0.0, "local_connectivity is at least 0");
    const std::size_t n = distances.shape(0), k = distances.shape(1);
    auto found = new_matrix<float>(n, k);
    auto units = new_flat<float>(n), free = new_flat<float>(n);
    {
        nb::gil_scoped_release release;
        fuzzy_memberships(distances.data(), n, k, connectivity, threads(n_threads), found.data(),
                          units.data(), free.data());
    }
    return nb::make_tuple(found, units, free);
}

nb::tuple joined(In<std::int32_t, 2> indices, In<float, 2> weights, float mix,
                 std::size_t n_threads) {
    require(indices.shape(0) == weights.shape(0) && indices.shape(1) == weights.shape(1),
            "indices and memberships have one shape");
    require(mix >= 0.0f && mix <= 1.0f, "set_op_mix_ratio is from 0 to 1");
    const std::size_t n = indices.shape(0), k = indices.shape(1);
    for (std::size_t i = 0; i < n * k; ++i)
        require(indices.data()[i] < static_cast<std::int64_t>(n), "a neighbour is not a row");
    SparseRows rows;
    {
        nb::gil_scoped_release release;
        rows = fuzzy_union(indices.data(), weights.data(), n, k, mix, threads(n_threads));
    }
    auto starts = new_flat<std::int64_t>(n + 1);
    auto columns = new_flat<std::int32_t>(rows.columns.size());
    auto joint = new_flat<float>(rows.columns.size());
    std::copy(rows.starts.begin(), rows.starts.end(), starts.data());
    std::copy(rows.columns.begin(), rows.columns.end(), columns.data());
    std::copy(rows.weights.begin(), rows.weights.end(), joint.data());
    return nb::make_tuple(starts, columns, joint);
}

void require_graph(const In<std::int64_t, 1> &starts, const In<std::int32_t, 1> &columns,
                   std::size_t n_edges, std::size_t n, std::size_t n_targets) {
    require(starts.shape(0) == n + 1, "starts has one entry more than there are positions");
    require(columns.shape(0) == n_edges, "one number per edge is needed");
    // Bounds are read by every thread without a further look.
    bool inside = starts.data()[0] == 0 &&
                  starts.data()[n] == static_cast<std::int64_t>(columns.shape(0));
    for (std::size_t i = 0; i < n; ++i) inside &= starts.data()[i] <= starts.data()[i + 1];
    for (std::size_t i = 0; i < columns.shape(0); ++i)
        inside &= columns.data()[i] >= 0 && columns.data()[i] < static_cast<std::int64_t>(n_targets);
    require(inside, "an edge leads nowhere");
}

EdgeLayout *edge_layout(In<std::int64_t, 1> starts, In<std::int32_t, 1> columns,
                        In<float, 1> weights, std::size_t n_components, std::uint32_t n_epochs,
                        std::uint64_t seed, const nb::object &order, std::size_t n_blocks,
                        std::size_t n_threads) {
    require(starts.shape(0) >= 1 && starts.shape(0) <= 0x7fffffff, "1 to 2**31 - 2 points can move");
    const std::size_t n = starts.shape(0) - 1;
    require_graph(starts, columns, weights.shape(0), n, n);
    require(n_components >= 1 && n_components <= kMaxComponents, "1 to 64 components can be laid out");
    require(n_blocks >= 1 && n_epochs >= 1, "epochs or blocks are missing");
    std::vector<std::int32_t> numbers(n);
    if (order.is_none()) {
        std::iota(numbers.begin(), numbers.end(), 0);
    } else {
        const auto given = nb::cast<In<std::int32_t, 1>>(order);
        std::vector<bool> seen(n, false);
        require(given.shape(0) == n, "order has one entry per point");
        for (std::size_t i = 0; i < n; ++i) {
            const std::int32_t point = given.data()[i];
            require(point >= 0 && static_cast<std::size_t>(point) < n && !seen[point],
                    "order names every point once");
            seen[point] = true;
            numbers[i] = point;
        }
    }
    nb::gil_scoped_release release;
    return new EdgeLayout(starts.data(), columns.data(), weights.data(), n, numbers.data(),
                          n_components, n_blocks, n_epochs, seed, threads(n_threads));
}

void run(EdgeLayout &layout, InOut<float, 2> positions, std::uint32_t first_epoch,
         std::uint32_t last_epoch, float a, float b, float repulsion, float rate,
         std::uint32_t negatives, bool racy, const std::string &variant, std::size_t n_threads) {
    require(positions.shape(0) == layout.n() && positions.shape(1) == layout.dim(),
            "positions have one row per point and one column per component");
    require(last_epoch <= layout.n_epochs(), "there are not so many epochs");
    const Variant chosen = choose_variant(variant);
    nb::gil_scoped_release release;
    layout.run(positions.data(), {a, b, repulsion, rate, negatives}, first_epoch, last_epoch, racy,
               chosen, threads(n_threads));
}

void place(InOut<float, 2> positions, In<float, 2> targets, In<std::int64_t, 1> starts,
           In<std::int32_t, 1> columns, In<float, 1> shares, In<std::uint64_t, 1> keys, float a,
           float b, float repulsion, float rate, std::uint32_t negatives,
           std::uint32_t first_epoch, std::uint32_t last_epoch, std::uint32_t n_epochs,
           std::uint64_t seed, const std::string &variant, std::size_t n_threads) {
    const std::size_t n = positions.shape(0), dim = positions.shape(1);
    const Variant chosen = choose_variant(variant);
    require(dim >= 1 && dim <= kMaxComponents, "1 to 64 components can be laid out");
    require(targets.shape(1) == dim, "positions and targets have one number of components");
    require(targets.shape(0) >= 1 && targets.shape(0) <= 0x7fffffff,
            "1 to 2**31 - 1 targets can be numbered");
    require_graph(starts, columns, shares.shape(0), n, targets.shape(0));
    require(n_epochs >= 1 && last_epoch <= n_epochs, "epochs are missing");
    require(keys.shape(0) == n, "one key per position is needed");
    std::vector<std::uint32_t> fixed(shares.shape(0) + kWidth, 0);
    std::transform(shares.data(), shares.data() + shares.shape(0), fixed.begin(), fixed_share);
    const Layout layout{positions.data(), targets.data(),  targets.shape(0), dim,
                        starts.data(),    columns.data(),  fixed.data(),     negatives,
                        n_epochs,         rate,            seed,             keys.data(),
                        nullptr,          nullptr,         nullptr,          0};
    nb::gil_scoped_release release;
    place_points(layout, {a, b, repulsion, rate, negatives}, positions.data(), n, first_epoch,
                 last_epoch, chosen, threads(n_threads));
}

}  // namespace

void bind_layout(nb::module_ &m) {
    m.def("fuzzy_memberships", &memberships, "distances"_a.noconvert(), "local_connectivity"_a,
          nb::kw_only(), "n_threads"_a = 1);
    m.def("fuzzy_union", &joined, "indices"_a.noconvert(), "memberships"_a.noconvert(),
          "set_op_mix_ratio"_a, nb::kw_only(), "n_threads"_a = 1);
    nb::class_<EdgeLayout>(m, "EdgeLayout")
        .def(nb::new_(&edge_layout), "starts"_a.noconvert(), "columns"_a.noconvert(),
             "weights"_a.noconvert(), "n_components"_a, "n_epochs"_a, nb::kw_only(), "seed"_a,
             "order"_a = nb::none(), "n_blocks"_a = 8, "n_threads"_a = 1)
        .def("run", &run, "positions"_a.noconvert(), "first_epoch"_a, "last_epoch"_a,
             nb::kw_only(), "a"_a, "b"_a, "repulsion"_a, "rate"_a, "negatives"_a,
             "racy"_a = false, "variant"_a = "auto", "n_threads"_a = 1)
        .def_prop_ro("pulls_per_epoch", &EdgeLayout::pulls_per_epoch);
    m.def("place_points", &place, "positions"_a.noconvert(), "targets"_a.noconvert(),
          "starts"_a.noconvert(), "columns"_a.noconvert(), "shares"_a.noconvert(),
          "keys"_a.noconvert(), nb::kw_only(), "a"_a, "b"_a, "repulsion"_a, "rate"_a,
          "negatives"_a, "first_epoch"_a, "last_epoch"_a, "n_epochs"_a, "seed"_a,
          "variant"_a = "auto", "n_threads"_a = 1);
}

}  // namespace driftglass

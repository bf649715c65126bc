// What Python sees of approximate neighbours.
#include <driftglass/descent.hpp>
#include <driftglass/search.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include "arrays.hpp"

namespace driftglass {
namespace {

Measure measure_of(const std::string &name) {
    if (name == "sqeuclidean") return Measure::euclidean;
    if (name == "inner_product") return Measure::inner_product;
    require(name == "manhattan", "measure is sqeuclidean, inner_product or manhattan");
    return Measure::manhattan;
}

Padded padded(const In<float, 2> &X, const In<float, 1> &norms, const std::string &measure) {
    require(X.shape(1) % kWidth == 0, "rows are padded to a multiple of 16 values");
    require(X.shape(0) >= 1 && X.shape(0) <= 0x3fffffff, "1 to 2**30 - 1 rows can be numbered");
    require(norms.shape(0) == X.shape(0), "one norm per row is needed");
    return Padded{X.data(), X.shape(0), X.shape(1), norms.data(), measure_of(measure)};
}

nb::tuple lists_out(Lists &lists, std::size_t n) {
    const std::size_t k = lists.capacity();
    auto values = new_matrix<float>(n, k);
    auto rows = new_matrix<std::int32_t>(n, k);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < k; ++j) {
            const std::uint64_t key = lists.row(i)[j];
            const bool there = key != ~std::uint64_t{0};
            values.data()[i * k + j] =
                there ? key_value(key) : std::numeric_limits<float>::infinity();
            rows.data()[i * k + j] = there ? key_row(key) : -1;
        }
    return nb::make_tuple(values, rows);
}

nb::tuple trees(In<float, 2> sketch, std::size_t n_trees, std::size_t leaf_size,
                std::uint32_t seed, std::size_t n_threads) {
    require(leaf_size >= 2, "a leaf has room for two rows");
    require(sketch.shape(0) >= 1 && sketch.shape(0) <= 0x3fffffff, "1 to 2**30 - 1 rows");
    const Sketch view{sketch.data(), sketch.shape(0), sketch.shape(1)};
    std::vector<Tree> grown(n_trees);
    {
        nb::gil_scoped_release release;
        ThreadPool::shared().run(n_trees, threads(n_threads), [&](std::size_t tree) {
            grown[tree] = grow_tree(view, leaf_size,
                                    seed + 0x9e3779b9u * static_cast<std::uint32_t>(tree + 1));
        });
    }
    auto orders = new_matrix<std::int32_t>(n_trees, view.n);
    for (std::size_t tree = 0; tree < n_trees; ++tree)
        std::copy(grown[tree].order.begin(), grown[tree].order.end(),
                  orders.data() + tree * view.n);
    // Halves are halves: all trees have leaves of the same sizes.
    const std::vector<std::int32_t> &ends = grown.at(0).ends;
    auto shared = new_flat<std::int32_t>(ends.size());
    std::copy(ends.begin(), ends.end(), shared.data());
    return nb::make_tuple(orders, shared);
}

// Holds on to the arrays it reads.
class Descent {
public:
    Descent(In<float, 2> X, In<float, 1> norms, const std::string &measure, std::size_t k,
            std::size_t n_candidates, std::uint32_t seed, const std::string &variant,
            std::size_t n_threads)
        : X_(std::move(X)), norms_(std::move(norms)), view_(padded(X_, norms_, measure)),
          settings_{seed, choose_variant(variant), threads(n_threads)},
          lists_(view_.n, k), fresh_(view_.n, n_candidates), stale_(view_.n, n_candidates) {
        require(k >= 1, "k is at least 1");
        require(n_candidates >= 1 && n_candidates <= kMaxCandidates, "1 to 64 candidates");
    }

    void meet_in_leaves(In<std::int32_t, 1> order, In<std::int32_t, 1> ends) {
        Tree tree{{order.data(), order.data() + order.shape(0)},
                  {ends.data(), ends.data() + ends.shape(0)}};
        bool inside = !tree.ends.empty() &&
                      tree.ends.back() == static_cast<std::int32_t>(tree.order.size());
        for (const std::int32_t row : tree.order)
            inside &= row >= 0 && static_cast<std::size_t>(row) < view_.n;
        for (std::size_t leaf = 0; leaf < tree.ends.size(); ++leaf)
            inside &= tree.ends[leaf] > (leaf == 0 ? 0 : tree.ends[leaf - 1]);
        require(inside, "a leaf has rows that are not there");
        nb::gil_scoped_release release;
        driftglass::meet_in_leaves(view_, tree, settings_, lists_);
    }

    void meet_given(In<std::int32_t, 2> rows) {
        require(rows.shape(0) == view_.n, "one row of neighbours per row of X is needed");
        const std::size_t size = rows.shape(0) * rows.shape(1);
        require(std::all_of(rows.data(), rows.data() + size,
                            [&](std::int32_t row) {
                                return row < static_cast<std::int32_t>(view_.n);
                            }),
                "a neighbour is not a row of X");
        nb::gil_scoped_release release;
        driftglass::meet_given(view_, rows.data(), rows.shape(1), settings_, lists_);
    }

    std::size_t meet_at_neighbors() {
        nb::gil_scoped_release release;
        return driftglass::meet_at_neighbors(view_, settings_, round_++, lists_, fresh_, stale_);
    }

    nb::tuple lists() { return lists_out(lists_, view_.n); }

private:
    In<float, 2> X_;
    In<float, 1> norms_;
    Padded view_;
    DescentSettings settings_;
    Lists lists_, fresh_, stale_;
    std::uint32_t round_ = 0;
};

nb::tuple everyone(In<float, 2> X, In<float, 1> norms, In<std::int32_t, 1> rows, std::size_t k,
                   const std::string &measure, const std::string &variant,
                   std::size_t n_threads) {
    require(k >= 1, "k is at least 1");
    const Padded view = padded(X, norms, measure);
    bool inside = true;
    for (std::size_t i = 0; i < rows.shape(0); ++i)
        inside &= rows.data()[i] >= 0 && static_cast<std::size_t>(rows.data()[i]) < view.n;
    require(inside, "a row is not a row of X");
    const Variant chosen = choose_variant(variant);
    Lists lists(rows.shape(0), k);
    {
        nb::gil_scoped_release release;
        meet_everyone(view, rows.data(), rows.shape(0), chosen, threads(n_threads), lists);
    }
    return lists_out(lists, rows.shape(0));
}

nb::tuple searched(In<float, 2> queries, In<float, 1> query_norms, In<float, 2> X,
                   In<float, 1> norms, In<std::int32_t, 1> entries, In<std::int64_t, 1> starts,
                   In<std::int32_t, 1> columns, std::size_t k, const std::string &measure,
                   const std::string &variant, std::size_t n_threads) {
    require(k >= 1, "k is at least 1");
    const Padded base = padded(X, norms, measure);
    const Variant chosen = choose_variant(variant);
    const std::size_t n = queries.shape(0);
    if (n == 0) {
        Lists none(0, k);
        return lists_out(none, 0);
    }
    const Padded asked = padded(queries, query_norms, measure);
    require(asked.stride == base.stride, "queries and rows have one width");
    const auto is_row = [&](std::int32_t row) {
        return row >= 0 && static_cast<std::size_t>(row) < base.n;
    };
    bool inside = std::all_of(entries.data(), entries.data() + entries.shape(0), is_row) &&
                  std::all_of(columns.data(), columns.data() + columns.shape(0), is_row);
    const bool walks = starts.shape(0) > 0;
    if (walks) {
        inside &= starts.shape(0) == base.n + 1 && starts.data()[0] == 0 &&
                  starts.data()[base.n] == static_cast<std::int64_t>(columns.shape(0));
        for (std::size_t i = 0; inside && i < base.n; ++i)
            inside &= starts.data()[i] <= starts.data()[i + 1];
    }
    require(inside, "an entry or a link leads nowhere");
    const Links links{starts.data(), columns.data()};
    Lists lists(n, k);
    {
        nb::gil_scoped_release release;
        search(asked, base, walks ? &links : nullptr, entries.data(), entries.shape(0), chosen,
               threads(n_threads), lists);
    }
    return lists_out(lists, n);
}

}  // namespace

void bind_neighbors(nb::module_ &m) {
    m.def("grow_trees", &trees, "sketch"_a.noconvert(), "n_trees"_a, "leaf_size"_a, nb::kw_only(),
          "seed"_a = 0, "n_threads"_a = 1);
    nb::class_<Descent>(m, "Descent")
        .def(nb::init<In<float, 2>, In<float, 1>, const std::string &, std::size_t, std::size_t,
                      std::uint32_t, const std::string &, std::size_t>(),
             "X"_a.noconvert(), "norms"_a.noconvert(), "measure"_a, "k"_a, "n_candidates"_a,
             nb::kw_only(), "seed"_a = 0, "variant"_a = "auto", "n_threads"_a = 1)
        .def("meet_in_leaves", &Descent::meet_in_leaves, "order"_a.noconvert(),
             "ends"_a.noconvert())
        .def("meet_given", &Descent::meet_given, "rows"_a.noconvert())
        .def("meet_at_neighbors", &Descent::meet_at_neighbors)
        .def("lists", &Descent::lists);
    m.def("meet_everyone", &everyone, "X"_a.noconvert(), "norms"_a.noconvert(),
          "rows"_a.noconvert(), "k"_a, "measure"_a, nb::kw_only(), "variant"_a = "auto",
          "n_threads"_a = 1);
    m.def("search", &searched, "queries"_a.noconvert(), "query_norms"_a.noconvert(),
          "X"_a.noconvert(), "norms"_a.noconvert(), "entries"_a.noconvert(),
          "starts"_a.noconvert(), "columns"_a.noconvert(), "k"_a, "measure"_a, nb::kw_only(),
          "variant"_a = "auto", "n_threads"_a = 1);
}

}  // namespace driftglass

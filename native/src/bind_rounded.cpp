// What Python sees of searches among rows rounded to 8 bits.
#include <driftglass/cell_search.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "arrays.hpp"

namespace driftglass {
namespace {

template <class T>
Flat<T> copied(const std::vector<T> &values, std::size_t n) {
    auto out = new_flat<T>(n);
    std::copy(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n), out.data());
    return out;
}

// Whole strips are read, so there are offsets beyond the last row; nothing is as far.
std::vector<float> padded_offsets(const QuantizedRows &rows, const In<float, 1> &offsets) {
    require(offsets.shape(0) == rows.n, "one offset per row is needed");
    std::vector<float> all(rows.n_padded(), std::numeric_limits<float>::infinity());
    std::copy(offsets.data(), offsets.data() + rows.n, all.begin());
    return all;
}

void require_rows(const In<std::int32_t, 1> &rows, std::size_t n) {
    bool inside = true;
    for (std::size_t i = 0; i < rows.shape(0); ++i)
        inside &= rows.data()[i] >= 0 && static_cast<std::size_t>(rows.data()[i]) < n;
    require(inside, "a row is not there");
}

class Rounded {
public:
    Rounded(In<float, 2> X, In<std::int32_t, 1> order, In<double, 1> mean, double factor,
            bool centered, bool normalized, const std::string &variant, std::size_t n_threads) {
        const Variant chosen = choose_variant(variant);
        require(mean.shape(0) == X.shape(1), "one mean per feature is needed");
        require(X.shape(0) <= 0x7fffffff, "at most 2**31 - 1 rows can be numbered");
        require(X.shape(1) >= 1 && X.shape(1) <= 131072, "1 to 131072 features");
        require_rows(order, X.shape(0));
        nb::gil_scoped_release release;
        rows_ = quantize(X.data(), order.data(), order.shape(0), X.shape(1),
                         Moved{mean.data(), factor, centered, normalized}, chosen,
                         threads(n_threads));
    }
    explicit Rounded(QuantizedRows rows) : rows_(std::move(rows)) {}

    const QuantizedRows &view() const { return rows_; }
    Flat<float> norms() const { return copied(rows_.norms, rows_.n); }
    Flat<float> scales() const { return copied(rows_.scales, rows_.n); }
    Flat<double> residuals() const { return copied(rows_.residuals, rows_.n); }
    Flat<double> projections() const { return copied(rows_.projections, rows_.n); }
    Matrix<std::int8_t> integers() const {
        auto out = new_matrix<std::int8_t>(rows_.n, rows_.depth);
        std::copy(rows_.rows.begin(),
                  rows_.rows.begin() + static_cast<std::ptrdiff_t>(rows_.n * rows_.depth),
                  out.data());
        return out;
    }
    Rounded taken(In<std::int32_t, 1> which, std::size_t n_threads) const {
        require_rows(which, rows_.n);
        nb::gil_scoped_release release;
        return Rounded(take(rows_, which.data(), which.shape(0), threads(n_threads)));
    }

private:
    QuantizedRows rows_;
};

// Holds on to what it reads.
class AllPairs {
public:
    AllPairs(const Rounded &rounded, In<float, 1> offsets, std::size_t k, const std::string &unit,
             std::size_t n_threads)
        : rows_(rounded.view()), offsets_(padded_offsets(rows_, offsets)),
          search_(choose_unit(unit), threads(n_threads)), n_threads_(threads(n_threads)),
          lists_(rows_.n, k) {
        require(k >= 1, "k is at least 1");
    }

    std::size_t n_rounds() const { return RoundedSearch::n_rounds(rows_.n); }

    void limit(In<float, 1> limits) {
        require(limits.shape(0) == rows_.n, "one limit per row is needed");
        for (std::size_t i = 0; i < rows_.n; ++i) lists_.limit(i, limits.data()[i]);
    }

    void run(std::size_t first, std::size_t last) {
        require(first <= last && last <= n_rounds(), "there are not as many rounds");
        nb::gil_scoped_release release;
        const RoundedView view{&rows_, offsets_.data()};
        for (std::size_t turn = first; turn < last; ++turn) search_.round(view, turn, lists_);
    }

    nb::tuple smallest() {
        auto values = new_matrix<float>(rows_.n, lists_.k());
        auto columns = new_matrix<std::int32_t>(rows_.n, lists_.k());
        {
            nb::gil_scoped_release release;
            lists_.smallest(values.data(), columns.data(), n_threads_);
        }
        return nb::make_tuple(values, columns);
    }

private:
    const QuantizedRows &rows_;
    std::vector<float> offsets_;
    RoundedSearch search_;
    std::size_t n_threads_;
    Shortlists lists_;
};

nb::tuple against_all(const Rounded &asked, In<float, 1> asked_offsets, const Rounded &rounded,
                      In<float, 1> offsets, In<float, 1> limits, std::size_t k,
                      const std::string &unit, std::size_t n_threads) {
    const QuantizedRows &queries = asked.view(), &rows = rounded.view();
    require(k >= 1, "k is at least 1");
    require(queries.depth == rows.depth, "queries and rows have one number of features");
    require(limits.shape(0) == queries.n, "one limit per query is needed");
    const std::vector<float> of_queries = padded_offsets(queries, asked_offsets);
    const std::vector<float> of_rows = padded_offsets(rows, offsets);
    const RoundedSearch search(choose_unit(unit), threads(n_threads));
    auto values = new_matrix<float>(queries.n, k);
    auto columns = new_matrix<std::int32_t>(queries.n, k);
    {
        nb::gil_scoped_release release;
        Shortlists lists(queries.n, k);
        for (std::size_t i = 0; i < queries.n; ++i) lists.limit(i, limits.data()[i]);
        search.against_all(RoundedView{&queries, of_queries.data()},
                           RoundedView{&rows, of_rows.data()}, lists);
        lists.smallest(values.data(), columns.data(), threads(n_threads));
    }
    return nb::make_tuple(values, columns);
}

nb::tuple near_cells(const Rounded &asked, In<float, 1> asked_offsets, const Rounded &rounded,
                     In<float, 1> offsets, In<std::int64_t, 1> starts, In<std::int32_t, 2> chosen,
                     std::size_t k, const std::string &unit, std::size_t n_threads) {
    const QuantizedRows &queries = asked.view(), &rows = rounded.view();
    require(k >= 1, "k is at least 1");
    require(queries.depth == rows.depth, "queries and rows have one number of features");
    require(chosen.shape(0) == queries.n, "one row of cells per query is needed");
    require(starts.shape(0) >= 1 && starts.data()[0] == 0 &&
                starts.data()[starts.shape(0) - 1] == static_cast<std::int64_t>(rows.n),
            "cells hold all rows");
    const std::size_t n_cells = starts.shape(0) - 1;
    bool inside = true;
    for (std::size_t c = 0; c < n_cells; ++c) inside &= starts.data()[c] <= starts.data()[c + 1];
    for (std::size_t at = 0; at < chosen.shape(0) * chosen.shape(1); ++at)
        inside &= chosen.data()[at] >= 0 && static_cast<std::size_t>(chosen.data()[at]) < n_cells;
    require(inside, "a cell is not there");
    const std::vector<float> of_queries = padded_offsets(queries, asked_offsets);
    const std::vector<float> of_rows = padded_offsets(rows, offsets);
    const Cells cells{starts.data(), n_cells, chosen.data(), chosen.shape(1)};
    auto values = new_matrix<float>(queries.n, k);
    auto columns = new_matrix<std::int32_t>(queries.n, k);
    {
        nb::gil_scoped_release release;
        Shortlists lists(queries.n, k);
        CellSearch(RoundedView{&queries, of_queries.data()}, RoundedView{&rows, of_rows.data()},
                   cells, choose_unit(unit))
            .run(lists, threads(n_threads));
        lists.smallest(values.data(), columns.data(), threads(n_threads));
    }
    return nb::make_tuple(values, columns);
}

nb::tuple near_blocks(const Rounded &rounded, In<float, 1> offsets, In<std::int64_t, 1> starts,
                      In<std::int32_t, 1> blocks, In<float, 1> limits, std::size_t first,
                      std::size_t last, std::size_t k, const std::string &unit,
                      std::size_t n_threads) {
    const QuantizedRows &rows = rounded.view();
    const std::size_t n_blocks = (rows.n + kBlock - 1) / kBlock;
    require(k >= 1, "k is at least 1");
    require(first < last && last <= n_blocks, "there are not as many blocks");
    bool inside = starts.shape(0) == n_blocks + 1 && starts.data()[0] == 0 &&
                  starts.data()[n_blocks] == static_cast<std::int64_t>(blocks.shape(0));
    for (std::size_t b = 0; inside && b < n_blocks; ++b)
        inside &= starts.data()[b] <= starts.data()[b + 1];
    for (std::size_t at = 0; inside && at < blocks.shape(0); ++at)
        inside &= blocks.data()[at] >= 0 && static_cast<std::size_t>(blocks.data()[at]) < n_blocks;
    require(inside, "a block is not there");
    const std::size_t n_here = std::min(last * kBlock, rows.n) - first * kBlock;
    require(limits.shape(0) == n_here, "one limit per row is needed");
    const std::vector<float> all = padded_offsets(rows, offsets);
    const RoundedSearch search(choose_unit(unit), threads(n_threads));
    auto values = new_matrix<float>(n_here, k);
    auto columns = new_matrix<std::int32_t>(n_here, k);
    {
        nb::gil_scoped_release release;
        Shortlists lists(n_here, k);
        for (std::size_t i = 0; i < n_here; ++i) lists.limit(i, limits.data()[i]);
        search.near_blocks(RoundedView{&rows, all.data()}, first, last, starts.data(),
                           blocks.data(), lists);
        lists.smallest(values.data(), columns.data(), threads(n_threads));
    }
    return nb::make_tuple(values, columns);
}

}  // namespace

void bind_rounded(nb::module_ &m) {
    m.def("product_units", &available_units);
    nb::class_<Rounded>(m, "Rounded")
        .def(nb::init<In<float, 2>, In<std::int32_t, 1>, In<double, 1>, double, bool, bool,
                      const std::string &, std::size_t>(),
             "X"_a.noconvert(), "order"_a.noconvert(), "mean"_a.noconvert(), nb::kw_only(), "factor"_a = 1.0,
             "centered"_a = false, "normalized"_a = false, "variant"_a = "auto", "n_threads"_a = 1)
        .def_prop_ro("norms", &Rounded::norms, nb::rv_policy::automatic)
        .def_prop_ro("scales", &Rounded::scales, nb::rv_policy::automatic)
        .def_prop_ro("residuals", &Rounded::residuals, nb::rv_policy::automatic)
        .def_prop_ro("projections", &Rounded::projections, nb::rv_policy::automatic)
        .def_prop_ro("integers", &Rounded::integers, nb::rv_policy::automatic)
        .def("take", &Rounded::taken, "rows"_a.noconvert(), nb::kw_only(), "n_threads"_a = 1);
    nb::class_<AllPairs>(m, "AllPairs")
        .def(nb::init<const Rounded &, In<float, 1>, std::size_t, const std::string &,
                      std::size_t>(),
             "rounded"_a, "offsets"_a.noconvert(), "k"_a, nb::kw_only(), "unit"_a = "auto",
             "n_threads"_a = 1, nb::keep_alive<1, 2>())
        .def_prop_ro("n_rounds", &AllPairs::n_rounds)
        .def("limit", &AllPairs::limit, "limits"_a.noconvert())
        .def("run", &AllPairs::run, "first"_a, "last"_a)
        .def("smallest", &AllPairs::smallest);
    m.attr("BLOCK") = kBlock;
    m.def("near_blocks", &near_blocks, "rounded"_a, "offsets"_a.noconvert(),
          "starts"_a.noconvert(), "blocks"_a.noconvert(), "limits"_a.noconvert(), "first"_a,
          "last"_a, "k"_a, nb::kw_only(), "unit"_a = "auto", "n_threads"_a = 1);
    m.def("near_cells", &near_cells, "asked"_a, "asked_offsets"_a.noconvert(), "rounded"_a,
          "offsets"_a.noconvert(), "starts"_a.noconvert(), "chosen"_a.noconvert(), "k"_a,
          nb::kw_only(), "unit"_a = "auto", "n_threads"_a = 1);
    m.def("search_rounded", &against_all, "asked"_a, "asked_offsets"_a.noconvert(), "rounded"_a,
          "offsets"_a.noconvert(), "limits"_a.noconvert(), "k"_a, nb::kw_only(),
          "unit"_a = "auto", "n_threads"_a = 1);
}

}  // namespace driftglass

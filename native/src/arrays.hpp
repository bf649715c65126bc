// What every file of bindings shares: arrays in, arrays out, and checks that speak.
//
// Each subject has a file of its own, bind_<subject>.cpp, which registers its kernels.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstddef>
#include <stdexcept>

namespace driftglass {

namespace nb = nanobind;
using namespace nb::literals;

template <class T, std::size_t N>
using In = nb::ndarray<const T, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
template <class T, std::size_t N>
using InOut = nb::ndarray<T, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
template <class T>
using Matrix = nb::ndarray<nb::numpy, T, nb::ndim<2>, nb::c_contig>;
template <class T>
using Flat = nb::ndarray<nb::numpy, T, nb::ndim<1>, nb::c_contig>;

// An uninitialised matrix that Python owns.
template <class T>
Matrix<T> new_matrix(std::size_t n_rows, std::size_t n_columns) {
    T *data = new T[n_rows * n_columns];
    nb::capsule owner(data, [](void *memory) noexcept { delete[] static_cast<T *>(memory); });
    return Matrix<T>(data, {n_rows, n_columns}, owner);
}

// The same with one dimension.
template <class T>
Flat<T> new_flat(std::size_t n) {
    T *data = new T[n];
    nb::capsule owner(data, [](void *memory) noexcept { delete[] static_cast<T *>(memory); });
    return Flat<T>(data, {n}, owner);
}

inline void require(bool holds, const char *message) {
    if (!holds) throw std::invalid_argument(message);
}

inline std::size_t threads(std::size_t wanted) { return wanted == 0 ? 1 : wanted; }

// One per file of bindings.
void bind_graph(nb::module_ &m);
void bind_layout(nb::module_ &m);
void bind_mds(nb::module_ &m);
void bind_neighbors(nb::module_ &m);
void bind_pairs(nb::module_ &m);
void bind_rounded(nb::module_ &m);
void bind_tsne(nb::module_ &m);

}  // namespace driftglass

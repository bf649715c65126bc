import numpy as np
import pytest

from driftglass._arrays import as_ids, as_vectors, check_paired, finite_rows
from driftglass.errors import InvalidInputError, ShapeError


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u1", "i8", "?"])
def test_vectors_keep_their_dtype(dtype):
    X = np.ones((3, 2), dtype=dtype)

    assert as_vectors(X).dtype == X.dtype


def test_a_contiguous_array_is_not_copied(rng):
    X = rng.normal(size=(4, 3)).astype(np.float32)

    assert as_vectors(X) is X
    assert not np.shares_memory(as_vectors(X, copy=True), X)


def test_big_endian_vectors_become_native():
    X = np.arange(6, dtype=">f4").reshape(3, 2)

    vectors = as_vectors(X)

    assert vectors.dtype.isnative
    np.testing.assert_array_equal(vectors, X)


def test_one_dimension_names_both_ways_out():
    with pytest.raises(ShapeError, match=r"reshape\(-1, 1\).*reshape\(1, -1\)"):
        as_vectors([1.0, 2.0])


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5)])
def test_more_dimensions_suggest_pooling(shape):
    with pytest.raises(ShapeError, match=r"mean\(axis=1\)"):
        as_vectors(np.zeros(shape))


def test_ragged_rows_name_the_first_odd_one():
    with pytest.raises(ShapeError, match="row 0 has 2 values, row 2 has 3"):
        as_vectors([[1, 2], [3, 4], [5, 6, 7]])


def test_ragged_object_array_names_the_first_odd_row():
    ragged = np.empty(2, dtype=object)
    ragged[:] = [[1, 2], [3]]

    with pytest.raises(ShapeError, match="row 0 has 2 values, row 1 has 1"):
        as_vectors(ragged)


def test_objects_that_are_numbers_are_accepted():
    X = np.array([[1, 2.5], [3, 4]], dtype=object)

    np.testing.assert_array_equal(as_vectors(X), [[1, 2.5], [3, 4]])


def test_objects_that_are_not_numbers_are_named():
    X = np.array([[1, "two"]], dtype=object)

    with pytest.raises(InvalidInputError, match=r"'two' \(str\) at position 1"):
        as_vectors(X)


def test_complex_vectors_are_refused():
    with pytest.raises(InvalidInputError, match="complex"):
        as_vectors(np.ones((2, 2), dtype=complex))


@pytest.mark.parametrize("bad", ["text", b"bytes", None, np.array([["a"]])])
def test_what_is_not_numbers_is_refused(bad):
    with pytest.raises(InvalidInputError, match="needed"):
        as_vectors(bad)


def test_sparse_matrices_are_accepted():
    sparse = pytest.importorskip("scipy.sparse")

    np.testing.assert_array_equal(as_vectors(sparse.csr_matrix(np.eye(3))), np.eye(3))


def test_dlpack_objects_are_accepted():
    class Tensor:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **options):
            return self.array.__dlpack__(**options)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    X = np.arange(6.0).reshape(3, 2)

    np.testing.assert_array_equal(as_vectors(Tensor(X)), X)


@pytest.mark.parametrize("ids", [[3, 1, 2], np.array([3, 1, 2], dtype=np.uint8), range(3)])
def test_integer_ids_become_int64(ids):
    assert as_ids(ids).dtype == np.int64


def test_text_ids_stay_text():
    assert as_ids(["b", "a"]).tolist() == ["b", "a"]


def test_mixed_ids_are_refused_rather_than_merged():
    with pytest.raises(InvalidInputError, match=r"'int', 'str'"):
        as_ids([1, "1"])


def test_repeated_ids_are_refused_with_examples():
    with pytest.raises(InvalidInputError, match="repeats 2 of its 3 values: 'a', 'b'"):
        as_ids(["a", "b", "a", "b", "c"])


@pytest.mark.parametrize("ids", [[1.5, 2.5], [None, "a"], [True, False]])
def test_ids_of_other_kinds_are_refused(ids):
    with pytest.raises(InvalidInputError, match="integers"):
        as_ids(ids)


def test_an_over_long_id_is_refused():
    with pytest.raises(InvalidInputError, match=r"ids\[1\] has 600 characters"):
        as_ids(["a", "b" * 600])


def test_ids_in_two_dimensions_are_refused():
    with pytest.raises(ShapeError, match="flat list"):
        as_ids([[1, 2], [3, 4]])


def test_pairs_of_different_length_name_the_remedy(rng):
    with pytest.raises(ShapeError, match=r"5 and 4 rows.*intersect"):
        check_paired(rng.normal(size=(5, 2)), rng.normal(size=(4, 2)))


def test_finite_rows_finds_nan_and_infinity_in_any_block():
    X = np.zeros((7, 3), dtype=np.float32)
    X[2, 1], X[6, 0] = np.nan, np.inf

    assert np.flatnonzero(~finite_rows(X, block=2)).tolist() == [2, 6]

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from driftglass.errors import FormatError, InvalidInputError
from driftglass.server._wire import Frame, decode, dump_json, encode

DTYPES = ["<f4", "<f8", "u1", "<u2", "<u4", "<i4"]
FRAME = Frame(
    {"a": np.arange(6, dtype="<f4").reshape(3, 2), "b": np.arange(5, dtype="u1")}, {"x": 1}
)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.sampled_from(DTYPES).flatmap(
            lambda dtype: hnp.arrays(dtype, hnp.array_shapes(max_dims=3, min_side=0, max_side=5))
        ),
        max_size=4,
    )
)
def test_decoding_gives_back_what_was_encoded(arrays):
    decoded = decode(encode(Frame(arrays, {"names": list(arrays)})))

    assert decoded.meta == {"names": list(arrays)}
    assert list(decoded.arrays) == list(arrays)
    for name, array in arrays.items():
        assert decoded.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(decoded.arrays[name], array)


def test_every_array_starts_at_a_multiple_of_eight():
    body = encode(FRAME)
    length = int.from_bytes(body[4:8], "little")
    header = json.loads(body[8 : 8 + length])

    assert body[:4] == b"DGW1"
    assert (8 + length) % 8 == 0
    assert [entry["offset"] % 8 for entry in header["arrays"]] == [0, 0]


@pytest.mark.parametrize("order", ["F", "strided", "big-endian", "read-only"])
def test_arrays_in_any_layout_travel_in_c_order(order):
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    variants = {
        "F": np.asfortranarray(array),
        "strided": np.repeat(array, 2, axis=0)[::2],
        "big-endian": array.astype(">f4"),
        "read-only": np.frombuffer(array.tobytes(), np.float32).reshape(3, 4),
    }

    np.testing.assert_array_equal(decode(encode(Frame({"a": variants[order]}))).arrays["a"], array)


def test_decoded_arrays_are_views_that_cannot_be_written():
    body = encode(FRAME)
    array = decode(body).arrays["a"]

    assert np.shares_memory(array, np.frombuffer(body, np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1


def test_other_dtypes_are_refused_by_name():
    with pytest.raises(InvalidInputError, match="'a' has dtype int64"):
        encode(Frame({"a": np.arange(3)}))


@pytest.mark.parametrize("length", range(0, len(encode(FRAME)) - 3, 3))
def test_a_truncated_frame_is_refused(length):
    with pytest.raises(FormatError):
        decode(bytes(encode(FRAME)[:length]))


@pytest.mark.parametrize(
    ("what", "value"),
    [("offset", -8), ("offset", 1 << 40), ("shape", [1 << 40, 1 << 40]), ("dtype", "O8")],
)
def test_a_header_that_points_outside_is_refused(what, value):
    body = encode(FRAME)
    length = int.from_bytes(body[4:8], "little")
    header = json.loads(body[8 : 8 + length])
    header["arrays"][0][what] = value
    text = json.dumps(header).encode()
    text = text.ljust(-(-len(text) // 8) * 8)
    forged = b"DGW1" + len(text).to_bytes(4, "little") + text + bytes(body[8 + length :])

    with pytest.raises(FormatError):
        decode(forged)


def test_integers_that_javascript_would_round_travel_as_text():
    value = {"ids": [1, 2**53 - 1, 2**53, -(2**60)], "flag": True}

    assert json.loads(dump_json(value)) == {
        "ids": [1, 2**53 - 1, str(2**53), str(-(2**60))],
        "flag": True,
    }


def test_values_that_are_not_finite_travel_as_null():
    value = [float("nan"), float("inf"), -float("inf"), np.float32("nan"), 1.5]

    assert json.loads(dump_json(value)) == [None, None, None, None, 1.5]


def test_half_a_surrogate_pair_does_not_break_an_answer():
    assert json.loads(dump_json({"a\ud800": "b\udfff", "n": float("nan")})) == {
        "a?": "b?",
        "n": None,
    }


@given(st.text())
def test_any_text_survives(text):
    value = {"t": text}

    assert json.loads(dump_json(value))["t"] == text.encode("utf-8", "replace").decode()

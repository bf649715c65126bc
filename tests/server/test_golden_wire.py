"""The files in tests/golden/wire, which the viewer's tests read too."""

import json
from pathlib import Path

import numpy as np
import pytest

from driftglass.errors import FormatError
from driftglass.server._wire import Frame, decode, encode

FOLDER = Path(__file__).parents[1] / "golden" / "wire"
CASES = sorted(path.stem for path in FOLDER.glob("*.bin"))


def load(name):
    expected = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return (FOLDER / f"{name}.bin").read_bytes(), expected


def test_there_are_golden_frames_of_every_kind():
    assert len(CASES) >= 20
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == CASES


@pytest.mark.parametrize("name", [case for case in CASES if "refused" not in load(case)[1]])
def test_a_golden_frame_holds_what_its_description_says(name):
    body, expected = load(name)

    frame = decode(body)

    assert frame.meta == expected["meta"]
    assert list(frame.arrays) == [entry["name"] for entry in expected["arrays"]]
    for entry in expected["arrays"]:
        array = frame.arrays[entry["name"]]
        assert array.dtype.str[1:] == entry["dtype"]
        assert list(array.shape) == entry["shape"]
        values = np.array([float(value) for value in entry["values"]])
        np.testing.assert_array_equal(array.ravel().astype(float), values.astype(array.dtype))


@pytest.mark.parametrize("name", [case for case in CASES if "refused" not in load(case)[1]])
def test_encoding_writes_the_golden_bytes(name):
    body, _ = load(name)
    frame = decode(body)

    assert bytes(encode(Frame(frame.arrays, frame.meta))) == body


@pytest.mark.parametrize("name", [case for case in CASES if "refused" in load(case)[1]])
def test_a_golden_frame_that_is_broken_is_refused(name):
    with pytest.raises(FormatError):
        decode(load(name)[0])

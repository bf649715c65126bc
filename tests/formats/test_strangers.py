"""Files from strangers: broken or made to harm, each is refused in words and with little memory."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import sys
import zipfile

import numpy as np
import pytest

from driftglass.errors import DriftglassError
from driftglass.formats import read_file

MOST_MEMORY = 200 << 20

ROWS = "1\t2\n3\t4\n"
LABELS = "a\nb\n"


def npy(shape, *, descr="<f4", data=b""):
    """A NumPy file whose header says what it likes."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    header += " " * (64 - (len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def zipped(name, data, *, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def tensors(header, data=b"", *, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def one_tensor(**changes):
    return {"x": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} | changes}


def png(width, height):
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGBA", (width, height)).save(stream, "PNG")
    return stream.getvalue()


def bomb_png(width, height):
    """A picture whose header announces more pixels than it has."""
    data = bytearray(png(8, 8))
    data[16:24] = struct.pack(">II", width, height)
    import zlib

    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def config(**entry):
    return json.dumps({"embeddings": [{"tensorName": "x", "tensorPath": "v.tsv"} | entry]})


def bundle(text=None, **files):
    """A projector's folder: a configuration, and files whose dots are double underscores."""
    held = {"v.tsv": ROWS, "m.tsv": LABELS, "config.json": text or config(metadataPath="m.tsv")}
    return held | {name.replace("__", "."): data for name, data in files.items()}


SPRITE = {"imagePath": "s.png", "singleImageDim": [8, 8]}
DEEP = b'{"a":' * 100_000

UP = {"tensorPath": "a/../../s.tsv"}
UP_IN_WINDOWS = {"tensorPath": "..\\s.tsv"}

# name, files by path (the first is opened, or the folder), message
FILES = [
    ("npy announces 32 GiB", {"x.npy": npy((1 << 33,))}, "not a whole NumPy file"),
    ("npy announces a negative shape", {"x.npy": npy((-1, 4), data=bytes(64))}, "x.npy"),
    ("npy holds objects", {"x.npy": npy((2, 2), descr="|O", data=b"x" * 32)}, "Python objects"),
    ("npy has a header that is code", {"x.npy": npy("__import__('os')")}, "NumPy file"),
    ("npy is cut short", {"x.npy": npy((100, 4), data=b"1234")}, "not a whole"),
    ("npy is empty", {"x.npy": b""}, "is empty"),
    ("npy is a pickle", {"x.npy": pickle.dumps([1, 2])}, "no NumPy file"),
    ("npz announces 8 TiB", {"x.npz": zipped("x.npy", npy((1 << 40, 2)))}, "are there"),
    ("npz member is a pickle", {"x.npz": zipped("x.npy", npy((2,), descr="|O"))}, "Python objects"),
    ("npz is cut in half", {"x.npz": zipped("x.npy", npy((8, 8), data=bytes(256)))[:100]}, "whole"),
    ("npz has no arrays", {"x.npz": zipped("x.txt", b"hello")}, "no array|could be"),
    ("csv is not UTF-8", {"x.csv": b"a,b\n1,\xff\n"}, "not UTF-8"),
    ("csv is ragged", {"x.csv": b"a,b\n1,2\n3\n"}, "line 3"),
    (
        "csv has text after numbers",
        {"x.csv": b"a,b\n" + b"1,2\n" * 9000 + b"3,x\n"},
        "after numbers",
    ),
    ("csv has two columns of one name", {"x.csv": b"a,a\n1,2\n"}, "several columns"),
    ("csv is empty", {"x.csv": b""}, "is empty"),
    ("csv has NUL bytes", {"x.csv": b"a,b\n1,\x002\n"}, "x.csv"),
    ("csv has a line without an end", {"x.csv": b"1," * (10 << 20)}, "no row of a table"),
    ("csv has a field without an end", {"x.csv": b'a,b\n"' + b"x" * 400_000}, "cannot be read"),
    (
        "safetensors announces a huge header",
        {"x.safetensors": tensors({}, length=1 << 62)},
        "cut short",
    ),
    ("safetensors is four bytes", {"x.safetensors": b"1234"}, "no safetensors file"),
    ("safetensors header is no JSON", {"x.safetensors": tensors(b"{'x':")}, "not JSON"),
    ("safetensors header is not UTF-8", {"x.safetensors": tensors(b"\xff\xff")}, "not JSON"),
    ("safetensors header is nested", {"x.safetensors": tensors(DEEP)}, "not JSON"),
    (
        "safetensors lies outside",
        {"x.safetensors": tensors(one_tensor(data_offsets=[0, 1 << 40]), bytes(16))},
        "outside the file",
    ),
    (
        "safetensors begins before itself",
        {"x.safetensors": tensors(one_tensor(data_offsets=[-8, 8]), bytes(16))},
        "outside the file",
    ),
    (
        "safetensors has a wrong count",
        {"x.safetensors": tensors(one_tensor(shape=[1 << 40, 2]), bytes(16))},
        "are there",
    ),
    (
        "safetensors has an unknown type",
        {"x.safetensors": tensors(one_tensor(dtype="OBJ"), bytes(16))},
        "dtype 'OBJ'",
    ),
    (
        "safetensors has a shape of text",
        {"x.safetensors": tensors(one_tensor(shape=["2", 2]), bytes(16))},
        "which no array has",
    ),
    ("json is not JSON", bundle("{]", config__json='{"embeddings": ['), "not JSON"),
    ("json is nested", bundle(config__json=b'{"embeddings":' + b"[" * 100_000), "not JSON"),
    ("json names nothing", bundle('{"embeddings": []}'), "names no embeddings"),
    ("json has a list of numbers", bundle('{"embeddings": [1, 2]}'), "no list of embeddings"),
    ("json names no vectors", bundle(config(tensorPath=None)), "names no file"),
    ("a path goes up", bundle(config(tensorPath="../secret.tsv")), "leaves the folder"),
    (
        "a path goes up behind a folder",
        bundle(config(**UP)),
        "leaves the folder",
    ),
    ("a path goes up in Windows' way", bundle(config(**UP_IN_WINDOWS)), "leaves the folder"),
    ("a path is absolute", bundle(config(tensorPath="/etc/passwd")), "leaves the folder"),
    ("a path names a drive", bundle(config(tensorPath="C:\\x.tsv")), "address|leaves the folder"),
    ("a path names a share", bundle(config(tensorPath="\\\\host\\x.tsv")), "leaves the folder"),
    ("a path is an address", bundle(config(tensorPath="https://x.org/v.tsv")), "network"),
    ("a path is a file address", bundle(config(tensorPath="file:///etc/passwd")), "network"),
    ("a path has a NUL", bundle(config(tensorPath="v.tsv\0.png")), "name of a file"),
    ("a path is a number", bundle(config(tensorPath=3)), "name of a file"),
    (
        "a path is a folder",
        bundle(
            config(tensorPath="."),
        ),
        "no file",
    ),
    ("metadata leaves the folder", bundle(config(metadataPath="../../m.tsv")), "leaves the folder"),
    ("a file is missing", bundle(config(tensorPath="w.tsv")), "no such file"),
    ("labels are too few", bundle(m__tsv="a\n"), "1 rows for 2 vectors"),
    ("labels have an unexpected header", bundle(m__tsv="label\na\nb\n"), "no header"),
    ("a table is ragged", bundle(m__tsv="a\tb\n1\t2\n3\n"), "1 values for 2 columns"),
    ("a table has two columns of one name", bundle(m__tsv="a\ta\n1\t2\n3\t4\n"), "of one name"),
    ("labels are not UTF-8", bundle(m__tsv=b"\xff\xfe\n\xff\n"), "not UTF-8"),
    ("vectors are ragged", bundle(v__tsv="1\t2\n3\n"), "1 values where the first"),
    ("vectors are text", bundle(v__tsv="x\ty\n1\t2\n3\t4\n"), "is no number"),
    ("vectors are not UTF-8", bundle(v__tsv=b"1\t\xff\n"), "not UTF-8"),
    ("vectors are nothing", bundle(v__tsv="\n\n"), "is empty"),
    ("a shape is wrong", bundle(config(tensorShape=[3, 2])), "says"),
    (
        "bytes are too few",
        bundle(config(tensorPath="v.bytes", tensorShape=[1 << 40, 4]), v__bytes=bytes(32)),
        "32 are there",
    ),
    ("bytes have no shape", bundle(config(tensorPath="v.bytes"), v__bytes=bytes(32)), "shape"),
    (
        "bytes have a negative shape",
        bundle(config(tensorPath="v.bytes", tensorShape=[-2, -4]), v__bytes=bytes(32)),
        "no array has",
    ),
    ("a sprite is too small", bundle(config(sprite=SPRITE), s__png=png(8, 8)), "room for 1"),
    ("a sprite is no picture", bundle(config(sprite=SPRITE), s__png=b"<svg/>"), "as a picture"),
    (
        "a sprite is cut short",
        bundle(config(sprite=SPRITE), s__png=png(64, 64)[:60]),
        "as a picture",
    ),
    (
        "a sprite announces 4 gigapixels",
        bundle(config(sprite=SPRITE), s__png=bomb_png(65_000, 65_000)),
        "as a picture|more than any",
    ),
    (
        "a sprite has images of no size",
        bundle(config(sprite={"imagePath": "s.png", "singleImageDim": [0, 8]}), s__png=png(8, 8)),
        "size of one image",
    ),
    (
        "a sprite has no size of images",
        bundle(config(sprite={"imagePath": "s.png"}), s__png=png(8, 8)),
        "size of one image",
    ),
    ("pbtxt ends early", {"p.pbtxt": b"embeddings {", "v.tsv": ROWS}, "not closed"),
    ("pbtxt closes too often", {"p.pbtxt": b"a: 1 } }", "v.tsv": ROWS}, "without an opening"),
    ("pbtxt is nested", {"p.pbtxt": b"embeddings {" * 1000}, "nested deeper"),
    ("pbtxt is binary", {"p.pbtxt": bytes(range(256))}, "not UTF-8|no field"),
    ("pbtxt has a value without a name", {"p.pbtxt": b'"x": 1'}, "name of a field"),
    (
        "pbtxt leaves the folder",
        {"p.pbtxt": b'embeddings { tensor_path: "../../etc/passwd" }'},
        "leaves the folder",
    ),
    ("pbtxt needs a checkpoint", {"p.pbtxt": b'embeddings { tensor_name: "w" }'}, "checkpoint"),
    ("a pickle of PyTorch", {"x.pt": pickle.dumps({"a": 1})}, "can run code"),
    ("a file of no known kind", {"x.docx": b"PK"}, "ends in '.docx'"),
    ("a folder of no known kind", {"d/readme.txt": b"hello"}, "folder of no known kind"),
    ("a folder with broken pictures only", {"d/a.png": b"x", "d/b.jpg": b"y"}, "can be read"),
    ("a data set without data", {"d/state.json": b"{}", "d/dataset_info.json": b"{}"}, "its files"),
    (
        "a data set that leaves its folder",
        {
            "d/state.json": b'{"_data_files": [{"filename": "../x.arrow"}]}',
            "d/dataset_info.json": b"{}",
        },
        "leaves the folder",
    ),
]


def laid_out(tmp_path, files):
    """Write files; returns what is to be opened."""
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    first = next(iter(files))
    if "config.json" in files:
        return tmp_path / "config.json"
    return tmp_path / "d" if first.startswith("d/") else tmp_path / first


def resident():
    """Most memory this process has had, in bytes."""
    resource = pytest.importorskip("resource")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@pytest.mark.parametrize(
    ("files", "message"), [row[1:] for row in FILES], ids=[row[0] for row in FILES]
)
@pytest.mark.filterwarnings("ignore:.*decompression bomb:Warning")
def test_is_refused_in_words_and_with_little_memory(tmp_path, files, message):
    if any(name.endswith((".arrow", "state.json")) for name in files):
        pytest.importorskip("pyarrow")
    path = laid_out(tmp_path, files)
    before = resident()

    with pytest.raises(DriftglassError, match=message):
        read_file(path)
    assert resident() - before < MOST_MEMORY


def test_there_are_more_than_forty_of_them():
    assert len(FILES) >= 40
    assert len({name for name, *_ in FILES}) == len(FILES)


def test_a_link_that_leaves_the_folder_is_not_followed(tmp_path):
    (tmp_path / "secret.tsv").write_text(ROWS)
    inner = tmp_path / "bundle"
    inner.mkdir()
    os.symlink(tmp_path / "secret.tsv", inner / "v.tsv")
    (inner / "config.json").write_text(config())

    with pytest.raises(DriftglassError, match="a link that leaves"):
        read_file(inner)


@pytest.mark.parametrize("name", ["x.arrow", "x.parquet"])
@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_damaged_tables_are_refused(tmp_path, name, damage):
    pytest.importorskip("pyarrow")
    from driftglass.formats import VectorFile, write_file

    path = write_file(tmp_path / name, VectorFile(np.ones((50, 4), np.float32), np.arange(50)))
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "noise":
        data[4 : len(data) - 4] = np.random.default_rng(0).bytes(len(data) - 8)
    else:
        data = bytearray()
    path.write_bytes(data)

    with pytest.raises(DriftglassError, match="whole"):
        read_file(path)


class TestHdf5:
    @pytest.fixture
    def h5py(self):
        return pytest.importorskip("h5py")

    def single_cell(self, h5py, path, fill):
        with h5py.File(path, "w") as file:
            file.create_group("obs").create_dataset("_index", data=[b"a", b"b"])
            fill(file.create_group("obsm"))

    def test_a_link_into_another_file_is_not_followed(self, h5py, tmp_path):
        with h5py.File(tmp_path / "secret.h5", "w") as file:
            file["x"] = np.ones((2, 2))

        def fill(obsm):
            obsm["X_pca"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/x")

        self.single_cell(h5py, tmp_path / "x.h5ad", fill)
        with pytest.raises(DriftglassError, match="leads elsewhere"):
            read_file(tmp_path / "x.h5ad")

    def test_values_in_other_files_are_not_read(self, h5py, tmp_path):
        (tmp_path / "secret.bin").write_bytes(bytes(32))

        def fill(obsm):
            place = [(str(tmp_path / "secret.bin"), 0, 32)]
            obsm.create_dataset("X_pca", (2, 2), "f8", external=place)

        self.single_cell(h5py, tmp_path / "x.h5ad", fill)
        with pytest.raises(DriftglassError, match="in other files"):
            read_file(tmp_path / "x.h5ad")

    def test_an_array_without_its_bytes_is_refused(self, h5py, tmp_path):
        def fill(obsm):
            obsm.create_dataset("X_pca", (2, 1 << 40), "f4", chunks=(1, 1 << 10))

        self.single_cell(h5py, tmp_path / "x.h5ad", fill)
        with pytest.raises(DriftglassError, match="announces shape"):
            read_file(tmp_path / "x.h5ad")

    def test_wrong_counts_and_categories_are_refused(self, h5py, tmp_path):
        self.single_cell(
            h5py,
            tmp_path / "rows.h5ad",
            lambda obsm: obsm.create_dataset("X", data=np.ones((3, 2))),
        )
        with h5py.File(tmp_path / "codes.h5ad", "w") as file:
            group = file.create_group("obs").create_group("kind")
            group["codes"], group["categories"] = [0, 7], [b"a"]
            file.create_group("obsm")["X"] = np.ones((2, 2))

        with pytest.raises(DriftglassError, match="for 2 observations"):
            read_file(tmp_path / "rows.h5ad")
        with pytest.raises(DriftglassError, match="categories it does not have"):
            read_file(tmp_path / "codes.h5ad")

    @pytest.mark.parametrize("name", ["x.h5ad", "x.h5"])
    def test_what_is_no_hdf5_is_refused(self, h5py, tmp_path, name):
        (tmp_path / name).write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))

        with pytest.raises(DriftglassError, match="not a whole HDF5 file"):
            read_file(tmp_path / name)


def test_a_zarr_group_without_its_chunks_is_refused(tmp_path):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(tmp_path / "x.zarr"), mode="w")
    group.create_array("vectors", shape=(1 << 33, 8), chunks=(1 << 10, 8), dtype="f4")

    with pytest.raises(DriftglassError, match="announces shape"):
        read_file(tmp_path / "x.zarr")
    (tmp_path / "x.zarr" / "zarr.json").write_text("{")
    with pytest.raises(DriftglassError, match="not JSON"):
        read_file(tmp_path / "x.zarr")


@pytest.mark.slow
def test_a_file_that_runs_code_does_not_even_with_trust(tmp_path):
    pytest.importorskip("torch")
    mark = tmp_path / "ran"

    class Harm:
        def __reduce__(self):
            return os.system, (f"touch {mark}",)

    (tmp_path / "x.pt").write_bytes(pickle.dumps(Harm()))

    with pytest.raises(DriftglassError, match="not a whole file of tensors"):
        read_file(tmp_path / "x.pt", trust=True)
    assert not mark.exists()

"""PyTorch's files, which can run code: read only on request, and in another process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._optional import require
from ..errors import FormatError, InvalidInputError
from ._tables import pick_vectors, plain_columns
from ._vectors import VectorFile

__all__ = ["read_torch", "write_torch"]

SECONDS = 120
MEMORY = 32 << 30

# Runs by itself in a process of its own, without what the caller has loaded or may open.
CHILD = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, ValueError, OSError):
    pass
import numpy, torch
held = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
if isinstance(held, torch.Tensor):
    held = {"vectors": held}
arrays = {}
def take(prefix, value):
    if isinstance(value, torch.Tensor):
        value = value.detach()
        value = value.float() if value.dtype == torch.bfloat16 else value
        arrays[prefix] = value.to_dense().numpy() if value.is_sparse else value.numpy()
    elif isinstance(value, dict) and prefix.count("/") < 4:
        for name, inner in value.items():
            take(f"{prefix}/{name}" if prefix else str(name), inner)
    elif isinstance(value, list) and value and all(isinstance(x, (int, str)) for x in value):
        arrays[prefix] = numpy.array(value)
take("", held)
arrays = {name.replace("/", "|") or "vectors": value for name, value in arrays.items()}
numpy.savez(sys.argv[2], **arrays)
"""


def read_torch(
    path: Path, array: str | None = None, *, trust: bool = False
) -> tuple[VectorFile, ...]:
    """Vectors of a file of tensors: a state dict, an embedding layer's weights, or one tensor.

    Parameters
    ----------
    path : Path
        File with the ending ``.pt``, ``.pth`` or ``.bin``.
    array : str, optional
        The tensor wanted.
    trust : bool
        Such files are pickles. Even restricted to tensors, reading them has let files run code
        before, so it is done only when asked for, in another process with limited memory.

    Raises
    ------
    InvalidInputError
        `trust` was not given.
    """
    if not trust:
        raise InvalidInputError(
            f"{path.name} is a pickle of PyTorch, which can run code when it is read. If you trust "
            f"whoever made it, pass trust=True or --trust; better, save tensors with "
            f"safetensors.torch.save_file."
        )
    require("torch", extra="torch")
    with tempfile.TemporaryDirectory(prefix="driftglass-") as scratch:
        target = Path(scratch) / "arrays.npz"
        command = [sys.executable, "-I", "-c", CHILD, str(path), str(target), str(MEMORY)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise FormatError(f"{path.name} took longer than {SECONDS} s to read.") from error
        if done.returncode or not target.exists():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            reason = next((line for line in reversed(said) if "Error" in line), "it ended early")
            raise FormatError(
                f"{path.name} is not a whole file of tensors: {reason[:200]}. Objects other than "
                f"tensors, numbers and text are not read."
            )
        with np.load(target, allow_pickle=False) as loaded:
            arrays: dict[str, Any] = {name.replace("|", "/"): loaded[name] for name in loaded.files}
    return (pick_vectors(path, arrays, array),)


def write_torch(path: Path, files: Sequence[VectorFile]) -> None:
    """Write one embedding as a dict of tensors and plain lists."""
    torch = require("torch", extra="torch")
    if len(files) != 1:
        raise InvalidInputError(f"{path.name} holds one embedding; {len(files)} were given.")
    file = files[0]
    tensors = {"vectors": torch.tensor(np.array(file.X)), "ids": file.ids.tolist()}
    for name, values in plain_columns(file.columns).items():
        if name not in tensors:
            tensors[name] = [value if isinstance(value, int) else str(value) for value in values]
    torch.save(tensors, path)

"""Optional packages, imported with one sentence on how to get them."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import MissingDependencyError

__all__ = ["require"]


def require(module: str, *, extra: str) -> Any:
    """Import `module`, or say which extra of driftglass brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"This needs the package {module.partition('.')[0]!r}, which is not installed. "
            f"Install it with: pip install 'driftglass[{extra}]'"
        ) from error

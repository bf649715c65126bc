"""``driftglass version``: what is installed."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

import click

from .. import __version__
from ._console import Console, command_options, examples

__all__ = ["version", "versions"]

PACKAGES = (
    "numpy", "scipy", "scikit-learn", "msgspec", "nanoarrow", "narwhals", "pillow",
    "starlette", "uvicorn", "xxhash",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of driftglass, Python, the system and the packages that matter here."""
    found = {
        "driftglass": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "executable": sys.executable,
    }
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


@click.command(
    epilog=examples(
        "driftglass version",
        "driftglass version --json",
    )
)
@command_options
def version(console: Console) -> None:
    """Print versions.

    Those of driftglass, of Python and of the packages it stands on.
    """
    found = versions()
    console.result(found, (f"{name:14}{value}" for name, value in found.items()))

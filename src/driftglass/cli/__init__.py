"""The command line: ``driftglass serve runs``, ``driftglass demo`` and the rest.

A command parses its arguments, calls one function of the library and prints what comes
back. Nothing is computed here, and nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

from ._main import main

__all__ = ["main"]

"""The names of other tools over ours, so that their scripts run with one import changed.

Each module here stands for one module of another tool. Nothing is computed here.
"""

from __future__ import annotations

__all__: list[str] = []

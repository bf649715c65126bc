"""What made a result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Provenance"]


@dataclass(frozen=True)
class Provenance:
    """What made a result: method, parameters, inputs, seed, version.

    Two results with the same `key` were made from the same bytes in the same way.

    Parameters
    ----------
    method : str
        Name of the method, for example "pca".
    parameters : mapping of str to JSON value
        Parameters that were actually used, defaults included.
    inputs : tuple of str
        Content hashes of the inputs, in order.
    random_state : int or None
        Seed, or None where nothing is random.
    version : str
        Version of the algorithm; it changes when its numbers do.
    """

    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    random_state: int | None = 0
    version: str = "1"

    @property
    def key(self) -> str:
        """Hash of everything above: 32 hexadecimal digits."""
        import xxhash

        return xxhash.xxh3_128_hexdigest(self.to_json().encode())

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "method": self.method,
            "parameters": dict(self.parameters),
            "inputs": list(self.inputs),
            "random_state": self.random_state,
            "version": self.version,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Provenance:
        """Read what `to_dict` gives."""
        return cls(
            method=value["method"],
            parameters=value["parameters"],
            inputs=tuple(value["inputs"]),
            random_state=value["random_state"],
            version=value["version"],
        )

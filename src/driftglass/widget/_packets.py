"""Long messages in pieces: a notebook server drops a connection that carries too much at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import InvalidInputError

__all__ = ["MAX_PIECE", "WINDOW", "Incoming", "Outgoing", "pieces_of"]

MAX_PIECE = 4_000_000
"""Bytes of one message. Jupyter's default limit is 10 MB; proxies in front of it are stricter."""
WINDOW = 2
"""Pieces under way before the other side has said that it has them."""


def pieces_of(data: bytes | bytearray, most: int = MAX_PIECE) -> list[memoryview]:
    """Cut bytes; at least one piece, which may be empty."""
    view = memoryview(data)
    return [view[start : start + most] for start in range(0, max(len(view), 1), most)]


@dataclass
class Outgoing:
    """Pieces on their way out, a few at a time.

    Parameters
    ----------
    pieces : list of bytes-like
        What to send.
    send : callable
        Takes the number of a piece and the piece.
    """

    pieces: list[memoryview]
    send: Callable[[int, memoryview], None]
    _next: int = 0
    _missing: set[int] = field(default_factory=set)

    def begin(self) -> None:
        """Send the first pieces."""
        self._go_on()

    def acknowledged(self, piece: int) -> bool:
        """Take note that a piece has arrived; whether it was the last."""
        self._missing.discard(piece)
        self._go_on()
        return self._next >= len(self.pieces) and not self._missing

    def _go_on(self) -> None:
        while self._next < len(self.pieces) and len(self._missing) < WINDOW:
            number = self._next
            self._next += 1
            self._missing.add(number)
            self.send(number, self.pieces[number])


class Incoming:
    """Pieces on their way in, in any order.

    Parameters
    ----------
    n_pieces : int
        How many there will be.
    most : int
        Bytes of all together.

    Raises
    ------
    InvalidInputError
        More is announced than is taken.
    """

    def __init__(self, n_pieces: int, most: int) -> None:
        limit = -(-most // MAX_PIECE)
        if not 1 <= n_pieces <= limit:
            raise InvalidInputError(
                f"A message of {n_pieces} pieces was announced; 1 to {limit} are taken."
            )
        self._pieces: list[bytes | None] = [None] * n_pieces

    def take(self, number: int, piece: bytes | bytearray | memoryview) -> bytes | None:
        """Keep a piece; the whole once all are here.

        Raises
        ------
        InvalidInputError
            A piece that was not announced, or one that is too long.
        """
        if not 0 <= number < len(self._pieces) or len(piece) > MAX_PIECE:
            raise InvalidInputError(
                f"Piece {number} of {len(self._pieces)} with {len(piece)} bytes cannot be right."
            )
        self._pieces[number] = bytes(piece)
        if any(one is None for one in self._pieces):
            return None
        return b"".join(one for one in self._pieces if one is not None)

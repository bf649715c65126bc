"""News as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from ._question import Events
from ._wire import dump_json

__all__ = ["EventStreamResponse"]

RETRY_MS = 1_000


class EventStreamResponse(StreamingResponse):
    """Answer that goes on until the viewer or the server leaves."""

    def __init__(self, events: Events) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(_lines(events), headers=headers, media_type="text/event-stream")


async def _lines(events: Events) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    async for news in events.subscribe():
        if news is None:
            yield b": still here\n\n"
        else:
            kind, value = news
            # JSON has no raw line ends, so a name cannot break out of its line.
            yield b"event: " + kind.encode() + b"\ndata: " + dump_json(value) + b"\n\n"

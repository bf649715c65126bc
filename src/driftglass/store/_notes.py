"""What a reader of a run should know, as sentences."""

from __future__ import annotations

from collections import defaultdict

from ._budget import counted
from ._embeddings import TITLE
from ._queries import Queries

__all__ = ["notes_of"]


def notes_of(queries: Queries) -> list[str]:
    """Events in order, then what the snapshots themselves say."""
    events = [event for event, _ in queries.events() if event.event != TITLE]
    dropped = [event for event in events if event.event == "dropped"]
    notes = list(dict.fromkeys(e.message for e in events if e not in dropped))
    if len(dropped) > 1:
        total = sum(event.count for event in dropped)
        since = dropped[0].step
        notes.append(
            f"{counted(total, 'snapshot')} from step {since} on had to be dropped because the disk "
            f"was slower than training"
        )
    else:
        notes += [event.message for event in dropped]
    bad = defaultdict(list)
    padded: dict[str, int] = defaultdict(int)
    for part in queries.parts():
        if part.n_not_finite:
            bad[part.space].append(part)
        padded[part.space] += part.n_duplicates
    for space, parts in bad.items():
        last = parts[-1]
        steps = len({part.step for part in parts})
        more = f"; so have {steps - 1} earlier steps" if steps > 1 else ""
        notes.append(
            f"space {space!r}: {last.n_not_finite:,} of {last.n_rows:,} rows are not finite at "
            f"step {last.step}, first: id {last.first_not_finite!r}{more}"
        )
    for space, count in padded.items():
        if count:
            notes.append(
                f"space {space!r}: {count:,} rows repeated an id within their rank and were left "
                f"out, as a distributed sampler does to fill the last batch"
            )
    notes += [f"{key} is damaged: {reason}" for key, reason in queries.damage().items()]
    return notes

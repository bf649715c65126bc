"""Answers that an exported page carries: those the viewer asks for, asked beforehand."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from .._progress import Progress, silent
from .._project import update
from ..errors import DriftglassError, InvalidInputError, NotFoundError
from ._api import find_request
from ._carried_explanations import explanations_of_all
from ._carried_neighbors import NEIGHBORS, neighbors_of_all, why_no_neighbors
from ._library import Library, Reading
from ._measurements import measurements_of_map
from ._question import Content, Json, Question
from ._read import NOTES, clip
from ._recipes import requested
from ._wanted import Wanted
from ._wire import Frame, dump_json, encode

__all__ = ["Carried", "CarriedAnswer", "Wanted", "carry"]

ITEM_BLOCK = 512
"""Items whose details travel together; the page counts on it."""
DIMENSIONS = (2, 3)


@dataclass(frozen=True)
class CarriedAnswer:
    """One answer, as the page finds it.

    Parameters
    ----------
    path : str
        The question: path and sorted parameters.
    kind : {"json", "bytes"}
        What the page reads it as.
    packed : bool
        Whether `data` is under gzip.
    data : bytes
        The answer.
    """

    path: str
    kind: str
    packed: bool
    data: bytes


@dataclass
class Carried:
    """Answers about one run, and what was left out, in words."""

    run: str
    answers: list[CarriedAnswer] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    n_items: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all answers."""
        return sum(len(answer.data) for answer in self.answers)


def carry(
    library: Library, name: str, wanted: Wanted, *, made: str, progress: Progress = silent
) -> Carried:
    """Ask everything that a viewer of the run may ask.

    Parameters
    ----------
    library : Library
        Where the run is.
    name : str
        The run.
    wanted : Wanted
        What of it.
    made : str
        When, in words, for the note that the page shows.
    progress : callable
        Called with (done, total, what); may raise to stop.

    Raises
    ------
    NotFoundError
        No such space, step or column.
    InvalidInputError
        Nothing is left to carry.
    """
    return _Carrying(library, name, wanted, made, progress).all()


class _Carrying:
    def __init__(
        self, library: Library, name: str, wanted: Wanted, made: str, progress: Progress
    ) -> None:
        self.library = library
        self.wanted = wanted
        self.made = made
        self.progress = progress
        self.reading: Reading = library.reading(name)
        self.carried = Carried(name, n_items=len(self.reading.rows))
        run = self.reading.run
        self.spaces = _chosen("space", wanted.spaces, run.spaces)
        self.steps = set(_chosen("step", wanted.steps, run.steps()))
        self.columns = _chosen("metadata column", wanted.columns, list(self.reading.columns))
        self.base = f"/api/runs/{quote(name, safe='')}"
        self.projected: dict[str, list[int]] = {}
        self.keys: set[str] = set()
        self.explained = False

    def all(self) -> Carried:
        shown = [s for s in self.spaces if self.steps.intersection(self.reading.run.steps(s))]
        if not shown:
            raise InvalidInputError(
                f"Nothing of run {self.carried.run!r} is left to export: none of the spaces has "
                f"any of the steps. Name others, or leave the choice out."
            )
        maps = [(s, m, n) for s in shown for m in self.wanted.methods for n in DIMENSIONS]
        for done, (space, method, n_components) in enumerate(maps):
            self.progress(done, len(maps) + 1, f"map of {space} in {n_components}D")
            self._map(space, method, n_components)
        self.progress(len(maps), len(maps) + 1, "items and columns")
        self._items()
        self._columns()
        if self.wanted.images and self.reading.images is not None:
            self._sprites(len(self.reading.images.pages))
        self._predictions()
        self._neighbors(shown)
        self._ask(f"{self.base}/scalars")
        self._ask(f"{self.base}/labels")
        for space in shown:
            # Tracks tell of every step, so they go only where every step goes.
            if self.steps.issuperset(self.reading.run.steps(space)):
                self._measured({"kind": "tracks", "space": space})
        self._catalogue(shown)
        self._views()
        self._leave_out(shown)
        self._describe(shown)
        self.progress(len(maps) + 1, len(maps) + 1, "done")
        self.carried.steps = sorted(self.steps)
        return self.carried

    # One question after the other

    def _answer(self, path: str, **parameters: Any) -> Any:
        found, names = find_request(path)
        names = {name: self.carried.run if name == "run" else v for name, v in names.items()}
        texts = {name: str(value) for name, value in parameters.items()}
        return found["GET"].function(self.library, Question(names, texts))

    def _ask(self, path: str, **parameters: Any) -> Any:
        """Ask, and carry the answer."""
        answer = self._answer(path, **parameters)
        self._carry(path, parameters, answer)
        return answer

    def _carry(self, path: str, parameters: dict[str, Any], answer: Any) -> None:
        pairs = sorted((name, str(value)) for name, value in parameters.items())
        # Written as browsers write it, or the page would not find its answers.
        query = urlencode(pairs, safe="*").replace("~", "%7E")
        key = f"{path}?{query}" if query else path
        if isinstance(answer, Json):
            kind, data = "json", dump_json(answer.value)
        elif isinstance(answer, Frame):
            kind, data = "bytes", bytes(encode(answer))
        else:
            assert isinstance(answer, Content)
            kind, data = "bytes", answer.data
        small = gzip.compress(data, 6, mtime=0)
        packed = len(small) < 0.95 * len(data)
        self.carried.answers.append(CarriedAnswer(key, kind, packed, small if packed else data))

    def _map(self, space: str, method: str, n_components: int) -> None:
        path = f"{self.base}/projection"
        asked = {"space": space, "method": method, "n_components": n_components}
        texts = {name: str(value) for name, value in asked.items()}
        request = requested(self.reading, Question({"run": self.carried.run}, texts))
        update(self.reading.run, request)
        described = self._answer(path, **asked).value
        frames = [one for one in described["frames"] if one["step"] in self.steps]
        steps = [one["step"] for one in frames]
        key = described["key"]
        told: dict[str, Any] = {"status": "ready", "job": None, "reason": None, "pending_steps": []}
        kept = Json({**described, **told, "frames": frames, "steps": steps})
        self._carry(path, asked, kept)
        self._carry(path, {"key": key}, kept)
        for step in steps:
            self._ask(f"{self.base}/frames", projection=key, step=step)
            if n_components == 2:
                self._try(f"{self.base}/clusters", projection=key, step=step)
        whole = len(frames) == len(described["frames"])
        if steps:
            frame = explanations_of_all(self.reading, key, steps[-1])
            if frame is not None:
                self.explained = True
                self._carry(
                    f"{self.base}/explanations", {"projection": key, "step": steps[-1]}, frame
                )
        for asked in measurements_of_map(space, key, steps, whole=whole):
            self._measured(asked)
        self.projected[space] = sorted({*self.projected.get(space, []), *steps})
        self.keys.add(key)

    def _try(self, path: str, **parameters: Any) -> None:
        """Carry an answer that a run need not have."""
        with suppress(DriftglassError):
            self._ask(path, **parameters)

    def _measured(self, asked: dict[str, Any]) -> None:
        """Carry a measurement that is kept; nothing is measured for an export."""
        described = self._answer(f"{self.base}/measurement", **asked).value
        if described["status"] != "ready":
            return
        self._carry(f"{self.base}/measurement", asked, Json(described))
        key = described["key"]
        self._ask(f"{self.base}/measured", key=key)
        if asked["kind"] == "motion":
            for step in sorted(self.steps):
                self._try(f"{self.base}/measured", key=key, step=step)

    def _catalogue(self, shown: Sequence[str]) -> None:
        """Which methods and kept maps there are to choose from: those that are here."""
        self._ask("/api/methods")
        for space in shown:
            listed = self._answer(f"{self.base}/projections", space=space).value
            held = [
                {**one, "steps": [step for step in one["steps"] if step in self.steps]}
                for one in listed
                if one["key"] in self.keys
            ]
            self._carry(f"{self.base}/projections", {"space": space}, Json(held))

    def _views(self) -> None:
        """Views that somebody kept; they open what is here of what they showed."""
        for view in self._ask(f"{self.base}/views").value:
            self._ask(f"{self.base}/views/rows", name=view["name"])
            if view["picture"]:
                self._ask(f"{self.base}/views/picture", name=view["name"])

    def _neighbors(self, shown: Sequence[str]) -> None:
        run, wanted = self.reading.run, self.wanted.neighbors
        n_neighbors = NEIGHBORS if wanted is None else wanted
        too_much = why_no_neighbors(run, shown, self.steps, n_neighbors)
        if n_neighbors == 0 or (wanted is None and too_much):
            self.carried.left_out.append(too_much if n_neighbors and too_much else "neighbours")
            return
        for space in shown:
            for step in run.steps(space):
                if step not in self.steps:
                    continue
                frame = neighbors_of_all(self.reading, space, step, n_neighbors)
                if frame is not None:
                    self._carry(f"{self.base}/nearest", {"space": space, "step": step}, frame)
        self.carried.left_out.append(f"neighbours beyond the {n_neighbors:,} nearest")

    def _items(self) -> None:
        reading = self.reading
        n_rows = len(reading.rows)
        failed = dict(reading.images.failed) if reading.images is not None else {}
        for block, start in enumerate(range(0, n_rows, ITEM_BLOCK)):
            stop = min(start + ITEM_BLOCK, n_rows)
            values = {name: reading.values(name, start, stop) for name in self.columns}
            ids = reading.rows.ids[start:stop].tolist()
            items = [
                {
                    "id": item,
                    "row": start + place,
                    "metadata": {name: column[place] for name, column in values.items()},
                    "prediction": None,
                    "notes": [f"Its image could not be read: {failed[item]}"]
                    if item in failed
                    else [],
                }
                for place, item in enumerate(ids)
            ]
            self._carry(f"{self.base}/items", {"block": block}, Json(items))
        ids = reading.rows.ids.tolist()
        self._carry(f"{self.base}/ids", {}, Json({"start": 0, "stop": n_rows, "ids": ids}))

    def _columns(self) -> None:
        for name in self.columns:
            if self.reading.columns[name].kind != "text":
                self._ask(f"{self.base}/columns", name=name)
            self._carry(f"{self.base}/text", {"name": name}, Json(self._text(name)))

    def _text(self, name: str) -> dict[str, Any]:
        """All windows of a column as one."""
        whole: dict[str, Any] = {"start": 0, "stop": 0, "values": [], "clipped": []}
        n_rows = len(self.reading.rows)
        while whole["stop"] < n_rows:
            part = self._answer(f"{self.base}/text", name=name, start=whole["stop"]).value
            whole["values"] += part["values"]
            whole["clipped"] += part["clipped"]
            whole["stop"] = part["stop"]
        return whole

    def _sprites(self, n_pages: int) -> None:
        self._ask(f"{self.base}/sprite_index")
        for page in range(n_pages):
            self._ask(f"{self.base}/sprites", page=page)

    def _predictions(self) -> None:
        if self.wanted.predictions:
            for step in self.reading.run.prediction_steps:
                if step in self.steps:
                    self._ask(f"{self.base}/predictions", step=step)

    # What the page says of itself

    def _leave_out(self, shown: Sequence[str]) -> None:
        run, say = self.reading.run, self.carried.left_out.append
        self.carried.left_out.insert(0, "the vectors themselves")
        why = "why items are where they are"
        say(f"{why} before the last step, or several at once" if self.explained else why)
        absent = [space for space in run.spaces if space not in shown]
        if absent:
            say(f"{_counted(len(absent), 'space')}: {', '.join(map(repr, absent[:5]))}")
        n_steps = len(set(run.steps()) - self.steps)
        if n_steps:
            say(f"{_counted(n_steps, 'step')} of {len(run.steps())}")
        columns = [name for name in self.reading.columns if name not in self.columns]
        if columns:
            say(f"{_counted(len(columns), 'metadata column')}: {', '.join(map(repr, columns[:5]))}")
        if run.images is not None and not self.wanted.images:
            say("images")
        if run.prediction_steps and not self.wanted.predictions:
            say("predictions")

    def _describe(self, shown: Sequence[str]) -> None:
        described = self._answer(self.base).value
        place = str(self.reading.run.path)
        # Where the run lay is nobody's business; cut only afterwards, or half a path would stay.
        notes = [one.replace(place, self.carried.run) for one in self.reading.run.notes()]
        note = (
            f"This page is a copy made {self.made}. It does not hold "
            f"{'; '.join(self.carried.left_out)}."
        )
        spaces = []
        for space in described["spaces"]:
            if space["name"] in shown:
                held = set(self.projected.get(space["name"], []))
                snapshots = [one for one in space["snapshots"] if one["step"] in held]
                spaces.append({**space, "snapshots": snapshots})
        predicted = [s for s in described["predictions"]["steps"] if s in self.steps]
        kept = {
            **described,
            "state": "closed",
            "spaces": spaces,
            "columns": [one for one in described["columns"] if one["name"] in self.columns],
            "images": described["images"] if self.wanted.images else None,
            "predictions": {"steps": predicted if self.wanted.predictions else []},
            "notes": [*(clip(one)[0] for one in notes[-NOTES:]), note],
        }
        self._carry(self.base, {}, Json(kept))
        names = ("name", "state", "revision", "created")
        self._carry("/api/runs", {}, Json([{name: kept[name] for name in names}]))
        info = self._answer("/api/info").value
        told = {"read_only": True, "store": self.carried.run, "unreadable": {}, "exported": True}
        self._carry("/api/info", {}, Json({**info, **told}))
        self._carry("/api/jobs", {}, Json([]))


def _chosen(what: str, wanted: Collection[Any] | None, available: Sequence[Any]) -> list[Any]:
    if wanted is None:
        return list(available)
    for one in wanted:
        if one not in available:
            raise NotFoundError.for_name(what, one, list(available))
    return [one for one in available if one in wanted]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

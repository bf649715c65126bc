"""A folder of runs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from ..errors import DriftglassError, FormatError, InvalidInputError, NotFoundError, StoreError
from ._blobs import Blobs, within
from ._budget import check_budget
from ._create import gather, make_run
from ._infos import Report
from ._keys import check_run_name
from ._local import LocalBlobs
from ._markers import (
    Options,
    RunMarker,
    now,
    read_run_marker,
    read_store_marker,
    write_store_marker,
)
from ._mounts import catalog_kind
from ._places import check_link, folder_identity, remove_run, run_names
from ._recording import Recording, WhenFull
from ._run import Run
from ._session import WritingSession, changed_options, check_rank, start_committer

__all__ = ["Store"]

Retention = int | Literal["log"] | None
Dtype = Literal["float16", "float32", "keep"] | None
WAIT_FOR_RANK_0 = 60.0


class Store:
    """A folder of runs. Made by `driftglass.open`.

    Parameters
    ----------
    blobs : Blobs
        Where the runs are.
    read_only : bool
        Write nothing at all.
    check : {"on_read", "always", "never"}
        When runs compare data with checksums.
    single : str or None
        Name of the only run, when the folder of a run was opened instead of a store.
    """

    def __init__(
        self,
        blobs: Blobs,
        *,
        read_only: bool = False,
        check: str = "on_read",
        single: str | None = None,
    ) -> None:
        self._blobs = blobs
        self._read_only = read_only
        self._check = check
        self._single = single
        self._open_runs: dict[str, tuple[object, Run]] = {}

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r}, {len(self._names())} runs)"

    @property
    def path(self) -> Path:
        """The folder; an odd name where it is not on a disk."""
        return self._blobs.root if isinstance(self._blobs, LocalBlobs) else Path(repr(self._blobs))

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written."""
        return self._read_only

    # Reading

    def runs(self) -> list[Run]:
        """Every run that can be read, by name; see `unreadable` for the others."""
        found = []
        for name in self._names():
            try:
                found.append(self._reading(name))
            except (FormatError, StoreError, NotFoundError):
                continue
        return found

    def unreadable(self) -> dict[str, str]:
        """Why, by name, for each run that cannot be read."""
        reasons = {}
        for name in self._names():
            try:
                self._reading(name)
            except DriftglassError as error:
                reasons[name] = str(error)
        return reasons

    def run(self, name: str) -> Run:
        """A run by name, for reading; NotFoundError names those that are there."""
        if name not in self._names():
            raise NotFoundError.for_name("run", name, self._names())
        return self._reading(name)

    def _reading(self, name: str) -> Run:
        blobs = self._within(name)
        identity = folder_identity(blobs)
        kept = self._open_runs.get(name)
        if kept is not None and kept[0] == identity and identity is not None:
            return kept[1]
        marker = read_run_marker(blobs, self._place(name))
        if marker is None:
            raise NotFoundError.for_name("run", name, self._names())
        # A renamed folder is a renamed run.
        marker = msgspec.structs.replace(marker, name=name)
        place = self._place(name)
        run = Run(blobs, marker, place, read_only=self._read_only, check=self._check)
        self._open_runs[name] = (identity, run)
        return run

    def _names(self) -> list[str]:
        if self._single is not None:
            return [self._single]
        return run_names(self._blobs)

    def _within(self, name: str) -> Blobs:
        if self._single is not None:
            return self._blobs
        check_link(self._blobs, name)
        return within(self._blobs, name)

    def _place(self, name: str) -> str:
        return str(self.path if self._single is not None else self.path / name)

    # Writing

    def create(
        self,
        name: str,
        *,
        ids: Any = None,
        metadata: Any = None,
        images: Any = None,
        labels: Any = None,
        classes: Sequence[str] | None = None,
        kinds: Mapping[str, str] | None = None,
        image_size: int = 64,
        dtype: Dtype = None,
        durability: Literal["process", "full"] = "process",
        retention: Retention = None,
        max_bytes: int | None = None,
        min_free_bytes: int | None = None,
        expected_steps: int | None = None,
        when_full: WhenFull = "drop",
        strict: bool = False,
        rank: int = 0,
        world_size: int = 1,
        catalog: Literal["sqlite", "journal"] | None = None,
    ) -> Run:
        """Make a new run and open it for writing.

        Parameters
        ----------
        name : str
            1 to 128 letters, digits, ".", "_" and "-".
        ids : sequence or str, optional
            Ids of the rows, integers or text, or the metadata column that holds them; by
            default 0, 1, 2, … for as many items as there are labels, images or table rows.
        metadata : table, optional
            Anything `Metadata.from_table` takes.
        images : sequence, optional
            Anything `SpriteSheet.pack` takes, one image per id; those that fail are counted.
        labels : sequence, optional
            Short for a metadata column "label"; class numbers when `classes` is given.
        classes : sequence of str, optional
            Names of the classes by number.
        kinds : mapping, optional
            Kinds of metadata columns where the guess is wrong.
        image_size : int
            Longest side of a thumbnail in pixels.
        dtype : {"float16", "float32", "keep"}, optional
            Type to store vectors in; by default float16, bfloat16, float32 and 8-bit integers
            stay and everything else becomes float32.
        durability : {"process", "full"}
            "process" survives a killed process at once and a loss of power after a few seconds;
            "full" survives both at once and is slower.
        retention : int or "log", optional
            Keep the last n snapshots of each space, or the first 16 and then eight per doubling.
        max_bytes : int, optional
            Store only scalars beyond this size.
        min_free_bytes : int, optional
            Leave this much of the disk free; by default 1 GiB or 1 % of a small disk.
        expected_steps : int, optional
            How many steps will be logged, for `Run.estimate`.
        when_full : {"drop", "block", "raise"}
            When the disk is slower than training: drop and count, wait up to 30 s, or raise.
        strict : bool
            `Run.log` raises what it would otherwise warn about.
        rank, world_size : int
            Which of how many training processes this is. Rank 0 makes the run, the others wait
            for it.
        catalog : {"sqlite", "journal"}, optional
            By default "journal" on network disks.

        Returns
        -------
        run : Run
            Open for writing.

        Raises
        ------
        InvalidInputError
            The name is taken or an argument cannot be used.
        StoreError
            The store cannot be written.
        """
        self._refuse_read_only()
        check_run_name(name)
        check_budget(
            dtype=dtype,
            durability=durability,
            retention=retention,
            max_bytes=max_bytes,
            min_free_bytes=min_free_bytes,
            expected_steps=expected_steps,
            when_full=when_full,
        )
        check_rank(rank, world_size)
        if rank > 0:
            return self.resume(
                name, rank=rank, world_size=world_size, when_full=when_full, strict=strict
            )
        self._refuse_taken(name)
        contents = gather(
            ids=ids,
            metadata=metadata,
            images=images,
            labels=labels,
            classes=classes,
            kinds=kinds,
            image_size=image_size,
        )
        marker = RunMarker(
            name=name,
            created=now(),
            catalog=self._catalog_kind(catalog),
            options=Options(
                dtype=dtype,
                durability=durability,
                retention=retention,
                max_bytes=max_bytes,
                min_free_bytes=min_free_bytes,
                expected_steps=expected_steps,
            ),
        )
        self._make_root()
        committer, blobs = make_run(self._blobs, marker, contents, rank=rank, world_size=world_size)
        session = WritingSession(blobs, marker, committer, contents.ids)
        return self._writing(session, when_full, strict)

    def resume(
        self,
        name: str,
        *,
        rank: int = 0,
        world_size: int = 1,
        when_full: WhenFull = "drop",
        strict: bool = False,
        timeout: float = WAIT_FOR_RANK_0,
        **changes: Any,
    ) -> Run:
        """Open an existing run for more: after a crash, from another rank, from another process.

        Parameters
        ----------
        name : str
            Name of the run.
        rank, world_size, when_full, strict
            As in `create`.
        timeout : float
            With several ranks, seconds to wait until the run was made.
        **changes
            Any of dtype, durability, retention, max_bytes, min_free_bytes and expected_steps,
            where this writer should differ from what the run was made with.

        Returns
        -------
        run : Run
            Open for writing.

        Raises
        ------
        NotFoundError
            There is no such run.
        """
        self._refuse_read_only()
        check_rank(rank, world_size)
        deadline = time.monotonic() + (timeout if world_size > 1 else 0.0)
        while name not in self._names():
            if time.monotonic() >= deadline:
                raise NotFoundError.for_name("run", name, self._names())
            time.sleep(0.05)
        blobs = self._within(name)
        marker = read_run_marker(blobs, self._place(name))
        if marker is None:
            raise NotFoundError.for_name("run", name, self._names())
        options = changed_options(marker.options, changes)
        check_budget(**msgspec.structs.asdict(options), when_full=when_full)
        marker = msgspec.structs.replace(marker, name=name, options=options)
        committer = start_committer(blobs, marker, rank=rank, world_size=world_size)
        ids = Run(blobs, marker, self._place(name)).declared_ids
        return self._writing(WritingSession(blobs, marker, committer, ids), when_full, strict)

    def _writing(self, session: WritingSession, when_full: WhenFull, strict: bool) -> Run:
        recording = Recording(
            session.open_writer, name=session.marker.name, when_full=when_full, strict=strict
        )
        place = self._place(session.marker.name)
        return Run(session.blobs, session.marker, place, check=self._check, recording=recording)

    def delete(self, name: str) -> None:
        """Remove a run and everything in it; refused while a process writes it."""
        self._refuse_read_only()
        run = self.run(name)
        if self._single is not None:
            raise InvalidInputError(f"{self.path} is a run, not a store; remove the folder itself.")
        if run.state == "writing":
            raise StoreError(
                f"The run {name!r} is being written; close it or end that process first."
            )
        self._open_runs.pop(name, None)
        remove_run(self._blobs, name)

    def gc(self, *, grace: float | None = None, dry_run: bool = False) -> Report:
        """Remove what no reader needs from every run.

        Parameters
        ----------
        grace : float, optional
            Seconds that files must have been unneeded for; an hour by default.
        dry_run : bool
            Only say what would be removed.

        Returns
        -------
        report : Report
            What was removed: unfinished files of dead writers, files that no record names,
            snapshots given up by retention, and derived results beyond 2 GiB.
        """
        from ._gc import collect_store

        self._refuse_read_only()
        return collect_store(self, self._blobs, grace=grace, dry_run=dry_run)

    def _refuse_read_only(self) -> None:
        if self._read_only:
            raise StoreError(f"{self.path} was opened for reading. Open it with read_only=False.")

    def _refuse_taken(self, name: str) -> None:
        if self._single is not None:
            raise InvalidInputError(
                f"{self.path} is a run, not a store. Open the folder above it to make another: "
                f"driftglass.open({str(self.path.parent)!r})."
            )
        for other in self._names():
            if other == name:
                raise InvalidInputError(
                    f"There is a run named {name!r} in {self.path}. Choose another name, add to "
                    f"it with store.resume({name!r}), or remove it with store.delete({name!r})."
                )
            if other.casefold() == name.casefold():
                raise InvalidInputError(
                    f"There is a run named {other!r}, which differs from {name!r} only in case "
                    f"and would be the same folder on many disks. Choose another name."
                )

    def _catalog_kind(self, asked: str | None) -> Literal["sqlite", "journal"]:
        if not isinstance(self._blobs, LocalBlobs):
            return "journal"
        place = self.path
        while not place.exists():
            place = place.parent
        return catalog_kind(place, asked)

    def _make_root(self) -> None:
        if not isinstance(self._blobs, LocalBlobs):
            return
        try:
            if read_store_marker(self._blobs, str(self.path)) is None:
                write_store_marker(self._blobs)
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written: {error.strerror}. Check its permissions, or open "
                f"another folder."
            ) from error

"""One training run: what was logged, and, while it is written, the place to log to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .._progress import Progress, silent
from ..errors import StoreError
from ._infos import Report
from ._logging import RunLogger

if TYPE_CHECKING:
    pass

__all__ = ["Run"]


class Run(RunLogger):
    """One training run, or one import. `Store.create`, `Store.resume` and `Store.run` make it.

    Reading never locks and works beside any number of writers. On a run that this process
    writes, reading waits until what was logged before is stored.

    Parameters
    ----------
    blobs, marker, place, read_only, check, recording
        As in `RunLogger`.

    Examples
    --------
    >>> import tempfile, numpy as np, driftglass as dg
    >>> store = dg.open(tempfile.mkdtemp())
    >>> with store.create("digits", labels=["three", "five"]) as run:
    ...     for step in range(3):
    ...         accepted = run.log(step, {"hidden": np.eye(2) * step}, scalars={"loss": 1.0})
    >>> store.run("digits").snapshot("hidden", 2).vectors
    memmap([[2., 0.],
            [0., 2.]], dtype=float32)
    """

    def __repr__(self) -> str:
        mode = "writing" if self._recording and not self._recording.closed else "reading"
        return f"Run({self.name!r}, {mode}, {self._place!r})"

    def verify(self, *, full: bool = True, progress: Progress = silent) -> Report:
        """Compare what is stored with its checksums.

        Parameters
        ----------
        full : bool
            Read every byte; otherwise only look at names, sizes and records.
        progress : callable
            Called with bytes done, bytes in all, and what is done.

        Returns
        -------
        report : Report
            One problem per file that differs, with chunk, space and step. Unless the store was
            opened for reading, damaged files are marked for every later reader.
        """
        from ._verify import verify_run

        mark = not self._read_only
        return verify_run(
            self._blobs, self._marker, self._place, full=full, progress=progress, mark=mark
        )

    def repair(self) -> Report:
        """Rebuild the catalog from the journals and files. Nothing is deleted."""
        from ._repair import repair_run

        self._refuse_read_only("repaired")
        self._source.close()
        return repair_run(self._blobs, self._marker, self._place)

    def gc(self, *, grace: float | None = None, dry_run: bool = False) -> Report:
        """Remove what no reader needs; see `Store.gc`."""
        from ._gc import collect_run

        self._refuse_read_only("cleaned")
        return collect_run(self._blobs, self._marker, grace=grace, dry_run=dry_run)

    def _refuse_read_only(self, what: str) -> None:
        if self._read_only:
            raise StoreError(
                f"{self._place} was opened for reading, so it cannot be {what}. Open the store "
                f"with read_only=False."
            )

    def report(
        self,
        *,
        spaces: Sequence[str] | None = None,
        labels: str | None = None,
        n_probe: int = 1000,
        random_state: int = 0,
        refresh: bool = False,
        n_jobs: int | None = None,
        progress: Progress = silent,
    ) -> dict[str, NDArray[Any]]:
        """Drift, similarity, dimension and class separation of every space, as one tidy table.

        Computed on first use and kept with the run until more is logged.

        Parameters
        ----------
        spaces : sequence of str, optional
            Spaces to look at; all by default.
        labels : str, optional
            Metadata column that holds the classes; see `driftglass.diagnostics.tracks`.
        n_probe : int
            Rows for the tracks that compare all pairs of rows.
        random_state : int
            Seed of the rows drawn.
        refresh : bool
            Compute again even if a report is kept.
        n_jobs : int or None
            Threads; None uses every core.
        progress : callable
            Called with (done, total, what); may raise to stop.

        Returns
        -------
        table : dict of str to ndarray
            Columns of equal length, which every data frame library makes a frame of: "space",
            "track", "against", "step", "reference" (the step compared with), "value",
            "standard_error" and "n". Tracks without a value have no rows;
            `driftglass.diagnostics.tracks` says why.

        Raises
        ------
        NotFoundError
            No such space or column, or nothing was logged.

        Warns
        -----
        DriftglassWarning
            The report cannot be kept, because the store is read-only or the disk is full.
        """
        # The one import that points up; see `driftglass._report`.
        from .._report import report

        return report(
            self,
            spaces=spaces,
            labels=labels,
            n_probe=n_probe,
            random_state=random_state,
            refresh=refresh,
            n_jobs=n_jobs,
            progress=progress,
        )

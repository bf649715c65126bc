"""One training run: what was logged, and, while it is written, the place to log to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .._progress import Progress, silent
from ..data import Metadata, SpriteSheet
from ..data._embedding_images import embedding_images
from ..errors import StoreError
from ._blobs import Blobs
from ._budget import estimate_text
from ._create import Contents, annotation
from ._embeddings import EmbeddingLog
from ._infos import Report, WriteReport
from ._markers import RunMarker
from ._queries import Queries
from ._reading import RunReader
from ._recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

__all__ = ["Run"]


class Run(RunReader):
    """One training run, or one import. `Store.create`, `Store.resume` and `Store.run` make it.

    Reading never locks and works beside any number of writers. On a run that this process
    writes, reading waits until what was logged before is stored.

    Parameters
    ----------
    blobs, marker, place, read_only, check
        As in `RunReader`.
    recording : Recording or None
        What `log` writes to.

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

    def __init__(
        self,
        blobs: Blobs,
        marker: RunMarker,
        place: str,
        *,
        read_only: bool = False,
        check: str = "on_read",
        recording: Recording | None = None,
    ) -> None:
        super().__init__(blobs, marker, place, read_only=read_only, check=check)
        self._recording = recording
        self._embeddings: EmbeddingLog | None = None

    def __repr__(self) -> str:
        mode = "writing" if self._recording and not self._recording.closed else "reading"
        return f"Run({self.name!r}, {mode}, {self._place!r})"

    # Upkeep

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

    # Writing

    def log(
        self,
        step: int,
        spaces: Mapping[str, Any] | None = None,
        predictions: Any = None,
        scalars: Mapping[str, Any] | None = None,
        ids: Any = None,
        *,
        wait: bool = False,
    ) -> bool:
        """Record one step.

        The arrays are copied, the rest happens in the background. Unless the run was opened with
        ``strict=True`` this never raises: what cannot be stored is counted, noted in the run
        and warned about once.

        Parameters
        ----------
        step : int
            Whole number from 0 on. A step that was logged before becomes its next attempt.
        spaces : mapping of str to array of shape (n_samples, n_features), optional
            Vectors by the name of the space they come from.
        predictions : array of shape (n_samples,) or (n_samples, n_classes), optional
            Class numbers or scores; or a `Predictions`.
        scalars : mapping of str to float, optional
            Training records; may be nan.
        ids : sequence of shape (n_samples,), optional
            Ids of the rows, in any order and with some missing or new; by default those that
            the run was made with.
        wait : bool
            Return only when everything can be read by others and survives a kill.

        Returns
        -------
        accepted : bool
            False if something was dropped or refused.
        """
        return self._writer().log(step, spaces, predictions, scalars, ids, wait)

    def log_embedding(
        self,
        vectors: Any,
        labels: Any = None,
        image_data: Any = None,
        image_size: Sequence[int] | None = None,
        image_preprocess_function: Callable[[Any], Any] | None = None,
        image_transparent_color: Sequence[int] | None = None,
        image_background_color_function: Callable[[int], Sequence[int]] | None = None,
        title: str = "Embedding",
        group: str | None = None,
        *,
        ids: Any = None,
        step: int | None = None,
        labels_header: bool = False,
    ) -> bool:
        """Record vectors with their labels and pictures, in one call.

        Lengths are checked before anything is written. Like `log`, this raises only with
        ``strict=True``; otherwise it warns, counts and returns False.

        Parameters
        ----------
        vectors : array-like of shape (n_samples, n_features)
            Further axes become features.
        labels : sequence of length n_samples, optional
            A number or text per vector, one-hot rows, a list of rows, or a table.
        image_data : sequence of length n_samples or str, optional
            Pictures, or the address that `create_embedding_image` returned.
        image_size : (int, int), optional
            Width and height of a picture.
        image_preprocess_function, image_transparent_color : optional
            As in `create_embedding_image`.
        image_background_color_function : callable, optional
            As in `create_embedding_image`.
        title : str
            Name of this embedding: of the step within its group, or of the space.
        group : str, optional
            Space to add a step to, the next one unless `step` says which. Without it, the
            embedding becomes a space of its own.
        ids : sequence of length n_samples, optional
            Names of the rows, by which they are joined across steps; by default their position.
            Rows of another group with other labels count as other items.
        step : int, optional
            Training step.
        labels_header : bool
            Whether the first row of a list of rows names the columns. It is not guessed.

        Returns
        -------
        accepted : bool
            False if something was dropped or refused.

        Warns
        -----
        DriftglassWarning
            Images could not be used, or labels were read otherwise than written.

        Examples
        --------
        >>> import tempfile, driftglass as dg
        >>> run = dg.open(tempfile.mkdtemp()).create("four")
        >>> run.log_embedding([[1, 0], [0, 1]], ["one", "two"], title="first", group="layer")
        True
        >>> run.titles("layer")
        {0: 'first'}
        >>> run.close()
        """

        def work() -> bool:
            images: Any = image_data
            if image_data is not None and not isinstance(image_data, str):
                images = embedding_images(
                    image_data,
                    image_size,
                    image_preprocess_function,
                    image_transparent_color,
                    image_background_color_function,
                )
            return self._embedding_log().log(
                vectors,
                labels,
                images,
                title=title,
                group=group,
                ids=ids,
                step=step,
                header=labels_header,
            )

        return self._writer().attempt(work)

    def create_embedding_image(
        self,
        image_data: Any,
        image_size: Sequence[int] | None = None,
        image_preprocess_function: Callable[[Any], Any] | None = None,
        image_transparent_color: Sequence[int] | None = None,
        image_background_color_function: Callable[[int], Sequence[int]] | None = None,
    ) -> tuple[Image, str]:
        """Make the picture of many thumbnails once, to be used by many calls of `log_embedding`.

        Parameters
        ----------
        image_data : sequence of length n_samples
            Arrays or lists of pixels, flat or not, or Pillow images. Floats that all lie in
            [0, 1] are spread over 0 to 255; other values are cut to that range. An element that
            is no image is counted and stays clear.
        image_size : (int, int), optional
            Width and height; needed where pixels are flat. Other images are resized to it.
        image_preprocess_function : callable, optional
            Applied to each element first.
        image_transparent_color : (int, int, int), optional
            Pixels that differ from this colour by less than 1 in every channel become clear.
        image_background_color_function : callable, optional
            Takes a position and returns the colour (red, green, blue) behind the clear pixels.

        Returns
        -------
        image : PIL.Image.Image
            All pictures in one square grid, row by row.
        address : str
            What to pass as `image_data` later, in this process.

        Raises
        ------
        InvalidInputError
            No images, or an impossible size or colour.
        """
        images = embedding_images(
            image_data,
            image_size,
            image_preprocess_function,
            image_transparent_color,
            image_background_color_function,
        )
        self._writer()
        return images.picture(), self._embedding_log().keep(images)

    def _embedding_log(self) -> EmbeddingLog:
        if self._embeddings is None:
            self._embeddings = EmbeddingLog(self)
        return self._embeddings

    def _annotate(self, metadata: Metadata | None, images: SpriteSheet | None) -> None:
        """Queue a new table and new thumbnails; they replace those that the run has."""
        if metadata is None and images is None:
            return
        contents = Contents(None, metadata, images, None)
        recording = self._writer()
        recording.submit(lambda: annotation(recording.writer.committer, contents))

    def _note(self, kind: str, message: str, step: int) -> None:
        recording = self._writer()
        recording.submit(lambda: recording.writer.note(kind, message, step))

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything logged so far is on the disk itself; False if it is not.

        `timeout` in seconds; by default as long as it takes, but never longer than one more
        attempt when the disk fails.
        """
        return self._writer().flush(timeout)

    def close(self) -> None:
        """Write what is queued and record that the run ended; may be called again."""
        if self._recording is not None:
            self._recording.close()

    def write_report(self) -> WriteReport:
        """Count what this process logged, wrote and dropped."""
        return self._writer().report()

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

    @property
    def estimate(self) -> str:
        """How much the run will write, as one sentence."""
        if self._recording is not None and self._recording.writer.estimate:
            return self._recording.writer.estimate
        options = self._marker.options
        return estimate_text(
            None, options.expected_steps, options.retention, None, options.max_bytes
        )

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._recording is None:
            return
        if error is None:
            self._recording.close()
        else:
            self._recording.close_after(error)

    def _writer(self) -> Recording:
        if self._recording is None:
            raise StoreError(
                f"The run {self.name!r} was opened for reading. To log more, open it with "
                f"store.resume({self.name!r})."
            )
        return self._recording

    def _queries(self) -> Queries:
        if self._recording is not None:
            self._recording.wait()
        return super()._queries()

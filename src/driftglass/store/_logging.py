"""The part of a run that is written to, while a model trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..data import Metadata, SpriteSheet
from ..data._embedding_images import embedding_images
from ..errors import StoreError
from ._blobs import Blobs
from ._budget import estimate_text
from ._create import Contents, annotation
from ._embeddings import EmbeddingLog
from ._infos import WriteReport
from ._markers import RunMarker
from ._queries import Queries
from ._reading import RunReader
from ._recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

__all__ = ["RunLogger"]


class RunLogger(RunReader):
    """A run that may be logged to.

    Parameters
    ----------
    blobs, marker, place, read_only, check
        As in `RunReader`.
    recording : Recording or None
        What `log` writes to; None if the run was opened for reading.
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

    @property
    def estimate(self) -> str:
        """How much the run will write, as one sentence."""
        if self._recording is not None and self._recording.writer.estimate:
            return self._recording.writer.estimate
        options = self._marker.options
        return estimate_text(
            None, options.expected_steps, options.retention, None, options.max_bytes
        )

    def __enter__(self) -> Self:
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

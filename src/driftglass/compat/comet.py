"""The names of Comet's embedding logger over a run of ours.

``from driftglass.compat.comet import Experiment`` is the one line to change. Everything stays on
this machine: no account, no key, no network.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import open as open_store

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..server import Serving
    from ..store import Run

__all__ = ["Experiment"]

DEFAULT_TITLE = "Comet Embedding"


class Experiment:
    """One run, with the methods that log embeddings and numbers.

    Parameters
    ----------
    api_key, project_name, workspace : str, optional
        Taken so that scripts run unchanged; not used, because nothing is sent anywhere.
    experiment_key : str, optional
        Name of the run; made from the time by default.
    store : path-like, optional
        Folder of the store; ``DRIFTGLASS_DIR`` or ``runs`` by default.
    **ignored
        Further options of the original, which have no meaning here.

    Attributes
    ----------
    run : Run
        What is logged to. Like every run, it never stops the training: what cannot be logged
        is warned about and counted.

    Examples
    --------
    >>> import tempfile
    >>> experiment = Experiment(store=tempfile.mkdtemp())
    >>> experiment.log_embedding([[1, 0], [0, 1]], ["one", "two"])
    True
    >>> experiment.end()
    >>> experiment.run.spaces
    ['Comet Embedding']
    """

    def __init__(
        self,
        api_key: str | None = None,
        project_name: str | None = None,
        workspace: str | None = None,
        experiment_key: str | None = None,
        *,
        store: Any = None,
        **ignored: Any,
    ) -> None:
        folder = open_store(store or os.environ.get("DRIFTGLASS_DIR") or "runs")
        taken = {run.name for run in folder.runs()}
        name = experiment_key or f"experiment-{datetime.now():%Y%m%d-%H%M%S}"
        number = 1
        free = name
        while experiment_key is None and free in taken:
            number += 1
            free = f"{name}-{number}"
        self._store = folder
        self.run: Run = folder.create(free)

    def __enter__(self) -> Experiment:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def url(self) -> str:
        """Where the run is: a folder, since nothing leaves this machine."""
        return str(self.run.path)

    def get_key(self) -> str:
        """Name of the run."""
        return self.run.name

    def log_embedding(
        self,
        vectors: Any,
        labels: Any,
        image_data: Any = None,
        image_size: Sequence[int] | None = None,
        image_preprocess_function: Callable[[Any], Any] | None = None,
        image_transparent_color: Sequence[int] | None = None,
        image_background_color_function: Callable[[int], Sequence[int]] | None = None,
        title: str = DEFAULT_TITLE,
        template_filename: str | None = None,
        group: str | None = None,
    ) -> bool:
        """Log vectors with labels and pictures; see `Run.log_embedding`.

        Parameters
        ----------
        vectors, image_data, image_size, title, group
            As in `Run.log_embedding`.
        labels : sequence
            One value per vector, or a list of rows whose first row names the columns, as the
            original reads every list of rows.
        image_preprocess_function, image_transparent_color : optional
            As in `Run.create_embedding_image`.
        image_background_color_function : callable, optional
            As in `Run.create_embedding_image`.
        template_filename : str, optional
            Not used: no template is written.

        Returns
        -------
        accepted : bool
            False if something was refused.
        """
        header = isinstance(labels, (list, tuple)) and any(
            isinstance(row, (list, tuple)) for row in labels[:1]
        )
        return self.run.log_embedding(
            vectors,
            labels,
            image_data,
            image_size,
            image_preprocess_function,
            image_transparent_color,
            image_background_color_function,
            title,
            group,
            labels_header=header,
        )

    def create_embedding_image(
        self,
        image_data: Any,
        image_size: Sequence[int] | None = None,
        image_preprocess_function: Callable[[Any], Any] | None = None,
        image_transparent_color: Sequence[int] | None = None,
        image_background_color_function: Callable[[int], Sequence[int]] | None = None,
    ) -> tuple[Image, str]:
        """Picture of all thumbnails, and the address to reuse it by.

        The parameters are those of `Run.create_embedding_image`.
        """
        return self.run.create_embedding_image(
            image_data,
            image_size,
            image_preprocess_function,
            image_transparent_color,
            image_background_color_function,
        )

    def log_metric(self, name: str, value: Any, step: int | None = None, **ignored: Any) -> None:
        """Log one number; without a step, under the number of the steps so far."""
        self.log_metrics({name: value}, step=step)

    def log_metrics(
        self, dic: Mapping[str, Any], prefix: str | None = None, step: int | None = None, **_: Any
    ) -> None:
        """Log several numbers of one step."""
        named = {f"{prefix}_{name}" if prefix else name: value for name, value in dic.items()}
        at = max([-1, *self.run.steps()]) + 1 if step is None else step
        self.run.log(at, scalars=named)

    def display(self, **options: Any) -> Serving:
        """Open the viewer on the run; options as in `driftglass.show`."""
        from .. import show

        self.run.flush()
        return show(self.run, **options)

    def end(self) -> None:
        """Write what is queued and close the run; also done when the process ends."""
        self.run.close()

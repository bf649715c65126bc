"""From what somebody calls an executor to one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import InvalidInputError
from ._dask import Dask
from ._executor import Executor, Threads
from ._processes import Processes

__all__ = ["opened"]

SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://", "inproc://")


@contextmanager
def opened(executor: Any = None, *, n_jobs: int | None = None) -> Iterator[Executor]:
    """Have an executor while the block runs.

    Parameters
    ----------
    executor : {"threads", "processes", "dask"}, str, Executor or distributed.Client, optional
        Threads by default. Text that begins with ``tcp://`` is the address of a Dask scheduler;
        "dask" starts a cluster for the block. An executor that is open already stays open.
    n_jobs : int or None
        How many threads, processes or workers are started; as in `effective_n_jobs`.

    Yields
    ------
    executor : Executor
        Ready to `map` and to `stream`.

    Raises
    ------
    InvalidInputError
        Nothing of these.

    Examples
    --------
    >>> with opened("threads", n_jobs=2) as executor:
    ...     executor.map(abs, [-1, 2])
    [1, 2]
    """
    if executor is None or executor == "threads":
        made: Any = Threads(n_jobs)
    elif executor == "processes":
        made = Processes(n_jobs)
    elif executor == "dask":
        made = Dask(n_workers=n_jobs)
    elif isinstance(executor, str) and executor.startswith(SCHEMES):
        made = Dask(executor)
    elif hasattr(executor, "scatter") and hasattr(executor, "submit"):
        made = Dask(client=executor)
    elif isinstance(executor, Executor):
        yield executor
        return
    else:
        raise InvalidInputError(
            f"executor is {executor!r}; 'threads', 'processes', 'dask', the address of a Dask "
            f"scheduler (tcp://host:8786) or an Executor is needed."
        )
    with made as running:
        yield running

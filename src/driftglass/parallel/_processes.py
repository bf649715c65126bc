"""Map a function over items in several processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Self, TypeVar

from ..errors import WorkerError
from ._executor import called, effective_n_jobs

__all__ = ["MOST_DEATHS", "Processes"]

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_DEATHS = 5
"""Workers that one item may take with it before it is blamed."""

_SHARED: dict[str, Any] = {}
"""What this worker was given for all items, by the file it came in; one at a time."""


class Processes:
    """Processes of this machine, each with a single-threaded BLAS.

    Functions and items are pickled, so they must be known by name: a function of a module, or a
    `functools.partial` of one. A process that dies is replaced, and only its item is done again.

    Parameters
    ----------
    n_jobs : int or None
        Number of processes, as in `effective_n_jobs`.

    Examples
    --------
    >>> with Processes(2) as executor:  # doctest: +SKIP
    ...     executor.map(abs, [-1, 2, -3])
    [1, 2, 3]
    """

    def __init__(self, n_jobs: int | None = None) -> None:
        self._n_workers = effective_n_jobs(n_jobs)
        self._workers: list[_Worker] = []

    @property
    def n_workers(self) -> int:
        """Number of processes."""
        return self._n_workers

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that have begun."""
        return [pid for worker in self._workers for pid in worker.pids]

    def __enter__(self) -> Self:
        self._workers = [_Worker() for _ in range(self._n_workers)]
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self._workers:
            worker.close()
        self._workers = []

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the function's results in the order of the items, when all are done."""
        found = dict(self.stream(function, items))
        return [found[number] for number in range(len(found))]

    def stream(
        self, function: Callable[..., Result], items: Iterable[Any], *, shared: Any = None
    ) -> Iterator[tuple[int, Result]]:
        """Yield the position and the result of each item when it is done, in any order.

        Raises
        ------
        WorkerError
            `MOST_DEATHS` processes died over the same item.
        """
        assert self._workers, "use Processes in a with statement"
        path = _written(shared)
        todo: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        n_items = 0
        for entry in enumerate(items):
            todo.put(entry)
            n_items += 1
        # As many results wait as there are workers: a slow taker slows them down.
        done: queue.Queue[tuple[int, Any, BaseException | None]] = queue.Queue(self._n_workers)
        stopped = threading.Event()

        def work(worker: _Worker) -> None:
            while not stopped.is_set():
                try:
                    number, item = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    found = (number, worker.run(function, item, path, number), None)
                except BaseException as error:  # raised again by whoever asked
                    found = (number, None, error)  # type: ignore[assignment]
                while not stopped.is_set():
                    try:
                        done.put(found, timeout=0.2)
                        break
                    except queue.Full:
                        continue

        threads = [threading.Thread(target=work, args=(w,), daemon=True) for w in self._workers]
        for thread in threads:
            thread.start()
        try:
            for _ in range(n_items):
                number, result, error = done.get()
                if error is not None:
                    raise error
                yield number, result
        finally:
            stopped.set()
            for thread in threads:
                thread.join()
            if path is not None:
                path.unlink(missing_ok=True)


class _Worker:
    """One process, and another one when it has died."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    @property
    def pids(self) -> list[int]:
        return [] if self._pool is None else list(self._pool._processes or {})

    def run(self, function: Callable[..., Any], item: Any, path: Path | None, number: int) -> Any:
        for _ in range(MOST_DEATHS):
            try:
                if self._pool is None:
                    # Spawned, because a fork would copy locks that other threads hold.
                    context = multiprocessing.get_context("spawn")
                    self._pool = ProcessPoolExecutor(1, mp_context=context)
                return self._pool.submit(_with_shared, function, item, path).result()
            except BrokenProcessPool:
                self.close()
        raise WorkerError(
            f"{MOST_DEATHS} processes died over item {number} ({item!r:.120}). The system may have "
            f"ended them for want of memory: use smaller partitions or fewer workers."
        )

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _written(shared: Any) -> Path | None:
    """Pass what all items need as a file, which is read once by each worker."""
    if shared is None:
        return None
    handle, name = tempfile.mkstemp(prefix="driftglass-shared-")
    with os.fdopen(handle, "wb") as stream:
        pickle.dump(shared, stream, protocol=pickle.HIGHEST_PROTOCOL)
    return Path(name)


def _with_shared(function: Callable[..., Result], item: Any, path: Path | None) -> Result:
    if path is None:
        return called(function, item, None)
    if str(path) not in _SHARED:
        _SHARED.clear()
        _SHARED[str(path)] = pickle.loads(path.read_bytes())
    return called(function, item, _SHARED[str(path)])

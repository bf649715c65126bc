"""Map a function over items: the seam, and threads behind it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from ..errors import InvalidInputError

__all__ = ["Executor", "Threads", "called", "effective_n_jobs", "single_threaded_blas"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@runtime_checkable
class Executor(Protocol):
    """Runs a function on many items, several at a time."""

    @property
    def n_workers(self) -> int:
        """How many items are worked on at a time."""
        ...

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the function's results in the order of the items, when all are done."""
        ...

    def stream(
        self, function: Callable[..., Result], items: Iterable[Any], *, shared: Any = None
    ) -> Iterator[tuple[int, Result]]:
        """Yield the position and the result of each item when it is done, in any order.

        Few results wait at a time, so that what comes out may be larger than memory. Whatever
        `shared` is goes to each worker once, and then to the function after the item. An item
        whose worker dies is given to another one.
        """
        ...


def called(function: Callable[..., Result], item: Any, shared: Any) -> Result:
    """What a worker does with an item, with a single-threaded BLAS."""
    with single_threaded_blas():
        return function(item) if shared is None else function(item, shared)


def effective_n_jobs(n_jobs: int | None) -> int:
    """Turn scikit-learn's `n_jobs` into a number of threads.

    Parameters
    ----------
    n_jobs : int or None
        None and -1 mean every core this process may use, -2 all but one, and so on.

    Returns
    -------
    n_threads : int
        At least 1.

    Raises
    ------
    InvalidInputError
        `n_jobs` is 0.
    """
    if n_jobs == 0:
        raise InvalidInputError("n_jobs is 0; pass a number of threads, or None for every core.")
    if n_jobs is not None and n_jobs > 0:
        return int(n_jobs)
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, cores + 1 + (-1 if n_jobs is None else int(n_jobs)))


class Threads:
    """Threads of this process, each with a single-threaded BLAS.

    A matrix product that BLAS splits over all cores waits at its end for the slowest of them,
    and its idle threads spin; with other work on the machine that costs many times the product.
    Whole products on separate threads have neither fault.

    Parameters
    ----------
    n_jobs : int or None
        As in `effective_n_jobs`.

    Examples
    --------
    >>> with Threads(2) as executor:
    ...     executor.map(abs, [-1, 2, -3])
    [1, 2, 3]
    """

    def __init__(self, n_jobs: int | None = None) -> None:
        self._n_workers = effective_n_jobs(n_jobs)
        self._pool: ThreadPoolExecutor | None = None

    @property
    def n_workers(self) -> int:
        """Number of threads."""
        return self._n_workers

    def __enter__(self) -> Self:
        _SINGLE_THREADED_BLAS.acquire()
        self._pool = ThreadPoolExecutor(self._n_workers, thread_name_prefix="driftglass")
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._pool is not None
        self._pool.shutdown(cancel_futures=True)
        self._pool = None
        _SINGLE_THREADED_BLAS.release()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the function's results in the order of the items, when all are done."""
        assert self._pool is not None, "use Threads in a with statement"
        todo = list(items)
        if self._n_workers == 1 or len(todo) <= 1:
            return [function(item) for item in todo]
        return list(self._pool.map(function, todo))

    def stream(
        self, function: Callable[..., Result], items: Iterable[Any], *, shared: Any = None
    ) -> Iterator[tuple[int, Result]]:
        """Yield the position and the result of each item when it is done, in any order."""
        assert self._pool is not None, "use Threads in a with statement"
        coming = enumerate(items)
        working: dict[Future[Result], int] = {}
        try:
            while True:
                while len(working) < self._n_workers and (next_ := next(coming, None)) is not None:
                    number, item = next_
                    working[self._pool.submit(called, function, item, shared)] = number
                if not working:
                    return
                done, _ = wait(working, return_when=FIRST_COMPLETED)
                for future in done:
                    yield working.pop(future), future.result()
        finally:
            for future in working:
                future.cancel()


class _BlasLimit:
    """Holds BLAS at one thread while anybody needs it so.

    The limit belongs to the process. Two overlapping users that each restored what they had
    found would leave it at one thread for good, so the first sets it and the last restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limiter: Any = None

    def acquire(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                from threadpoolctl import (  # type: ignore[import-untyped]  # comes with scikit-learn
                    threadpool_limits,
                )

                self._limiter = threadpool_limits(limits=1, user_api="blas")

    def renew(self) -> None:
        """Start afresh in a forked child, which may have inherited the lock while it was held."""
        self._lock = threading.Lock()
        if self._limiter is not None:
            self._limiter.restore_original_limits()
        self._users, self._limiter = 0, None

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limiter.restore_original_limits()
                self._limiter = None


_SINGLE_THREADED_BLAS = _BlasLimit()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Hold BLAS at one thread, as `Threads` do, where a worker works by itself."""
    _SINGLE_THREADED_BLAS.acquire()
    try:
        yield
    finally:
        _SINGLE_THREADED_BLAS.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_SINGLE_THREADED_BLAS.renew)

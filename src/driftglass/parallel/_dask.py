"""Map a function over items on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Self, TypeVar

from .._optional import require
from ..errors import WorkerError
from ._executor import called, effective_n_jobs

__all__ = ["Dask"]

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2
"""Items per worker that are handed out: one it works on, one that is already there."""
MOST_DEATHS = 5
SECONDS = 20.0
"""Until an address that does not answer counts as gone."""


class Dask:
    """Workers of a Dask cluster, on this machine or on others; needs the extra "dask".

    Functions and items are pickled. A worker that dies costs the items it was at. If the
    scheduler of a cluster that was started here is lost, another cluster is started and the items
    that are not done are handed out again.

    Parameters
    ----------
    address : str, optional
        Of a scheduler, ``tcp://host:8786``. By default a cluster is started for the call: it is
        bound to loopback, has no dashboard, and ends with the call.
    n_workers : int or None
        Worker processes of a cluster that is started; as in `effective_n_jobs`.
    client : distributed.Client, optional
        One that is there already; it is not closed.

    Raises
    ------
    MissingDependencyError
        Dask is not installed.
    WorkerError
        There is no scheduler at this address.

    Examples
    --------
    >>> with Dask(n_workers=2) as executor:  # doctest: +SKIP
    ...     executor.map(abs, [-1, 2, -3])
    [1, 2, 3]
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        n_workers: int | None = None,
        client: Any = None,
    ) -> None:
        self._distributed = require("distributed", extra="dask")
        self._address = address
        self._wanted = effective_n_jobs(n_workers)
        self._given = client
        self._client: Any = None
        self._cluster: Any = None

    @property
    def n_workers(self) -> int:
        """Threads of all workers now, at least 1."""
        if self._client is None:
            return self._wanted
        return max(1, int(sum(self._client.nthreads().values())))

    @property
    def pids(self) -> list[int]:
        """Process ids of workers that were started here."""
        workers = getattr(self._cluster, "workers", {}).values()
        return [worker.pid for worker in workers if worker.pid is not None]

    def __enter__(self) -> Self:
        self._connect()
        return self

    def __exit__(self, *exception: object) -> None:
        self._disconnect()

    def _connect(self) -> None:
        if self._given is not None:
            self._client = self._given
        elif self._address is not None:
            try:
                self._client = self._distributed.Client(
                    self._address, timeout=SECONDS, set_as_default=False
                )
            except (OSError, TimeoutError, ValueError) as error:
                raise WorkerError(
                    f"No Dask scheduler answers at {self._address}: {str(error)[:200]}. Start one "
                    f"with `dask scheduler`, and workers with `dask worker {self._address}`."
                ) from error
        else:
            self._cluster = self._distributed.LocalCluster(
                n_workers=self._wanted,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                # Without a dashboard there still is a page about health: on loopback, at any port.
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                worker_dashboard_address="127.0.0.1:0",
                silence_logs=50,
            )
            self._client = self._distributed.Client(self._cluster, set_as_default=False)

    def _disconnect(self) -> None:
        if self._given is None and self._client is not None:
            with suppress(Exception):  # what is gone already cannot be closed
                self._client.close(timeout=SECONDS)
        if self._cluster is not None:
            with suppress(Exception):
                self._cluster.close(timeout=SECONDS)
        self._client = self._cluster = None

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
            The scheduler is gone, or workers died over and over.
        """
        assert self._client is not None, "use Dask in a with statement"
        todo = dict(enumerate(items))
        for _ in range(MOST_DEATHS):
            try:
                for number, result in self._round(function, todo, shared):
                    del todo[number]
                    yield number, result
                if not todo:
                    return
            except _Lost as error:
                if self._address is not None or self._given is not None:
                    raise WorkerError(
                        f"The Dask scheduler is gone ({error}). What was kept is not lost: start "
                        f"a scheduler and repeat the call to go on."
                    ) from error
                self._disconnect()
                self._connect()
        raise WorkerError(
            f"Workers died {MOST_DEATHS} times over, with {len(todo)} items left. They may have "
            f"run out of memory: use smaller partitions or fewer workers."
        )

    def _round(
        self, function: Callable[..., Result], todo: dict[int, Any], shared: Any
    ) -> Iterator[tuple[int, Result]]:
        """Results of items until all are done or have been lost with their workers."""
        client = self._client
        killed = self._distributed.scheduler.KilledWorker
        lost: Any = (self._distributed.client.FutureCancelledError, TimeoutError, OSError)
        working: dict[Any, int] = {}
        try:
            everywhere = None
            if shared is not None:
                everywhere = client.scatter(shared, broadcast=True, hash=False)
            coming = iter(list(todo.items()))
            ready = self._distributed.as_completed(loop=client.loop)
            ahead = AHEAD * self.n_workers

            def hand_out() -> None:
                while len(working) < ahead and (next_ := next(coming, None)) is not None:
                    number, item = next_
                    future = client.submit(called, function, item, everywhere, pure=False)
                    working[future] = number
                    ready.add(future)

            hand_out()
            while working:
                future = next(ready)
                number = working.pop(future)
                if future.status in ("cancelled", "lost"):
                    raise _Lost("its tasks were cancelled")
                try:
                    result = future.result()
                except killed:
                    continue  # this item is for the next round
                except lost as error:
                    if future.status == "error":
                        raise  # what the function itself raised
                    raise _Lost(str(error)[:200]) from error
                future.release()
                hand_out()
                yield number, result
        except lost as error:
            if client.status == "running" and not isinstance(
                error, self._distributed.client.FutureCancelledError
            ):
                raise
            raise _Lost(str(error)[:200] or type(error).__name__) from error
        finally:
            if working:
                with suppress(Exception):
                    client.cancel(list(working), force=True)


class _Lost(Exception):
    """The scheduler is gone, and all that it held."""

"""Where work runs: a seam between algorithms and the threads, processes or machines they use.

Algorithms hand an `Executor` a function and items that do not depend on each other. What belongs
here says where and how many at a time; what is computed belongs elsewhere.
"""

from ._choose import opened
from ._dask import Dask
from ._executor import Executor, Threads, effective_n_jobs
from ._processes import Processes

__all__ = ["Dask", "Executor", "Processes", "Threads", "effective_n_jobs", "opened"]

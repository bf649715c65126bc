"""Where work runs: a seam between algorithms and the threads, processes or machines they use.

Algorithms hand an `Executor` a function and items that do not depend on each other. What belongs
here says where and how many at a time; what is computed belongs elsewhere.
"""

from ._executor import Executor, Threads, effective_n_jobs

__all__ = ["Executor", "Threads", "effective_n_jobs"]

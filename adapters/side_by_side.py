"""Does several jobs side by side, with a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

_Result = TypeVar("_Result")


@contextmanager
def side_by_side(
    jobs: Mapping[str, Callable[[], _Result]], limit: int
) -> Iterator[dict[Future[_Result], str]]:
    """Does jobs in threads, `limit` at a time. Yields each job with its key, in their order.

    At the end of the `with`, no further job begins, and the running jobs are waited for.
    """
    with ThreadPoolExecutor(limit) as pool:
        try:
            yield {pool.submit(job): key for key, job in jobs.items()}
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

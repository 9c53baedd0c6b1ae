"""Work spread over threads, because a request to a bucket is a wait, and waits go on beside each other.

Threads and not an event loop: small reads took half the time and half the processor that way (measured with obstore,
20,000 reads, 32 threads against 64 tasks).
"""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from tonnage.scan.workers import Result, Task, run
from tonnage.storage import Storage

_KEYS_LIMIT = 25_000
"""Of a listing, in tasks that wait or run: some 10 MB, and their rows."""


class ThreadCrew:
    """Runs tasks in threads of this process. The same calls as `Crew`."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.threads_count = storage.requests_at_once
        self.pool = ThreadPoolExecutor(self.threads_count, thread_name_prefix="scan")
        self.outstanding: dict[Future[list[Result]], int] = {}
        """Tasks, with how many keys each holds."""

    def close(self) -> None:
        """Drop what was not begun, and wait for what was."""
        self.pool.shutdown(cancel_futures=True)

    def start(self) -> None:
        """Do nothing: threads cost nothing to begin."""

    def submit(self, task: Task) -> None:
        """Add a task. They are begun in the order in which they came."""
        self.outstanding[self.pool.submit(lambda: list(run(self.storage, task)))] = task.keys_count

    def ready(self) -> Iterator[Result]:
        """Yield results until few tasks are left, with few keys: more would only wait, and take memory."""
        while len(self.outstanding) > self.threads_count or sum(self.outstanding.values()) > _KEYS_LIMIT:
            yield from self._next()

    def results(self) -> Iterator[Result]:
        """Yield each task's result, in the order in which they finish."""
        while self.outstanding:
            yield from self._next()

    def _next(self) -> Iterator[Result]:
        done, _ = wait(self.outstanding, return_when=FIRST_COMPLETED)
        for future in done:
            del self.outstanding[future]
            yield from future.result()

"""Work spread over processes, because reading folders is work for a core, not for a wait.

Python threads cost on a warm cache (the interpreter lock) and gain much on a cold one; so each process starts with one
thread and adds the others once that has had to wait for the disk. How often it waited is what the system counts for it:
the time that went by says nothing on a busy machine, nor where a worker waits for its parent. The processes are started
only once the scan has shown itself to be long: a small registry is read before they would be up.

A worker that loses its parent sees its pipe end and goes; a parent killed at any moment leaves nothing behind.
"""

import contextlib
import gc
import marshal
import os
import resource
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from typing import Any, NamedTuple

from tonnage.errors import WriteError
from tonnage.scan import contents, plain
from tonnage.scan.columns import Columns, Packed, columns_of, extend, in_part, pack, rows_count
from tonnage.scan.fingerprints import Earlier
from tonnage.scan.keys import list_keys
from tonnage.scan.listing import Listed, list_part
from tonnage.scan.starting import no_interrupt, start_method
from tonnage.storage import OPEN_ALL, Keys, Storage

PARTS_PER_TASK = 8
"""Few, so that all workers have some to the end; to send and load each by itself costs more than to list a small one."""
_BLOBS_PER_TASK = 500
_BLOBS_PER_WAIT = 10
"""The same where each is a request: few, so that all threads have some."""
_THREADS_LIMIT = 8
_KEYS_LIMIT = 100_000
"""Of a listing, in tasks that are to do: some 40 MB."""
_ROWS_PER_RESULT = 10_000
"""What a worker holds at once, however large its parts are."""
_WAITING = 0.05
"""Waits per file from which on a task is taken to have waited for the disk."""


class PartToList(NamedTuple):
    """A part of the storage, the number by which its rows know it, and what an earlier scan knew of it."""

    prefix: str
    number: int
    unopened_before_us: int = OPEN_ALL
    earlier: Earlier | None = None
    keys: Keys | None = None
    """What the part holds, where it was listed already."""


class Task(NamedTuple):
    """Something to do: `list` parts, or read `manifests` or `configs`."""

    action: str
    parts: tuple[PartToList, ...] = ()
    blobs: tuple[tuple[str, str], ...] = ()
    """Digest and path of what is to be read."""

    @property
    def keys_count(self) -> int:
        """How many keys of a listing it holds."""
        return sum(len(part.keys.paths) for part in self.parts if part.keys)


class PartFound(NamedTuple):
    """What a part was found to be; its rows are elsewhere."""

    prefix: str
    fingerprint: bytes
    files_count: int
    is_same: bool
    """It is what it was at the earlier scan: there are no rows."""


class Result(NamedTuple):
    """What a task found. A large one has several, and tells of its parts in the last."""

    rows: Packed
    is_last: bool = True
    parts: tuple[PartFound, ...] = ()
    files_count: int = 0


_READERS = {
    "manifests": (plain.read_manifests, contents.read_manifests),
    "configs": (plain.read_configs, contents.read_configs),
}


def reading_tasks(storage: Storage, action: str, blobs: Iterable[tuple[str, str]]) -> Iterator[Task]:
    """Yield tasks that read `manifests` or `configs`, by digest and path."""
    found, count = iter(blobs), _BLOBS_PER_WAIT if storage.requests_at_once else _BLOBS_PER_TASK
    return (Task(action, blobs=some) for some in iter(lambda: tuple(islice(found, count)), ()))


def run(storage: Storage, task: Task) -> Iterator[Result]:
    """Do one task here and now."""
    if task.action == "list":
        yield from _list(storage, task.parts)
    else:
        read_plain, read = _READERS[task.action]
        plain, others = read_plain(storage, task.blobs)
        yield Result(plain, is_last=not others, files_count=len(task.blobs) - len(others))
        if others:
            yield Result(pack(in_part(columns_of(read(storage, others)), None)), files_count=len(others))


def _list(storage: Storage, parts: tuple[PartToList, ...]) -> Iterator[Result]:
    found = []
    columns: Columns = {}
    for part in parts:
        listed = _list_part(storage, part)
        for batch in listed.batches or ():
            for name, values in in_part(batch, part.number).items():
                extend(columns, name, values)
            if rows_count(columns) >= _ROWS_PER_RESULT:
                yield Result(pack(columns), is_last=False)
                columns = {}
        found.append(PartFound(part.prefix, listed.fingerprint, listed.files_count, listed.batches is None))
    yield Result(pack(columns), True, tuple(found), sum(part.files_count for part in found))


def _list_part(storage: Storage, part: PartToList) -> Listed:
    if part.keys is None:
        return list_part(storage, part.prefix, part.unopened_before_us, part.earlier)
    return list_keys(storage, part.prefix, part.keys, part.earlier, part.unopened_before_us == OPEN_ALL)


class Crew:
    """Runs tasks: in this process at first, in worker processes once `patience_seconds` have gone by.

    `submit` takes a task, `results` yields until all that was submitted is done. More may be
    submitted while results are read.
    """

    def __init__(self, storage: Storage, workers_count: int | None = None, patience_seconds: float = 0.3) -> None:
        self.storage = storage
        self.workers_count = workers_count if workers_count is not None else min(os.cpu_count() or 1, 16)
        self.patience_seconds = patience_seconds
        self.todo: deque[Task] = deque()
        self.waiting_keys_count = 0
        """Of a listing, in the tasks that are to do."""
        self.workers: list[_Worker] = []
        self.started = time.monotonic()

    def close(self) -> None:
        """Send the workers home."""
        while self.workers:
            self.workers.pop().stop()

    def start(self) -> None:
        """Start the worker processes now, for work that is known to be long."""
        if self.workers_count > 1:
            for _ in range(self.workers_count):
                self.workers.append(_Worker(self.storage, [worker.connection for worker in self.workers]))

    def submit(self, task: Task) -> None:
        """Add a task. They are begun in the order in which they came, at once where there are workers."""
        self.todo.append(task)
        self.waiting_keys_count += task.keys_count
        self._feed()

    def ready(self) -> Iterator[Result]:
        """Yield results until few keys of a listing wait: all of them would take memory as the listing is long."""
        while self.waiting_keys_count > _KEYS_LIMIT:
            yield from self._next()

    def results(self) -> Iterator[Result]:
        """Yield each task's result, in the order in which they finish."""
        while self.todo or self._busy():
            yield from self._next()

    def _next(self) -> Iterator[Result]:
        """Yield what the next task finds here, or what the workers have found."""
        if not self._is_long():
            yield from run(self.storage, self._take())
            return
        if not self.workers:
            self.start()
        self._feed()
        busy = self._busy()
        for connection in wait(list(busy)):
            result = busy[connection].receive()
            self._feed()
            yield result

    def _is_long(self) -> bool:
        elapsed = time.monotonic() - self.started
        return self.workers_count > 1 and (bool(self.workers) or elapsed > self.patience_seconds)

    def _busy(self) -> "dict[Any, _Worker]":
        return {worker.connection: worker for worker in self.workers if worker.outstanding}

    def _feed(self) -> None:
        for worker in self.workers:
            while self.todo and worker.wants_more():
                worker.give(self._take())

    def _take(self) -> Task:
        task = self.todo.popleft()
        self.waiting_keys_count -= task.keys_count
        return task


class WorkerFailedError(RuntimeError):
    """A worker process met with something nobody foresaw."""


class WorkerKilledError(WriteError):
    """A worker process was killed: by somebody, or by the system for its memory."""

    hint = "if the system was short of memory, give it more, or scan on another machine"

    def __init__(self) -> None:
        super().__init__("a worker process of the scan was killed")


class _Worker:
    """The parent's end of a worker process."""

    def __init__(self, storage: Storage, earlier: list["Connection[Any, Any]"]) -> None:
        method = start_method()
        context: Any = get_context(method)
        self.connection, theirs = context.Pipe()
        # A forked process holds our ends of all pipes too; while it does, no worker would see its own pipe end.
        inherited = [*earlier, self.connection] if method == "fork" else []
        self.process = context.Process(target=_serve, args=(theirs, storage, inherited), daemon=True)
        with no_interrupt(method):
            self.process.start()
        theirs.close()
        self.outstanding: dict[int, Task] = {}
        self.given_count = 0
        self.depth = 2

    def wants_more(self) -> bool:
        return len(self.outstanding) < self.depth

    def give(self, task: Task) -> None:
        self.given_count += 1
        self.outstanding[self.given_count] = task
        try:
            self.connection.send((self.given_count, task))
        except OSError as error:
            raise WorkerKilledError from error

    def receive(self) -> Result:
        try:
            number, failure, threads_count, *found = marshal.loads(self.connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise WorkerKilledError from error
        if failure:
            raise WorkerFailedError(f"a worker process of the scan failed:\n{failure}")
        result = _result(*found)
        if result.is_last:
            del self.outstanding[number]
        self.depth = threads_count + 1
        return result

    def stop(self) -> None:
        self.connection.close()
        self.process.join(timeout=1)
        if self.process.is_alive():
            self.process.terminate()


class _Server:
    """The worker process: takes tasks from its pipe until that ends.

    Its main thread does nothing but take them, and is never busy with one: a parent that waits for us to take a task does
    not take our results, and threads that all wait for it to take their results would take no task.
    """

    def __init__(self, connection: "Connection[Any, Any]", storage: Storage) -> None:
        self.connection = connection
        self.storage = storage
        self.tasks: SimpleQueue[tuple[int, Task]] = SimpleQueue()
        self.sending = threading.Lock()
        self.threads_count = 0

    def receive(self) -> None:
        self.start_thread()
        with contextlib.suppress(EOFError, OSError):
            while True:
                self.tasks.put(self.connection.recv())

    def start_thread(self) -> None:
        self.threads_count += 1
        threading.Thread(target=self.work, daemon=True).start()

    def work(self) -> None:
        with contextlib.suppress(OSError):  # the parent is gone, and so are we soon
            while True:
                self.do(*self.tasks.get())

    def do(self, number: int, task: Task) -> None:
        waits, files_count = -_waits_count(), 0
        try:
            for result in run(self.storage, task):
                waits += _waits_count()
                self.send(number, "", *_plain(result))
                files_count += result.files_count
                waits -= _waits_count()
        except MemoryError:
            os.kill(os.getpid(), signal.SIGKILL)  # as the system would have done
        except Exception:  # the parent raises it: a bug in here must not look like an empty part
            self.send(number, traceback.format_exc())
        waits += _waits_count()
        if self.threads_count == 1 and waits > _WAITING * max(files_count, 100):
            while self.threads_count < _THREADS_LIMIT:
                self.start_thread()

    def send(self, number: int, failure: str, *found: Any) -> None:
        content = marshal.dumps((number, failure, self.threads_count, *found))
        with self.sending:
            self.connection.send_bytes(content)


def _plain(result: Result) -> tuple[Any, ...]:
    """Return a result as `marshal` can write it: that knows plain tuples only."""
    return (tuple(result.rows), result.is_last, tuple(map(tuple, result.parts)), result.files_count)


def _result(packed: tuple[Any, ...], is_last: bool, parts: tuple[tuple[Any, ...], ...], files_count: int) -> Result:
    return Result(Packed(*packed), is_last, tuple(PartFound(*part) for part in parts), files_count)


def _waits_count() -> int:
    """Return how often this thread has given up the processor to wait for something, so far."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def _serve(connection: "Connection[Any, Any]", storage: Storage, inherited: "Sequence[Connection[Any, Any]]") -> None:
    for other in inherited:
        other.close()
    gc.disable()  # rows are many and have no cycles: looking for some costs a third of the time
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's pipe tells us to go
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # what the parent makes of it is not for us
    _Server(connection, storage).receive()

"""The snapshot of the moment: a newer inventory is opened and warmed beside it, and takes its place in one step."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from tonnage.errors import TonnageError
from tonnage.inventory.reports import Report
from tonnage.web.snapshot import Snapshot, Stamp, Tags, open_snapshot, stamp_of, warm

log = logging.getLogger("tonnage")

_LOOK_SECONDS = 1.0
"""Between two looks at the file."""


class Snapshots:
    """Holds the snapshot of the moment, and watches the inventory's file for the next one."""

    def __init__(
        self,
        path: str,
        reports: Callable[[], Mapping[str, Report]],
        read_tags: Callable[[], Tags | None] = lambda: None,
        on_new: Callable[[Snapshot], None] = lambda _: None,
        prepare: Callable[[Snapshot], None] = lambda _: None,
    ) -> None:
        self.path = path
        self.reports = reports
        self.read_tags = read_tags
        self.on_new = on_new
        self.prepare = prepare
        """Works out what pages will ask of a snapshot first, while nobody waits for it."""
        self.current: Snapshot | None = None
        self.error: TonnageError | None = None
        """Why there is no inventory to look at, or why the newer one cannot be."""
        self.tried: Stamp | None = None
        self.is_stopped = threading.Event()

    def load(self) -> None:
        """Open the inventory if it is another than the one that is open. What is wrong with it is kept, not raised."""
        try:
            stamp = stamp_of(self.path)
            if stamp == self.tried:
                return
            self.tried = stamp
            found = open_snapshot(self.path, self.read_tags())
        except TonnageError as error:
            self.error = error
            return
        if self.current is not None:
            self._warm(found)
        self.current, self.error = found, None
        self.on_new(found)

    def start(self) -> None:
        """Open the inventory, and watch it from now on."""
        self.load()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self.is_stopped.set()

    def _warm(self, snapshot: Snapshot) -> None:
        try:
            warm(snapshot, list(self.reports().values()))
            self.prepare(snapshot)
        except Exception:  # a page that could not be prepared works it out itself, or says why it cannot
            log.exception("not all of the pages could be prepared")

    def _watch(self) -> None:
        if self.current is not None:
            self._warm(self.current)
        while not self.is_stopped.wait(_LOOK_SECONDS):
            try:
                self.load()
            except Exception:  # a thread that ends would leave old figures for good, and nobody be told
                log.exception("the inventory could not be looked at")
                time.sleep(_LOOK_SECONDS)

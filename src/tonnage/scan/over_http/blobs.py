"""What manifests refer to: configurations are read, layers are asked for their size where that is wanted."""

from collections import defaultdict

from tonnage.inventory import rows
from tonnage.scan.columns import Rows
from tonnage.scan.contents import add_config, add_unreadable_config
from tonnage.scan.over_http.work import Work
from tonnage.scan.requests import Blob, get_blob, head_blob


class Blobs:
    """Reads the configurations that are new, and finds the sizes of all else."""

    def __init__(self, work: Work, known: set[str]) -> None:
        """Start when all manifests are in the inventory; `known` are the digests an earlier scan read."""
        self.work = work
        self.known = known
        self.absent: list[str] = []
        """Blobs that no repository has."""
        self.has_all_sizes = work.source.asks_sizes

    def read_configs(self) -> None:
        """Read image configurations that are new."""
        configs = self.work.execute("over_http_configs").fetchall()
        self.work.reuse("configs", {digest for digest, _ in configs if digest in self.known})
        wanted = [row for row in configs if row[0] not in self.known]
        for found in self.work.each("reading configurations", lambda row: get_blob(self.work.registry, *row), wanted):
            self._note_config(found)
        self.work.intake.flush()

    def _note_config(self, found: Blob) -> None:
        out: Rows = defaultdict(list)
        if found.content is not None:
            self.work.read_count += 1
            add_config(out, found.digest, found.content)
            out["Blob"].append(rows.Blob(found.digest, len(found.content), None))
        elif found.fault:
            add_unreadable_config(out, found.digest, found.fault)
        else:
            self.absent.append(found.digest)
        self.work.stage(out)

    def add_sizes(self) -> None:
        """Add the layers and what else was not read: with stored sizes if these are wanted, else with declared ones.

        A layer is asked for all the same where no manifest declares a size (schema 1), or where it may lie elsewhere.
        """
        if not self.work.source.asks_sizes:
            self.work.execute("over_http_declared", {"absent": self.absent})
        elif self.work.builds_on_earlier and self._earlier_has_sizes():
            self.work.execute("reused", {"digests": [digest for digest, _ in self._to_ask()]})
            self.work.execute("reuse_sizes")
        wanted = self._to_ask()
        for found in self.work.each("asking for layers", lambda row: head_blob(self.work.registry, *row), wanted):
            if found.size_bytes is not None:
                self.work.add("Blob", rows.Blob(found.digest, found.size_bytes, None))
            elif found.fault:
                self.has_all_sizes = False
            else:
                self.absent.append(found.digest)
        self.work.intake.flush()
        if not self.has_all_sizes:
            self.work.execute("over_http_declared", {"absent": self.absent})

    def _to_ask(self) -> list[tuple[str, list[str]]]:
        return self.work.execute("over_http_to_ask", {"absent": self.absent}).fetchall()

    def _earlier_has_sizes(self) -> bool:
        return bool(self.work.connection.execute("select has_stored_sizes from earlier.store.source").fetchall()[0][0])

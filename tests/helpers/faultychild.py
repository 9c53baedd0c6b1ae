"""The exporter, whose child meets with faults of the disk: run as a program by `exporting.exporter`."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

NOBODY = 65534


def child() -> None:
    """Do as the exporter's own child, with the faults of the moment."""
    import tonnage.rescan
    from tonnage.exporter.messages import Job
    from tonnage.storage.local import LocalStorage

    faults = json.loads(Path(os.environ["TONNAGE_TEST_FAULTS"]).read_text())
    read = LocalStorage.read

    def refuse(storage: LocalStorage, path: str, limit_bytes: int) -> bytes:
        if faults["is_deaf"]:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        time.sleep(faults["read_seconds"])
        while os.path.exists(faults["held_by"]):
            time.sleep(0.02)
        if f"{storage.root}/{path}" in faults["paths"]:
            raise OSError(faults["errno"], os.strerror(faults["errno"]))
        return read(storage, path, limit_bytes)

    LocalStorage.read = refuse  # type: ignore[method-assign]
    os.cpu_count = lambda: 1  # worker processes would have a disk without faults
    if faults["as_nobody"] and os.geteuid() == 0:
        with tempfile.TemporaryDirectory() as folder:  # once as root: nobody cannot read Python's own files everywhere
            tonnage.rescan.run(Job(faults["as_nobody"], f"{folder}/inventory"))
        os.seteuid(NOBODY)
    tonnage.rescan.main()


def main() -> None:
    """Be the exporter, or its child."""
    if sys.argv[1:] == ["child"]:
        return child()
    import tonnage.cli.exporter
    from tonnage.cli import main as program

    tonnage.cli.exporter._CHILD = (sys.executable, __file__, "child")
    program()


if __name__ == "__main__":
    main()

"""A PostgreSQL of Debian's for tests: a cluster of its own, on a socket in a folder of its own, gone with the test run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SETTINGS = "-c listen_addresses='' -c fsync=off -c max_connections=20 -c shared_buffers=64MB"
LANGUAGE = "en-US"
"""Of the cluster's texts: a language in which `b` comes after `A` and before `C`, unlike in their bytes."""


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL installed; None if there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


@contextmanager
def serving() -> Iterator[str]:
    """Start a server; yield the address of its one database."""
    bin_folder = programs()
    assert bin_folder
    folder = Path(tempfile.mkdtemp(prefix="tonnage-pg-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # which the server refuses to run as
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(folder, "nobody")

    def run(*command: str) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)

    data, program = str(folder / "data"), str(bin_folder / "pg_ctl")
    locale = ("--locale=C.UTF-8", "--locale-provider=icu", f"--icu-locale={LANGUAGE}")
    try:
        run(str(bin_folder / "initdb"), "-D", data, "-U", "me", "-A", "trust", "-E", "UTF8", "--no-sync", *locale)
        run(program, "-D", data, "-w", "-l", str(folder / "log"), "-o", f"-k {folder} {_SETTINGS}", "start")
        try:
            yield f"postgresql://me@/postgres?host={folder}"
        finally:
            run(program, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)

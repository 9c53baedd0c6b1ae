"""The container file's steps, done by hand: what it installs runs as nobody, on a read-only root, without a shell.

No engine for containers runs in the tests. A mount namespace of one process makes what matters of one: everything is
read-only but the folder of the inventory, the shells are gone, and the user is the image's.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from containerfile import CONTAINER, INVENTORY, LAST_STAGE, ROOT, USER
from realprometheus import get, wait_for
from tonnage.sample import Builder

pytestmark = pytest.mark.integration

JAIL = """
set -e
mount -t tmpfs tmpfs /mnt
cd /mnt
mkdir -p python tonnage registry/docker/registry/v2 inventory
mount --bind "$1" python; mount --bind "$2" tonnage; mount --bind "$3" registry/docker/registry/v2
mount -t tmpfs -o uid=$USER,gid=$USER,mode=755 tmpfs inventory
for folder in python tonnage registry/docker/registry/v2; do mount -o remount,bind,ro $folder; done
for shell in /bin/sh /bin/dash /bin/bash; do test ! -e $shell || mount --bind /dev/null $shell; done
mount -o remount,ro /mnt
mount -o remount,bind,ro /
shift 3
cd /
exec "$@"
"""
PLACES = {"/opt/tonnage": "/mnt/tonnage", INVENTORY: "/mnt/inventory", "/var/lib/registry": "/mnt/registry"}
"""Where the image has something, and where the jail has it."""
AS_NOBODY = [
    "setpriv",
    *(f"--reuid={USER}", f"--regid={USER}", "--clear-groups"),
    *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
]
PYTHON = f"/mnt/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"


def in_jail(text: str) -> str:
    """Return a text of the container file with the jail's paths."""
    for there, here in PLACES.items():
        text = text.replace(there, here)
    return text


ENVIRONMENT = {
    "LD_LIBRARY_PATH": "/mnt/python/lib",  # this machine's Python may be one that was built with a library of its own
    **dict(
        setting.split("=", 1)
        for word, rest in CONTAINER[LAST_STAGE:]
        if word == "ENV"
        for setting in shlex.split(in_jail(rest))
    ),
}


@dataclass(frozen=True, slots=True)
class Contained:
    """The exporter in its jail."""

    url: str
    process: subprocess.Popen[bytes]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the same jail, as `docker exec` would."""
        enter = ["nsenter", f"--target={self.process.pid}", "--mount", *AS_NOBODY, PYTHON, "-P", *command]
        return subprocess.run(enter, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do what the first stage of the container file does; return what it has put where the image has /opt/tonnage."""
    if os.geteuid() != 0:
        message = "NOT TESTED AS A CONTAINER: only root may set a mount namespace up"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    folder = tmp_path_factory.mktemp("image")
    context, target, backend = folder / "build", folder / "tonnage", folder / "backend"
    programs = f"{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}"
    for word, rest in CONTAINER[:LAST_STAGE]:
        if word == "COPY":
            *names, _ = rest.split()
            for name in names:
                copy_into(context, ROOT / name)
        elif word == "RUN":
            step = rest.replace("/opt/tonnage", str(target)).replace("/inventory", str(folder / "inventory"))
            step = step.replace("/backend", str(backend))
            done = subprocess.run(json.loads(step), cwd=context, env={**os.environ, "PATH": programs}, timeout=300)
            assert done.returncode == 0, rest
    return target


def copy_into(folder: Path, path: Path) -> None:
    """Copy a file or a folder of the clone."""
    folder.mkdir(exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(path, folder)


@pytest.fixture(scope="module")
def contained(installed: Path, demo: Builder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contained]:
    """Start the image's entry point as the exporter, on the old exporter's place, and an address of the tests'."""
    entry = json.loads(dict(CONTAINER[LAST_STAGE:])["ENTRYPOINT"])
    assert entry == ["tonnage"]
    called = [PYTHON, "-P", "/mnt/tonnage/app/bin/tonnage", "exporter", "/mnt/registry/docker/registry/v2"]
    address = "--web.listen-address=127.0.0.1:0"
    jail = ["unshare", "--mount", "bash", "-c", JAIL, "jail", sys.base_prefix, str(installed), str(demo.v2)]
    log = tmp_path_factory.mktemp("contained") / "log"
    environment = {**ENVIRONMENT, "PATH": f"{ENVIRONMENT['PATH']}:/usr/sbin", "USER": str(USER)}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*jail, *AS_NOBODY, *called, address], env=environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            listening = wait_for(lambda: re.search(r"listening on (http://\S+)", log.read_text()))
            yield Contained(listening[1], process)
        finally:
            process.terminate()


def test_the_program_is_started_by_the_images_python(installed: Path) -> None:
    """By the one of the last stage, and with nothing imported from where it is called."""
    assert (installed / "app" / "bin" / "tonnage").read_text().startswith("#!/usr/bin/python3 -P\n")


def test_the_jail_is_one(contained: Contained) -> None:
    """Nothing can be written but beside the inventory, nobody is root, and there is no shell."""
    tried = ["/", "/tmp", "/mnt", "/mnt/python", "/mnt/tonnage", "/mnt/registry/docker/registry/v2", "/mnt/inventory"]
    code = f"""
import os, subprocess
print([folder for folder in {tried} if os.access(folder, os.W_OK)], os.getuid())
try: subprocess.run("true", shell=True)
except OSError as error: print(error.strerror)
"""
    assert contained.run("-c", code).stdout == f"['/mnt/inventory'] {USER}\nPermission denied\n"


def test_the_exporter_serves_from_the_image(contained: Contained, demo: Builder) -> None:
    """It scans the read-only storage, and its figures add up to it."""
    text = wait_for(lambda: found if b"tonnage_disk_bytes{" in (found := get(f"{contained.url}/metrics")) else b"")
    by_class = [float(value) for value in re.findall(rb"^tonnage_disk_bytes\{.*\} (\S+)$", text, re.MULTILINE)]
    assert sum(by_class) == sum(path.stat().st_size for path in demo.root.rglob("*") if path.is_file())
    assert b"\nrepository_tags_total{" in text


def test_other_commands_ask_the_inventory(contained: Contained) -> None:
    """As alerts say what to run next, `docker exec` and `kubectl exec` run it."""
    wait_for(lambda: b"\ntonnage_scan_success 1.0\n" in get(f"{contained.url}/metrics"))
    asked = contained.run("/mnt/tonnage/app/bin/tonnage", "layers", "--limit", "1")
    assert (asked.returncode, asked.stdout[:6]) == (0, "DIGEST"), asked.stderr

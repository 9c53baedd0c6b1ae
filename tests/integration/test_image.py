"""The container image, built from deploy/Containerfile as it is, and run as who it says, on a read-only root.

The bases are stand-ins of this machine's Python, and of buildah nothing is asked but to build: where there is no engine
for containers, what matters of one is made of a mount namespace and chroot. It takes a minute and more, so
`make test-image`, `make release-check` and the nightly run it, and `make test` does not.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from containerfile import CONTAINERFILE, INVENTORY, ROOT, USER
from realprometheus import wait_for
from standinbase import library_path, make_root
from tonnage import __version__
from tonnage.sample import Builder

pytestmark = [pytest.mark.integration, pytest.mark.image, pytest.mark.timeout(900)]

JAIL = """
set -e
root=$1; inventory=$2; registry=$3; shift 3
mount --bind "$root" "$root"
mkdir -p "$root/r"
mount --bind "$registry" "$root/r"; mount -o remount,bind,ro "$root/r"
mount --bind "$inventory" "$root/var/lib/tonnage"
mount --rbind /proc "$root/proc"; mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs "$@"
"""


class Image(NamedTuple):
    """A built image, unpacked: its files, and how it is to be run."""

    root: Path
    config: dict[str, Any]
    inventory: Path
    registry: Path

    def command(self, *words: str) -> list[str]:
        """Return what runs a command in it as its user; without words of an entry point it is called as it stands."""
        jail = ["unshare", "--mount", "bash", "-c", JAIL, "jail", *map(str, (self.root, self.inventory, self.registry))]
        user = self.config["User"]
        inside = ["/usr/sbin/chroot", f"--userspec={user}", "--groups=", str(self.root), *words]
        return [*jail, "env", "--ignore-environment", *self.config["Env"], *inside]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it as an engine does: its entry point, and these words."""
        command = self.command(*self.config["Entrypoint"], *words)
        return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Build the image, and a small registry to be mounted read-only; nothing of it is kept."""
    if os.geteuid() != 0 or not shutil.which("buildah"):
        message = "THE IMAGE IS NOT BUILT: that takes root, and buildah (the Debian package of this name)"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    folder = tmp_path_factory.mktemp("image")
    registry = Builder(folder / "registry")
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    (folder / "inventory").mkdir()
    os.chown(folder / "inventory", USER, USER)
    try:
        yield Image(*_build(folder), folder / "inventory", registry.root)
    finally:
        buildah(folder, "umount", "--all")
        shutil.rmtree(folder / "store")


def _build(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Return the files of the image and its configuration."""
    make_root(folder / "base")
    settings = _settings_of_pip()
    _make_base(folder, "build", library_path() | settings)
    _make_base(folder, "run", library_path())
    bases = iter(("localhost/build", "localhost/run"))
    text = re.sub(r"^FROM \S+", lambda _: f"FROM {next(bases)}", CONTAINERFILE.read_text(), flags=re.MULTILINE)
    (folder / "Containerfile").write_text(text)
    shutil.rmtree(folder / "base")
    paths = [Path(path) for path in re.findall(r"(?:^|[\s,]|file://)(/[^\s,]+)", " ".join(settings.values()))]
    seen = dict.fromkeys(path if path.is_file() else Path(*path.parts[:3]) for path in paths if path.exists())
    mounts = [f"--volume={path}:{path}:ro" for path in seen]  # an index in a folder has its files beside it
    buildah(
        folder, "bud", "--isolation=chroot", *mounts, f"--file={folder / 'Containerfile'}", "--tag=tonnage", str(ROOT)
    )
    config = json.loads(buildah(folder, "inspect", "--type=image", "localhost/tonnage"))["OCIv1"]["config"]
    container = buildah(folder, "from", "localhost/tonnage").strip()
    return Path(buildah(folder, "mount", container).strip()), config


def _settings_of_pip() -> dict[str, str]:
    """Return how pip is set up here as variables, so that a build finds its packages where the tests found theirs."""
    python = Path(sys.base_prefix) / "bin" / "python3"
    lines = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    found = re.findall(r"^(?:global|install|:env:)\.([\w-]+)='(.*)'$", lines, re.MULTILINE)
    set_here = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_CERT"))}
    return {f"PIP_{name.upper().replace('-', '_')}": value.replace("\\n", " ") for name, value in found} | set_here


def _make_base(folder: Path, name: str, environment: dict[str, str]) -> None:
    container = buildah(folder, "from", "scratch").strip()
    buildah(folder, "copy", "--quiet", container, str(folder / "base"), "/")
    settings = [f"--env={key}={value}" for key, value in environment.items()]
    buildah(folder, "config", *settings, container)
    buildah(folder, "commit", "--quiet", "--rm", container, f"localhost/{name}")


def buildah(folder: Path, *words: str) -> str:
    """Run buildah with a store of its own, and return what it says."""
    store = [f"--root={folder / 'store'}", f"--runroot={folder / 'store' / 'run'}"]
    done = subprocess.run(["buildah", *store, *words], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_it_is_as_it_is_said(image: Image) -> None:
    """Not root, by number; the entry point is the program, and its version is this one."""
    assert (image.config["User"], image.config["Entrypoint"]) == (f"{USER}:{USER}", ["tonnage"])
    assert image.config["Labels"]["org.opencontainers.image.title"] == "tonnage"
    assert {*image.config["ExposedPorts"]} >= {"8080/tcp", "10087/tcp"} and INVENTORY in image.config["Volumes"]
    assert image.run("--version").stdout == f"tonnage, version {__version__}\n"
    assert image.run(*image.config["Cmd"]).stdout.startswith("Usage: tonnage")


def test_a_registry_is_scanned_and_asked(image: Image) -> None:
    """Mounted read-only, on a read-only root, as nobody; what a scan leaves is in the volume, and is the user's."""
    scanned = image.run("scan", "/r", "-q")
    assert (scanned.returncode, scanned.stderr) == (0, "")
    assert [path.name for path in image.inventory.iterdir()] == ["tonnage.duckdb"]
    assert (image.inventory / "tonnage.duckdb").stat().st_uid == USER
    assert image.run("tags", "--columns", "repository,tag", "--csv").stdout == "repository,tag\napp,1\n"
    refused = image.run("scan", "/r", "-i", "/opt/new.duckdb")
    assert refused.returncode == 10 and "Traceback" not in refused.stderr


def test_its_health_is_what_compose_asks(image: Image) -> None:
    """The exporter answers, and the check that compose runs in the container says so; without it, it fails."""
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    check = next(service for service in compose["services"].values() if "tonnage" in str(service.get("image", "")))
    _, *words = check["healthcheck"]["test"]
    with exporting(image) as address:
        asked = [word.replace("localhost:8080", address) for word in words]
        assert asked != words and subprocess.run(image.command(*asked), timeout=60).returncode == 0
    assert subprocess.run(image.command(*asked), capture_output=True, timeout=60).returncode != 0


@contextmanager
def exporting(image: Image) -> Iterator[str]:
    """Run the image's exporter; the block gets where it listens."""
    command = image.command(*image.config["Entrypoint"], "exporter", "/r", "--web.listen-address=127.0.0.1:0")
    log = image.inventory.parent / "log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield wait_for(lambda: re.search(r"listening on http://(\S+)", log.read_text()))[1]
        finally:
            process.terminate()


def test_nothing_of_this_machine_is_in_it(image: Image) -> None:
    """Neither the way to a package index, nor a shell, nor what only building takes."""
    assert not [setting for setting in image.config["Env"] if setting.startswith("PIP_")]
    names = {path.name for path in (image.root / "opt" / "tonnage" / "app").iterdir()}
    assert "tonnage" in names and not {"hatchling"} & names
    assert not [
        path for path in ("bin/sh", "usr/bin/sh", "bin/bash", "build", "backend") if (image.root / path).exists()
    ]

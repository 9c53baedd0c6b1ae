"""The real registry as a test oracle: Debian's `docker-registry` 2.8.2, served and garbage-collected on real trees.

Push with `Registry.push_image` (plain HTTP), or with real clients through `umoci_image` and `skopeo_copy`.
`collect` runs the registry's own garbage collection and returns what it said.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tonnage.sample import documents
from tonnage.sample.documents import Descriptor

REGISTRY = "docker-registry"
PROGRAMS = (REGISTRY, "skopeo", "umoci", "prometheus")
START_SECONDS = 10.0
CREDENTIALS = ("reader", "secret")
HTPASSWD = "reader:$2b$04$bFDboJo2P.jDDAyYhLPbwu17Ubut30/abr8F9VgSZHedxt5ZoESnG\n"
"""The file that lets `CREDENTIALS` in."""
MANIFEST_TYPES = (
    documents.OCI_INDEX,
    documents.OCI_MANIFEST,
    documents.DOCKER_LIST,
    documents.DOCKER_MANIFEST,
    documents.DOCKER_SCHEMA1,
)


def missing_programs() -> list[str]:
    """Return the programs these tests need and this machine has not."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of the registry, whatever its status."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Registry:
    """A running registry, and a plain client of it. Calls return the answer; only pushes insist on success."""

    host: str
    """`127.0.0.1:<port>`, as image names begin for skopeo."""
    log: Path
    credentials: tuple[str, str] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send one request to a path such as `/v2/_catalog`, or to a whole URL that the registry has given."""
        given = {"Content-Type": "application/octet-stream", **(headers or {})}
        request = urllib.request.Request(urllib.parse.urljoin(self.url, path), body, given, method=method)
        if self.credentials:
            token = base64.b64encode(":".join(self.credentials).encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        try:
            with urllib.request.urlopen(request) as answer:
                return Response(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Response(error.code, error.headers, error.read())

    def get(self, path: str) -> Response:
        """GET a path, ready to take any kind of manifest."""
        return self.request("GET", path, headers={"Accept": ", ".join(MANIFEST_TYPES)})

    def get_manifest(self, repository: str, reference: str) -> Response:
        """GET a manifest by tag or digest."""
        return self.get(f"/v2/{repository}/manifests/{reference}")

    def delete_manifest(self, repository: str, reference: str) -> Response:
        """DELETE a manifest by digest: 202 when done. 2.8.2 knows no deletion by tag."""
        return self.request("DELETE", f"/v2/{repository}/manifests/{reference}")

    def put_manifest(self, repository: str, reference: str, content: bytes, media_type: str) -> Response:
        """PUT a manifest under a tag or its digest: 201 when stored."""
        path = f"/v2/{repository}/manifests/{reference}"
        return self.request("PUT", path, content, {"Content-Type": media_type})

    def push_blob(self, repository: str, content: bytes, media_type: str = documents.OCI_LAYER) -> Descriptor:
        """Upload a blob in one piece."""
        blob = Descriptor(media_type, documents.digest_of(content), len(content))
        started = _expect(202, self.request("POST", f"/v2/{repository}/blobs/uploads/", b""))
        location = started.headers["Location"]
        _expect(201, self.request("PUT", f"{location}&digest={blob.digest}", content))
        return blob

    def push_image(
        self, repository: str, layers: Sequence[bytes], *, tag: str = "", platform: str = "linux/amd64"
    ) -> Descriptor:
        """Push a whole image, under a tag or by digest only; return its manifest's descriptor."""
        pushed = [self.push_blob(repository, layer) for layer in layers]
        content = documents.image_config(pushed, platform=platform, created=documents.NEW_YEAR)
        config = self.push_blob(repository, content, documents.OCI_CONFIG)
        manifest = documents.image_manifest(config, pushed)
        digest = documents.digest_of(manifest)
        _expect(201, self.put_manifest(repository, tag or digest, manifest, documents.OCI_MANIFEST))
        return Descriptor(documents.OCI_MANIFEST, digest, len(manifest), platform=platform)

    def push_index(self, repository: str, children: Sequence[Descriptor], *, tag: str = "") -> Descriptor:
        """Push an index of manifests pushed before; return its descriptor."""
        index = documents.index_manifest(children)
        digest = documents.digest_of(index)
        _expect(201, self.put_manifest(repository, tag or digest, index, documents.OCI_INDEX))
        return Descriptor(documents.OCI_INDEX, digest, len(index))


@contextmanager
def running_registry(
    root: Path,
    *,
    htpasswd: str = "",
    readonly: bool = False,
    delete: bool = True,
    extra_config: Mapping[str, Any] | None = None,
    driver: Mapping[str, Any] | None = None,
) -> Iterator[Registry]:
    """Serve the storage at `root`, on a port of the registry's own choice, until the block ends.

    `extra_config` is laid over the configuration, key by key at every level. A `driver` takes the place of the folder:
    the name of a storage driver, and its settings.
    """
    with TemporaryDirectory() as folder:
        config = _config(root, readonly=readonly, delete=delete)
        if driver:
            del config["storage"]["filesystem"]
            config["storage"] |= driver
        if htpasswd:
            (Path(folder) / "htpasswd").write_text(htpasswd)
            config["auth"] = {"htpasswd": {"realm": "test", "path": f"{folder}/htpasswd"}}
        command = [REGISTRY, "serve", _write_config(Path(folder), _overlay(config, extra_config or {}))]
        log = Path(folder) / "log"
        with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
            try:
                yield Registry(_wait_for_host(server, log), log, CREDENTIALS if htpasswd else None)
            finally:
                server.terminate()


@dataclass(frozen=True, slots=True)
class Collection:
    """What one run of the registry's garbage collection said. The sets hold digests."""

    exit_code: int
    error: str
    """Standard error without its log lines; of a run that went well, empty."""
    marked_count: int | None
    """None when the run ended before it had marked everything."""
    eligible_blobs: frozenset[str]
    eligible_manifests: frozenset[str]
    """Revisions that go because they are untagged; a digest may go from several repositories."""


def collect(root: Path, *, delete_untagged: bool = False, dry_run: bool = False, program: str = REGISTRY) -> Collection:
    """Run the real `garbage-collect` on the storage at `root`; by another `program` than Debian's, if given."""
    options = [*(["--delete-untagged"] if delete_untagged else []), *(["--dry-run"] if dry_run else [])]
    with TemporaryDirectory() as folder:
        command = [program, "garbage-collect", *options, _write_config(Path(folder), _config(root))]
        quiet = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}  # 3.x would look for a collector of traces
        run = subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", env=quiet, timeout=300)
    marked = re.search(r"^(\d+) blobs marked", run.stdout, re.MULTILINE)
    return Collection(
        exit_code=run.returncode,
        error="\n".join(line for line in run.stderr.splitlines() if not line.startswith("time=")),
        marked_count=int(marked[1]) if marked else None,
        eligible_blobs=frozenset(re.findall(r"^blob eligible for deletion: (\S+)$", run.stdout, re.MULTILINE)),
        eligible_manifests=frozenset(re.findall(r"^manifest eligible for deletion: (\S+)$", run.stdout, re.MULTILINE)),
    )


def config_file(root: Path, folder: Path) -> str:
    """Write a configuration for the storage at `root` into a folder; return its path."""
    return _write_config(folder, _config(root))


def umoci_image(folder: Path, layers: Sequence[Mapping[str, bytes]], *, tag: str = "1") -> str:
    """Build an OCI layout in `folder` with umoci; return skopeo's name of it. A layer maps file names to contents."""
    layout = folder / "layout"
    _run("umoci", "init", "--layout", layout)
    _run("umoci", "new", "--image", f"{layout}:{tag}")
    for number, files in enumerate(layers):
        source = folder / f"layer-{number}"
        source.mkdir()
        for name, content in files.items():
            (source / name).write_bytes(content)
        _run("umoci", "insert", "--rootless", "--image", f"{layout}:{tag}", source, f"/layer-{number}")
    return f"oci:{layout}:{tag}"


def skopeo_copy(source: str, target: str, *options: str) -> None:
    """Copy an image between skopeo's names, such as `oci:<folder>:<tag>` or `docker://<host>/<repository>:<tag>`."""
    tls = ("--src-tls-verify=false", "--dest-tls-verify=false")
    _run("skopeo", "--insecure-policy", "copy", *tls, *options, source, target)


def _config(root: Path, *, readonly: bool = False, delete: bool = True) -> dict[str, Any]:
    """Return a registry's configuration. Port 0 lets the system choose, so that no two tests can want the same."""
    return {
        "version": 0.1,
        "log": {"level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": str(root.absolute())},
            "delete": {"enabled": delete},
            "maintenance": {"readonly": {"enabled": readonly}, "uploadpurging": {"enabled": False}},
        },
        "http": {"addr": "127.0.0.1:0", "secret": "test"},
    }


def _write_config(folder: Path, config: Mapping[str, Any]) -> str:
    """Write a configuration as JSON, which is YAML too; return its path."""
    path = folder / "config.yml"
    path.write_text(json.dumps(config))
    return str(path)


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `below` with the keys of `above` laid over it, at every level."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _overlay(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def _wait_for_host(server: subprocess.Popen[bytes], log: Path) -> str:
    """Return the address the registry's own log says it listens on: an answering port might be another server's."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if listening := re.search(r"listening on ([0-9.]+:\d+)", log.read_text()):
            return listening[1]
        time.sleep(0.01)
    raise RuntimeError(f"the registry did not start:\n{log.read_text()}")


def _expect(status: int, response: Response) -> Response:
    """Return the response if it has this status."""
    if response.status != status:
        raise AssertionError(f"expected status {status}, got {response.status}: {response.body.decode()}")
    return response


def _run(*command: str | Path) -> None:
    """Run a program, and show what it said if it fails."""
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, f"{command} failed:\n{run.stdout}{run.stderr}"

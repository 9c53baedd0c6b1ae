"""Servers that speak the clouds' languages, really running: moto, rclone over folders, Azurite. And buckets in them.

A `Store` makes buckets and puts, changes and removes objects behind the storage's back; `storage_in` is the storage
under test. Servers are slow to start, so each starts once for all tests of a process, on a port of its own.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from scanning import TIMES, Rows, differences, everything, scan_storage
from tonnage.scan.run import Summary
from tonnage.storage.bucket.address import parse_address
from tonnage.storage.bucket.connecting import connect
from tonnage.storage.bucket.options import BucketOptions
from tonnage.storage.bucket.storage import BucketStorage, open_bucket

ROOT = "docker/registry/v2"
KEYS = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY")
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account every Azurite has."""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": KEYS[0],
    "AWS_SECRET_ACCESS_KEY": KEYS[1],
    "AZURE_STORAGE_ACCOUNT_NAME": AZURE_ACCOUNT,
    "AZURE_STORAGE_ACCOUNT_KEY": AZURE_KEY,
}
"""What a user of these servers would set."""
START_SECONDS = 30.0
_numbers = count(1)
UNLIKE = {*TIMES, "has_uploads"}
"""Columns that differ: when files were written, and whether there is a folder for uploads though there are none."""


class Store(Protocol):
    """A running server."""

    options: BucketOptions

    def make(self, files: Mapping[str, bytes]) -> str:
        """Make a bucket with these objects; return its address."""

    def put(self, address: str, key: str, content: bytes) -> None:
        """Put an object."""

    def remove(self, address: str, key: str) -> None:
        """Remove an object."""


def below_root(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a registry as the keys they have in a bucket."""
    return {f"{ROOT}/{path}": content for path, content in files.items()}


def storage_in(store: Store, address: str, root: str = ROOT) -> BucketStorage:
    """Return the storage at a bucket's root, whether or not there is anything."""
    return BucketStorage(parse_address(address), store.options, root)


def unlike(disk: Path, bucket: Path) -> dict[str, tuple[Rows, Rows]]:
    """Return in what two inventories differ, but for times, and for folders with nothing in them."""
    found = differences(everything(disk, without=UNLIKE), everything(bucket, without=UNLIKE))
    return {view: rows for view, rows in found.items() if view != "empty_folder"}


def scan_bucket(store: Any, address: str, inventory: Path, **options: Any) -> Summary:
    """Scan a bucket as the command does."""
    return scan_storage(open_bucket(address, store.options), inventory, **options)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class ObjectStore:
    """A server whose objects are put with the library under test, as any client would."""

    def __init__(self, scheme: str, options: BucketOptions) -> None:
        self.scheme = scheme
        self.options = options

    def make(self, files: Mapping[str, bytes]) -> str:
        """Make a bucket with these objects; return its address."""
        name = f"bucket-{os.getpid()}-{next(_numbers)}"
        self.make_bucket(name)
        address = f"{self.scheme}://{name}"
        for key, content in files.items():
            self.put(address, key, content)
        return address

    def make_bucket(self, name: str) -> None:
        """Make an empty bucket."""
        raise NotImplementedError

    def put(self, address: str, key: str, content: bytes) -> None:
        """Put an object, with no metadata but its bytes."""
        self.client(address).put(key, content)

    def remove(self, address: str, key: str) -> None:
        """Remove an object."""
        self.client(address).delete(key)

    def client(self, address: str) -> Any:
        """Return a client of the bucket."""
        return connect(parse_address(address), self.options)


class MotoStore(ObjectStore):
    """S3 as moto has it: the one a real registry can push into."""

    def __init__(self, endpoint: str) -> None:
        super().__init__("s3", BucketOptions(endpoint=endpoint, requests_at_once=8))

    def make_bucket(self, name: str) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.options.endpoint}/{name}", method="PUT")).close()

    def s3(self) -> Any:
        """Return boto3's client, for what obstore has no call for."""
        import boto3

        return boto3.client("s3", endpoint_url=self.options.endpoint, region_name="us-east-1")


class AzuriteStore(ObjectStore):
    """Azure Blob Storage as Azurite has it."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__("az", BucketOptions(endpoint=f"{host}/{AZURE_ACCOUNT}", requests_at_once=8))

    def make_bucket(self, name: str) -> None:
        self.request("PUT", f"/{AZURE_ACCOUNT}/{name}", {"restype": "container"})

    def put_raw(self, address: str, key: str, content: bytes) -> None:
        """Put an object under a key as it is: with a leading slash, or two in a row."""
        name = address.partition("://")[2].partition("/")[0]
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"}
        self.request("PUT", f"/{AZURE_ACCOUNT}/{name}/{key}", {}, content, headers)

    def remove_raw(self, address: str, key: str) -> None:
        """Remove an object by its key as it is."""
        name = address.partition("://")[2].partition("/")[0]
        self.request("DELETE", f"/{AZURE_ACCOUNT}/{name}/{key}", {})

    def signature(self) -> str:
        """Return a shared access signature of the account, to list and read for an hour (version 2020-12-06 and later)."""
        until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = {
            "sp": "rl",
            "ss": "b",
            "srt": "sco",
            "st": "",
            "se": until,
            "sip": "",
            "spr": "",
            "sv": "2020-12-06",
            "ses": "",
        }
        text = "".join(f"{value}\n" for value in [AZURE_ACCOUNT, *signed.values()])
        signature = base64.b64encode(hmac.new(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256).digest())
        pairs = {name: value for name, value in signed.items() if value} | {"sig": signature.decode()}
        return urllib.parse.urlencode(pairs)

    def request(
        self, method: str, path: str, query: dict[str, str], body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        """Send a request signed with the account's key (SharedKey, version 2015-02-21 and later)."""
        given = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-08-06", **(headers or {})}
        signed = sorted((name, value) for name, value in given.items() if name.startswith("x-ms-"))
        canonical = "".join(f"{name}:{value}\n" for name, value in signed)
        resource = f"/{AZURE_ACCOUNT}{path}" + "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
        length = str(len(body)) if body else ""
        text = f"{method}\n\n\n{length}\n\n{given.get('Content-Type', '')}\n\n\n\n\n\n\n{canonical}{resource}"
        signature = hmac.new(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256).digest()
        given["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(signature).decode()}"
        url = f"{self.host}{path}" + ("?" + urllib.parse.urlencode(query) if query else "")
        urllib.request.urlopen(urllib.request.Request(url, body or None, given, method=method)).close()


class FolderStore:
    """S3, or GCS without a login, as rclone has it over a folder: each folder in it is a bucket."""

    def __init__(self, folder: Path, endpoint: str, scheme: str) -> None:
        self.folder = folder
        self.scheme = scheme
        self.options = BucketOptions(endpoint=endpoint, requests_at_once=8)

    def make(self, files: Mapping[str, bytes]) -> str:
        name = f"bucket-{next(_numbers)}"
        (self.folder / name).mkdir()
        address = f"{self.scheme}://{name}"
        for key, content in files.items():
            self.put(address, key, content)
        return address

    def put(self, address: str, key: str, content: bytes) -> None:
        path = self.path(address) / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def remove(self, address: str, key: str) -> None:
        (self.path(address) / key).unlink()

    def path(self, address: str) -> Path:
        """Return the folder that is this bucket."""
        return self.folder / address.partition("://")[2].partition("/")[0]


@contextmanager
def moto_store() -> Iterator[MotoStore]:
    """Run moto in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, f"http://127.0.0.1:{port}/moto-api/data.json"):
        yield MotoStore(f"http://127.0.0.1:{port}")


@contextmanager
def rclone_store(*, etag_hash: str = "", scheme: str = "s3") -> Iterator[FolderStore]:
    """Run rclone's S3 server over an empty folder. `etag_hash="md5"` gives the ETags that S3 has."""
    with (
        TemporaryDirectory(prefix="tonnage-rclone-") as folder,
        serving_folder(Path(folder), etag_hash=etag_hash, is_anonymous=scheme == "gs") as endpoint,
    ):
        yield FolderStore(Path(folder), endpoint, scheme)


@contextmanager
def serving_folder(
    folder: Path, *, etag_hash: str = "", is_anonymous: bool = False, tls: tuple[Path, Path] | None = None
) -> Iterator[str]:
    """Serve a folder of buckets over S3; yield the endpoint. `tls` are a certificate and its key."""
    port = free_port()
    secure = ["--cert", str(tls[0]), "--key", str(tls[1])] if tls else []
    login = [] if is_anonymous else ["--auth-key", ",".join(KEYS)]
    fresh = ["--dir-cache-time", "1ms", "--config", os.devnull]  # what changes behind it shows at once
    program = Path(sys.executable).with_name("rclone")
    command = [str(program), "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--read-only"]
    with _running([*command, f"--etag-hash={etag_hash}", *login, *fresh, *secure], f"http://127.0.0.1:{port}/"):
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"


def azurite_program() -> str:
    """Return where Azurite is installed; nothing if it is not. (`scripts/install-test-programs.sh` does.)"""
    local = Path(__file__).parents[2] / ".azurite" / "node_modules" / ".bin" / "azurite-blob"
    return str(local) if local.exists() else shutil.which("azurite-blob") or ""


@contextmanager
def azurite_store() -> Iterator[AzuriteStore]:
    """Run Azurite over an empty folder."""
    port = free_port()
    with TemporaryDirectory(prefix="tonnage-azurite-", ignore_cleanup_errors=True) as folder:
        place = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", folder]
        quiet = ["--disableTelemetry", "--skipApiVersionCheck", "--silent"]  # it reports to its makers otherwise
        with _running([azurite_program(), *place, *quiet], f"http://127.0.0.1:{port}/"):
            yield AzuriteStore(f"http://127.0.0.1:{port}")


@contextmanager
def _running(command: list[str], url: str) -> Iterator[None]:
    """Run a server until the block ends; it is up when it answers anything."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_"))}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=kept) as server:
        try:
            _wait_for(server, url)
            yield
        finally:
            server.terminate()
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not come up")

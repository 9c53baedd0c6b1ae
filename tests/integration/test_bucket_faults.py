"""What goes wrong with buckets ends in a finished scan with problems, or a clear stop: the inventory is never lost."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buckets import KEYS, FolderStore, below_root, free_port, serving_folder
from faultproxy import RESET, SLOW, Answer, Fault, Proxy, proxy_before
from registryfronts import Certificate, make_certificate
from scanning import answer, differences, everything, files_below, problems, scan_storage
from tonnage.errors import (
    BucketAccessError,
    BucketRegionError,
    BucketUnreachableError,
    NoBucketError,
    NoStorageError,
    TonnageError,
    UsageError,
)
from tonnage.sample import Builder
from tonnage.storage.bucket.options import BucketOptions
from tonnage.storage.opening import OpenOptions, open_storage

pytestmark = pytest.mark.usefixtures("cloud_environment")

TIMEOUT_SECONDS = 3.0
PATIENT_SECONDS = 60.0
"""Where an answer comes, but the machine may be busy."""
_IMAGES = 130


class Place:
    """A registry in a bucket behind a proxy, an inventory of how it is, and what a scan without faults finds."""

    def __init__(self, store: FolderStore, proxy: Proxy, registry: Builder, folder: Path) -> None:
        repository = registry.repository("app")
        for number in range(_IMAGES):  # more keys than a page has
            repository.image([registry.layer(b"%d" % number)], tag=str(number))
        self.proxy = proxy
        self.v2 = registry.v2
        self.store = FolderStore(store.folder, proxy.url, "s3")
        self.timeout_seconds = PATIENT_SECONDS
        self.address = self.store.make(below_root(files_below(registry.v2)))
        self.inventory = folder / "i.duckdb"
        self.good = folder / "good.duckdb"

    def scan(self, inventory: Path | None = None, **options: Any) -> None:
        """Scan, with whatever faults there are."""
        reached = self.store.options._replace(timeout_seconds=self.timeout_seconds)
        opened = open_storage(self.address, OpenOptions(bucket=reached))
        scan_storage(opened, inventory or self.inventory, **options)

    def heal(self) -> None:
        """Let nothing be wrong any more."""
        self.proxy.fault, self.timeout_seconds = lambda asked: None, PATIENT_SECONDS
        self.proxy.counts.clear()
        if not self.good.exists():
            self.scan(self.good)

    def stopped(self, fault: Fault, timeout_seconds: float = TIMEOUT_SECONDS) -> TonnageError:
        """Return the error a scan stops with; the inventory before it must be as it was, and the scan over in time."""
        shutil.copyfile(self.good, self.inventory)
        before = self.inventory.read_bytes()
        self.proxy.counts.clear()
        self.proxy.fault, self.timeout_seconds = fault, timeout_seconds
        started = time.monotonic()
        with pytest.raises(TonnageError) as caught:
            self.scan(full=True)
        assert time.monotonic() - started < 10 * timeout_seconds
        assert self.inventory.read_bytes() == before
        assert not list(self.inventory.parent.glob("i.duckdb.*"))
        return caught.value


@pytest.fixture(scope="module")
def only_place(rclone_md5: FolderStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A registry in a bucket that can fail, made once."""
    folder = tmp_path_factory.mktemp("faults")
    with proxy_before(rclone_md5.options.endpoint) as proxy:
        yield Place(rclone_md5, proxy, Builder(folder / "registry"), folder)


@pytest.fixture
def place(only_place: Place) -> Place:
    """It without a fault, never scanned."""
    only_place.heal()
    only_place.inventory.unlink(missing_ok=True)
    return only_place


def every(count: int, reply: Answer, *, kinds: tuple[str, ...] = ("list", "get")) -> Fault:
    """Return a fault of each so many requests."""
    return lambda asked: reply if asked.kind in kinds and asked.number % count == 1 else None


def beyond(kind: str, count: int, reply: Answer) -> Fault:
    """Return a fault of all requests of a kind after the first few."""
    return lambda asked: reply if asked.kind == kind and asked.number > count else None


@pytest.mark.parametrize(
    "fault",
    [
        every(4, Answer(503, "SlowDown")),
        every(4, Answer(500, "InternalError")),
        every(4, RESET),
        every(2, SLOW),
    ],
    ids=["throttled", "internal errors", "resets", "slow bodies"],
)
def test_what_passes_is_tried_again(place: Place, fault: Fault) -> None:
    """Nothing is missing, and nothing is a problem."""
    place.proxy.counts.clear()
    place.proxy.fault = fault
    place.scan()
    assert differences(everything(place.good), everything(place.inventory)) == {}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (beyond("list", 1, Answer(503, "SlowDown")), BucketUnreachableError),
        (beyond("get", 20, Answer(503, "SlowDown")), BucketUnreachableError),
        (beyond("list", 1, RESET), BucketUnreachableError),
        (beyond("get", 20, Answer(400, "ExpiredToken")), BucketAccessError),
        (beyond("list", 1, Answer(400, "ExpiredToken")), BucketAccessError),
        (beyond("get", 0, Answer(403, "AccessDenied")), BucketAccessError),
        (beyond("list", 0, Answer(403, "AccessDenied")), BucketAccessError),
        (beyond("list", 1, Answer(0, "", is_reset=True, stall_seconds=2 * TIMEOUT_SECONDS)), BucketUnreachableError),
    ],
    ids=["throttled while listing", "throttled while reading", "reset while listing", "expired while reading",
         "expired while listing", "reading denied", "listing denied", "stalled while listing"],
)  # fmt: skip
def test_what_does_not_pass_stops_the_scan(place: Place, fault: Fault, kind: type[TonnageError]) -> None:
    """In seconds, with an error that says what it is, and the inventory before it stays."""
    seconds = PATIENT_SECONDS if kind is BucketAccessError else TIMEOUT_SECONDS
    assert type(place.stopped(fault, seconds)) is kind


@pytest.mark.parametrize(
    ("reply", "problem"),
    [(Answer(404, "NoSuchKey"), "vanished"), (Answer(403, "AccessDenied"), "unreadable_manifest")],
    ids=["gone", "denied"],
)
def test_one_object_that_cannot_be_read_is_a_problem(place: Place, reply: Answer, problem: str) -> None:
    """It is named, the rest is counted; and once it can be read, a rescan finds it as if nothing had been."""
    [(digest,)] = answer(place.good, "select max(digest) from manifest")
    name = digest.removeprefix("sha256:")
    place.proxy.fault = lambda asked: reply if f"/{name}/data" in asked.path else None
    place.scan()
    assert {kind for kind, path in problems(place.inventory) if name in path} >= {problem}
    assert answer(place.inventory, "select count(*) from tag") == [(_IMAGES,)]
    place.proxy.fault = lambda asked: None
    place.scan()
    assert differences(everything(place.good), everything(place.inventory)) == {}


# --- what cannot be opened ------------------------------------------------------------------------------------------


def refused(address: str, options: BucketOptions) -> TonnageError:
    """Return the error with which an address is refused, in seconds, with a next step."""
    started = time.monotonic()
    with pytest.raises(TonnageError) as caught:
        open_storage(address, OpenOptions(bucket=options))
    assert time.monotonic() - started < 10 * TIMEOUT_SECONDS
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize("name", ["rclone", "gcs", "azurite", "moto"])
def test_there_is_no_such_bucket(name: str, request: pytest.FixtureRequest) -> None:
    """Its own error on each cloud, and the name is said."""
    store: Any = request.getfixturevalue(name)
    scheme = store.scheme
    error = refused(f"{scheme}://no-such-bucket/x", store.options)
    assert (type(error), error.exit_code) == (NoBucketError, 31)
    assert f"{scheme}://no-such-bucket" in error.message


def test_a_bucket_without_a_registry(rclone: FolderStore) -> None:
    """An empty bucket, or one of other things, is not a registry."""
    assert type(refused(rclone.make({}), rclone.options)) is NoStorageError
    assert type(refused(rclone.make({"other/things": b"x"}), rclone.options)) is NoStorageError


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (Answer(403, "AccessDenied"), BucketAccessError, "list the bucket"),
        (Answer(403, "InvalidAccessKeyId"), BucketAccessError, "list the bucket"),
        (Answer(400, "AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region><Code>"), BucketRegionError,
         "--region eu-west-1"),
        (Answer(301, "PermanentRedirect"), BucketRegionError, "--region"),
        (Answer(503, "SlowDown"), BucketUnreachableError, "--timeout"),
        (Answer(0, "", is_reset=True, stall_seconds=3 * TIMEOUT_SECONDS), BucketUnreachableError, "--timeout"),
    ],
    ids=["denied", "unknown key", "wrong region", "redirect", "throttled", "stalled"],
)  # fmt: skip
def test_a_bucket_that_refuses(rclone: FolderStore, reply: Answer, kind: type[TonnageError], said: str) -> None:
    """Each refusal has its own error, and a next step."""
    address = rclone.make({"x": b"x"})
    with proxy_before(rclone.options.endpoint) as proxy:
        proxy.fault = lambda asked: reply
        error = refused(address, BucketOptions(endpoint=proxy.url, timeout_seconds=TIMEOUT_SECONDS))
    assert type(error) is kind
    assert said in error.next_step


def test_nobody_is_there() -> None:
    """A connection that is refused."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    error = refused("s3://bucket", BucketOptions(endpoint=endpoint, timeout_seconds=TIMEOUT_SECONDS))
    assert type(error) is BucketUnreachableError


def test_an_endpoint_that_does_not_speak_tls(rclone: FolderStore) -> None:
    """It is said so, and not only that the connection failed."""
    endpoint = rclone.options.endpoint.replace("http://", "https://")
    error = refused("s3://bucket", BucketOptions(endpoint=endpoint, timeout_seconds=TIMEOUT_SECONDS))
    assert type(error) is BucketUnreachableError
    assert "TLS" in error.message


@pytest.mark.parametrize("wrong", [{"timeout_seconds": 0.0}, {"timeout_seconds": -1.0}, {"requests_at_once": 0}])
def test_no_time_and_no_requests_are_wrong_usage(wrong: dict[str, Any]) -> None:
    """They are told before anything is asked."""
    assert type(refused("s3://bucket", BucketOptions(**wrong))) is UsageError


def test_without_credentials(rclone: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the environment, no role: it is said what to set."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    options = rclone.options._replace(timeout_seconds=TIMEOUT_SECONDS)
    error = refused(rclone.make({"x": b"x"}), options)
    assert type(error) is BucketAccessError
    assert "AWS_ACCESS_KEY_ID" in error.next_step


def test_a_profile_gives_the_credentials(
    rclone: FolderStore, registry: Builder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A profile of ~/.aws is used by its name, and one that is not there is named."""
    credentials = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    keys = [monkeypatch.delenv(name) or name.lower() for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    lines = [f"{name} = {value}" for name, value in zip(keys, KEYS, strict=True)]
    credentials.write_text("\n".join(["[auditor]", *lines]))
    registry.repository("app").image([registry.layer(b"x")], tag="1")
    address = rclone.make(below_root(files_below(registry.v2)))
    opened = open_storage(address, OpenOptions(bucket=rclone.options._replace(profile="auditor")))
    scan_storage(opened, tmp_path / "i.duckdb")
    assert answer(tmp_path / "i.duckdb", "select tag from tag") == [("1",)]
    error = refused(address, rclone.options._replace(profile="nobody"))
    assert "nobody" in error.message


def signed_by(authority: Certificate, folder: Path) -> tuple[Path, Path]:
    """Let openssl make a server's certificate that an authority signed; return it and its key."""
    made = folder / "server.pem", folder / "server-key.pem"
    by = ["-CA", str(authority.certificate), "-CAkey", str(authority.key), "-days", "2", "-nodes"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-newkey", "rsa:2048", "-addext", "basicConstraints=critical,CA:FALSE"]
    command = ["openssl", "req", "-x509", *by, *kind, *names, "-keyout", str(made[1]), "-out", str(made[0])]
    subprocess.run(command, check=True, capture_output=True)
    return made


def test_certificates_of_ones_own(registry: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint with a certificate nobody knows is refused; with --ca, or AWS_CA_BUNDLE, it is scanned."""
    authority = make_certificate(tmp_path)
    tls = signed_by(authority, tmp_path)
    registry.repository("app").image([registry.layer(b"x")], tag="1")
    address = f"s3://{registry.root.name}"
    with serving_folder(registry.root.parent, tls=tls) as endpoint:
        options = BucketOptions(endpoint=endpoint, timeout_seconds=TIMEOUT_SECONDS)
        error = refused(address, options)
        assert type(error) is BucketUnreachableError
        assert "--ca" in error.next_step
        trusting = options._replace(ca_file=str(authority.certificate), timeout_seconds=60.0)
        scan_storage(open_storage(address, OpenOptions(bucket=trusting)), tmp_path / "i.duckdb")
        assert answer(tmp_path / "i.duckdb", "select tag from tag") == [("1",)]
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.certificate))
        open_storage(address, OpenOptions(bucket=options._replace(timeout_seconds=60.0)))


@pytest.mark.parametrize("address", ["s3://", "gs:///x", "https://s3.amazonaws.com/"])
def test_an_address_without_a_bucket(address: str) -> None:
    """It is wrong usage."""
    assert type(refused(address, BucketOptions())) is UsageError

"""A running exporter: a storage that is damaged, goes and comes back under it, and Prometheus itself."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import yaml

from buckets import serving_folder
from damage import FILES, FOLDERS, ON_FILES, ON_FOLDERS, build, expected_of
from exporting import Exporter, Faults, Samples, exporter, figures, is_writing, samples_of
from realprometheus import running_prometheus, wait_for
from registryfronts import make_certificate
from scanning import column, scan_tree
from seeds import some
from tonnage.exporter.messages import Job
from tonnage.rescan import run
from tonnage.sample import Builder

pytestmark = pytest.mark.integration

DEPLOY = Path(__file__).parents[2] / "deploy"
HASH = "$2b$04$bFDboJo2P.jDDAyYhLPbwu17Ubut30/abr8F9VgSZHedxt5ZoESnG"
LOGIN = {"Authorization": "Basic cmVhZGVyOnNlY3JldA=="}
ERRNOS = {"no permission": errno.EACCES, "input/output error": errno.EIO, "vanished": errno.ENOENT}
OFTEN = ("--interval=1h", "--web.enable-scan")
"""Scans only when asked for."""
DAMAGES = [*(("file", name) for name in ON_FILES), *(("folder", name) for name in ON_FOLDERS)]


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that is open to nobody, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def of_healthy(found: Samples) -> Samples:
    """Return what is said of the healthy repositories."""
    return {name: value for name, value in found.items() if 'repository="healthy/' in name}


# --- damage under a running exporter --------------------------------------------------------------------------------


class Living:
    """A registry with a victim in each place, a copy of it to be put back, and an exporter that watches it."""

    def __init__(self, running: Exporter, folder: Path, registry: Builder, victims: dict[str, dict[str, str]]) -> None:
        self.running = running
        self.folder = folder
        self.registry = registry
        self.victims = victims
        self.faults = Faults(folder / "faults.json")
        self.before = running.samples()

    def damage(self, what: str, damage: str) -> Samples:
        """Do damage in all places, have it scanned, put everything back, and return what was said."""
        places, harms = (FILES, ON_FILES) if what == "file" else (FOLDERS, ON_FOLDERS)
        paths = [self.registry.v2 / self.victims[place][place] for place in places]
        if damage in ERRNOS:
            for path in paths:
                os.utime(path)  # what did not change is not read again
            self.faults.set(paths, ERRNOS[damage])
            found = self.running.scan()
        else:
            if "forbidden" in damage:
                self.become_nobody()
            with _as_root(harms[damage], paths):
                found = self.running.scan()
        self.restore()
        return found

    def become_nobody(self) -> None:
        """Let the child be nobody, whom permissions bind."""
        self.faults.set(as_nobody=str(self.folder / "healthy"))

    def restore(self) -> None:
        """Put everything back."""
        self.faults.set()
        root = self.registry.root
        shutil.rmtree(root) if root.is_dir() else root.unlink(missing_ok=True)
        subprocess.run(["cp", "-a", self.folder / "healthy", self.registry.root], check=True)


@contextmanager
def _as_root(harm: Callable[..., object], paths: list[Path]) -> Iterator[None]:
    """Do a harm, and stay root where it makes nobody of this process: here the child is nobody."""
    with harm(paths):  # type: ignore[attr-defined]
        effective = os.geteuid()
        if os.getuid() == 0:
            os.seteuid(0)
        yield
        os.seteuid(effective)


@pytest.fixture(scope="module")
def living(open_folder: Path) -> Iterator[Living]:
    """The registry and its exporter."""
    registry, victims = build(open_folder / "registry", FILES + FOLDERS)
    subprocess.run(["cp", "-a", registry.root, open_folder / "healthy"], check=True)
    (open_folder / "inventory").mkdir(mode=0o777)
    (open_folder / "inventory").chmod(0o777)
    Faults(open_folder / "faults.json").set()
    options = (registry.root, open_folder / "inventory/live.duckdb", *OFTEN)
    with exporter(*options, faults=open_folder / "faults.json") as running:
        running.wait_for(lambda found: found.get("tonnage_scan_success") == 1)
        yield Living(running, open_folder, registry, victims)


@pytest.mark.parametrize(("what", "damage"), some(DAMAGES, 3))
def test_damage_shows_and_the_rest_is_said(living: Living, what: str, damage: str) -> None:
    """Each kind of damage, in every place at once: its problems are counted, and the healthy repositories are as before."""
    found = living.damage(what, damage)
    assert found["tonnage_scan_success"] == 1
    expected = {kind for place in (FILES if what == "file" else FOLDERS) for kind, _ in expected_of(place, damage)}
    expected |= {"unreadable"} if "forbidden" in damage else set()
    told = {kind for name, value in found.items() if value and (kind := _problem(name))}
    assert expected <= told
    assert of_healthy(found) == of_healthy(living.before)
    if "revision_without_blob" in expected or "tag_without_revision" in expected:
        assert sum(value for name, value in found.items() if name.startswith("tonnage_broken_images")) > 0


def _problem(sample: str) -> str:
    found = re.match(r'tonnage_problems\{kind="(\w+)"', sample)
    return found[1] if found else ""


def test_what_is_put_back_is_said_as_before(living: Living) -> None:
    """To the last figure, after all that."""
    living.restore()
    assert figures(living.running.scan()) == figures(living.before)


@pytest.mark.parametrize("how", ["unmounted", "deleted", "a file", "unreadable", "lockfile"])
def test_a_storage_that_goes_keeps_its_figures(living: Living, how: str) -> None:
    """They grow old; what is wrong is said by its reason; when it is back, all is as before."""
    root = living.registry.root
    living.become_nobody()
    reason = {"unreadable": "unreadable", "lockfile": "incomplete"}.get(how, "no_storage")
    if how == "unreadable":
        living.registry.v2.chmod(0o000)
    elif how == "lockfile":
        (living.registry.v2 / "lockfiles").mkdir()
        (living.registry.v2 / "lockfiles/database-in-use").touch()
    else:
        shutil.rmtree(root)
        {"unmounted": root.mkdir, "deleted": lambda: None, "a file": root.touch}[how]()
    found = living.running.scan()
    assert found["tonnage_scan_success"] == 0 and found[f'tonnage_scan_failure{{reason="{reason}"}}'] == 1
    assert figures(found) == figures(living.before)
    time.sleep(0.05)
    assert living.running.samples()["tonnage_scan_age_seconds"] > found["tonnage_scan_age_seconds"]
    living.restore()
    found = living.running.scan()
    assert found["tonnage_scan_success"] == 1 and figures(found) == figures(living.before)


def test_an_emptied_storage_is_an_empty_registry(living: Living) -> None:
    """All that is left of the figures is 0, and they come back."""
    for name in ("blobs", "repositories"):
        shutil.rmtree(living.registry.v2 / name)
        (living.registry.v2 / name).mkdir()
    found = living.running.scan()
    assert found["tonnage_scan_success"] == 1
    assert {value for name, value in found.items() if name.startswith("tonnage_disk_")} == {0}
    living.restore()
    assert figures(living.running.scan()) == figures(living.before)


# --- from start to stop ---------------------------------------------------------------------------------------------


def test_it_starts_without_a_storage_and_finds_it_later(tmp_path: Path, registry: Builder) -> None:
    """It answers at once, says what is wrong, is ready to be asked, and recovers."""
    with exporter(tmp_path / "registry", tmp_path / "x.duckdb", "--interval=1s") as running:
        assert running.get("/-/healthy").status == 200
        found = running.wait_for(lambda found: "tonnage_scan_success" in found)
        assert found["tonnage_scan_success"] == 0 and "tonnage_scan_age_seconds" not in found
        assert running.get("/-/ready").status == 200 and "tonnage_volume_free_bytes" not in found
        registry.repository("app").image([registry.layer(b"layer")], tag="1")
        found = running.wait_for(lambda found: found["tonnage_scan_success"] == 1)
        assert found['tonnage_tags{repository="app"}'] == 1


@pytest.mark.parametrize(
    "made", some(["", "lost+found", "docker/registry/v2/blobs", "docker", "docker/registry/v2"], 2)
)
def test_a_registry_that_nothing_was_pushed_to_is_no_failure(tmp_path: Path, registry: Builder, made: str) -> None:
    """Its figures are 0, as far as the registry has made its folders; the first push shows. Gone again, it is missed."""
    (registry.root / made).mkdir(parents=True)
    with exporter(registry.root, tmp_path / "x.duckdb", "--interval=1s") as running:
        found = running.wait_for(lambda found: "tonnage_scan_success" in found)
        assert found["tonnage_scan_success"] == 1 and found["tonnage_repositories"] == 0
        assert {value for name, value in found.items() if name.startswith("tonnage_disk_bytes")} <= {0}
        assert 0 <= found["tonnage_scan_age_seconds"] < 60
        registry.repository("app").image([registry.layer(b"layer")], tag="1")
        running.wait_for(lambda found: found["tonnage_repositories"] == 1)
        shutil.rmtree(registry.root)
        registry.root.mkdir()
        found = running.wait_for(lambda found: found["tonnage_scan_success"] == 0)
        assert found['tonnage_scan_failure{reason="no_storage"}'] == 1 and found["tonnage_repositories"] == 1


@pytest.mark.parametrize("made", ["data.txt", "docker/data.txt", "docker/registry/v2/other", "docker/registry/v1"])
def test_a_folder_of_something_else_is_a_failure(tmp_path: Path, made: str) -> None:
    """As long as there is anything in it that a registry does not make."""
    (tmp_path / "place" / made).parent.mkdir(parents=True)
    (tmp_path / "place" / made).write_text("x")
    found = run(Job(str(tmp_path / "place"), str(tmp_path / "x.duckdb")))
    assert found.reason == "no_storage" and found.exposition is None


def test_an_inventory_of_another_place(tmp_path: Path, registry: Builder) -> None:
    """It is not written over, with what to do about it; --moved goes on with its totals."""
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    inventory = tmp_path / "x.duckdb"
    scan_tree(registry.root, inventory)
    job = Job(str(registry.root.rename(tmp_path / "moved")), str(inventory), is_compatible=False)
    refused = run(job)
    assert refused.reason == "cannot_write" and "--moved" in refused.hint
    assert run(msgspec.structs.replace(job, is_moved=True)).reason == ""
    assert column(inventory, "select scan_id from scan order by all") == [1, 2]


def test_a_restart_has_the_old_figures_at_once(tmp_path: Path, registry: Builder) -> None:
    """Also while the storage is away; but not those of another registry."""
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    inventory = tmp_path / "x.duckdb"
    with exporter(registry.root, inventory) as running:
        running.wait_for(lambda found: found.get("tonnage_scan_success") == 1)
        assert running.stop() == 0
    registry.root.rename(tmp_path / "away")
    with exporter(registry.root, inventory) as running:
        found = running.wait_for(lambda found: found.get("tonnage_scan_success") == 0)
        assert found['tonnage_tags{repository="app"}'] == 1 and found["tonnage_scan_age_seconds"] > 0
    other = Builder(tmp_path / "other")
    other.repository("other").image([other.layer(b"layer")], tag="1")
    with exporter(other.root, inventory, "--moved") as running:
        while "tonnage_scan_success" not in (found := running.samples()):
            assert 'tonnage_tags{repository="app"}' not in found
        assert found['tonnage_tags{repository="other"}'] == 1


def slow(tmp_path: Path, registry: Builder) -> Path:
    """Push an image whose scan takes for ever; return the file of its faults."""
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    faults = Faults(tmp_path / "faults.json")
    faults.set(read_seconds=1000)
    return faults.path


def test_a_signal_stops_it_in_the_middle_of_a_scan(tmp_path: Path, registry: Builder) -> None:
    """At once, with its child, and nothing is left beside the inventory. Scrapes were answered all the time."""
    (tmp_path / "place").mkdir()
    with exporter(registry.root, tmp_path / "place/x.duckdb", faults=slow(tmp_path, registry)) as running:
        running.wait_for(lambda found: found["tonnage_scan_running"] == 1)
        while not is_writing(tmp_path / "place"):
            time.sleep(0.02)
        [child] = running.children()
        assert running.samples()["tonnage_scan_running"] == 1
        started = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - started < 5
        assert not Path(f"/proc/{child}").exists()
    assert {path.name for path in (tmp_path / "place").iterdir()} == {"x.log"}


def test_a_signal_stops_it_in_the_middle_of_a_query(tmp_path: Path, registry: Builder) -> None:
    """That of an operator's own metric may never end. It is stopped without a word about it."""
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    (tmp_path / "metrics").mkdir()
    endless = "select sum(a.i * b.i % 7) as value from range(10000000) as a (i), range(10000000) as b (i)"
    (tmp_path / "metrics/endless.sql").write_text(f"-- Endless. One row per registry.\n-- type: gauge\n{endless}\n")
    with exporter(registry.root, tmp_path / "x.duckdb", "--metrics", str(tmp_path / "metrics")) as running:
        while not (tmp_path / "x.duckdb").exists():
            time.sleep(0.02)
        time.sleep(1)  # until it is at that query, which is the first
        assert running.samples()["tonnage_scan_running"] == 1
        started = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - started < 5
        assert "Traceback" not in running.log.read_text()


def test_a_scan_that_does_not_hear_is_killed(tmp_path: Path, registry: Builder) -> None:
    """As one that waits for a dead disk, or for a long query; what it had begun is removed."""
    (tmp_path / "place").mkdir()
    faults = slow(tmp_path, registry)
    Faults(faults).set(read_seconds=1000, is_deaf=True)
    with exporter(registry.root, tmp_path / "place/x.duckdb", faults=faults) as running:
        while not is_writing(tmp_path / "place"):
            time.sleep(0.02)
        time.sleep(0.5)
        [child] = running.children()
        assert running.stop() == 0
        assert not _is_alive(child)
    assert {path.name for path in (tmp_path / "place").iterdir()} == {"x.log"}


def test_a_child_does_not_outlive_its_exporter(tmp_path: Path, registry: Builder) -> None:
    """Also if that was killed and could not tell it."""
    with exporter(registry.root, tmp_path / "x.duckdb", faults=slow(tmp_path, registry)) as running:
        while not is_writing(tmp_path):
            time.sleep(0.02)
        [child] = running.children()
        running.process.kill()
        running.process.wait()
        deadline = time.monotonic() + 10
        while _is_alive(child):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert not is_writing(tmp_path)


def test_a_child_told_again_to_go_clears_away_all_the_same(tmp_path: Path, registry: Builder) -> None:
    """As the system does when its parent is killed: once for each thread of that."""
    (tmp_path / "place").mkdir()
    with exporter(registry.root, tmp_path / "place/x.duckdb", faults=slow(tmp_path, registry)) as running:
        while not is_writing(tmp_path / "place"):
            time.sleep(0.02)
        [child] = running.children()
        while _is_alive(child):
            os.kill(child, signal.SIGTERM)
            time.sleep(0.0002)
        assert not is_writing(tmp_path / "place")


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGRTMIN + 1])
def test_a_killed_scan_is_a_failed_scan(tmp_path: Path, registry: Builder, number: int) -> None:
    """As when memory runs out, and by signals without a name too; the next one is begun in its time."""
    faults = slow(tmp_path, registry)
    with exporter(registry.root, tmp_path / "x.duckdb", "--interval=1s", faults=faults) as running:
        running.wait_for(lambda found: found["tonnage_scan_running"] == 1)
        while not is_writing(tmp_path):
            time.sleep(0.02)
        Faults(faults).set()
        os.kill(running.children()[0], number)
        running.wait_for(lambda found: found['tonnage_scan_failure{reason="killed"}'] == 1)
        running.wait_for(lambda found: found["tonnage_scan_success"] == 1)


@pytest.mark.slow
def test_a_scan_that_takes_too_long_is_ended(tmp_path: Path, registry: Builder) -> None:
    """Also one that hears no signal but SIGKILL, as when it is stopped; the next one is begun in its time."""
    faults = slow(tmp_path, registry)
    options = ("--interval=1s", "--max-duration=25s")
    with exporter(registry.root, tmp_path / "x.duckdb", *options, faults=faults) as running:
        while not is_writing(tmp_path):
            time.sleep(0.02)
        Faults(faults).set()
        [child] = running.children()
        os.kill(child, signal.SIGSTOP)
        while _is_alive(child):
            time.sleep(0.1)
        running.wait_for(lambda found: found['tonnage_scan_failure{reason="timed_out"}'] == 1)
        running.wait_for(lambda found: found["tonnage_scan_success"] == 1, seconds=60)


def test_sighup_begins_a_scan(tmp_path: Path, registry: Builder) -> None:
    """And what is new is said after it."""
    repo = registry.repository("app")
    repo.image([registry.layer(b"layer")], tag="1")
    with exporter(registry.root, tmp_path / "x.duckdb", "--interval=1h") as running:
        running.wait_for(lambda found: found.get("tonnage_scan_success") == 1)
        repo.image([registry.layer(b"other")], tag="2")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(lambda found: found['tonnage_tags{repository="app"}'] == 2)


def test_the_inventory_cannot_be_written(tmp_path: Path, registry: Builder) -> None:
    """That is a failed scan with a reason of its own, and no end of the exporter."""
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    with exporter(registry.root, tmp_path / "x.duckdb", "-i", str(tmp_path / "no/x.duckdb")) as running:
        found = running.wait_for(lambda found: "tonnage_scan_success" in found)
        assert found['tonnage_scan_failure{reason="cannot_write"}'] == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--interval=often"], "`often` is not a time"),
        (["--interval=0"], "`0` is less than a second"),
        (["--interval=999ms"], "`999ms` is less than a second"),
        (["--interval=9999999999999h"], "is not a time"),
        (["--requests-at-once=0"], "it is not more than 0"),
        (["--timeout=nan"], "it is not more than 0"),
        (["--repositories=-"], "stdin cannot be"),
        (["--tags-from=-"], "stdin cannot be"),
        (["--repositories=nowhere.txt"], "`--repositories` is not for a folder"),
        (["--max-series=-1"], "it is less than 0"),
        (["--tags-include=a@sha256:abcd"], "names a digest"),
        (["--metrics=nowhere"], "cannot read"),
        (["--web.listen-address=8080"], "`8080` is not an address to listen on"),
        (["--web.telemetry-path=metrics"], "`metrics` does not begin with /"),
        (["--web.config.file=nowhere.yml"], "cannot read `nowhere.yml`"),
    ],
)
def test_wrong_settings_are_refused_at_the_start(tmp_path: Path, options: list[str], complaint: str) -> None:
    """Before anything is served."""
    command = [sys.executable, "-m", "tonnage", "exporter", str(tmp_path), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and complaint in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("place", "options", "complaint"),
    [
        ("ftp://storage", [], "nothing is known to be at `ftp://`"),
        ("s3://", [], "names no bucket"),
        ("s3://registry", ["--ca=nowhere.pem"], "cannot read the certificates in `nowhere.pem`"),
        ("https://reader:secret@registry.example.com", [], "a password in the URL"),
        ("https://registry.example.com", ["--credentials=nowhere.txt"], "cannot read credentials from `nowhere.txt`"),
        ("https://registry.example.com", ["--repositories=nowhere.txt"], "cannot read `nowhere.txt`"),
        ("https://registry.example.com", ["--rate=0"], "have to be more than 0"),
    ],
)
def test_a_place_that_cannot_be_is_refused_at_the_start(place: str, options: list[str], complaint: str) -> None:
    """Without a question to anybody: what cannot be reached right now is no reason not to start."""
    command = [sys.executable, "-m", "tonnage", "exporter", place, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode in (2, 22) and complaint in done.stderr and "Traceback" not in done.stderr


# --- who may ask, and how -------------------------------------------------------------------------------------------


@pytest.fixture
def tls(tmp_path: Path, registry: Builder) -> Path:
    """A folder with certificates, and a configuration that wants both a client's certificate and a login."""
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    for name in ("server", "client", "stranger"):
        (tmp_path / name).mkdir()
        make_certificate(tmp_path / name, "ec")
    (tmp_path / "web.yml").write_text(
        "tls_server_config:\n  cert_file: server/certificate.pem\n  key_file: server/key.pem\n"
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: client/certificate.pem\n"
        f"  client_allowed_sans: [127.0.0.1]\nbasic_auth_users:\n  reader: {HASH}\n"
    )
    return tmp_path


def client_of(folder: Path, name: str = "") -> ssl.SSLContext:
    """Return a client that trusts the server, with a certificate of its own or without."""
    context = ssl.create_default_context(cafile=folder / "server/certificate.pem")
    if name:
        context.load_cert_chain(folder / name / "certificate.pem", folder / name / "key.pem")
    return context


def test_only_the_right_client_with_a_login_is_answered(tls: Path, registry: Builder) -> None:
    """Over TLS alone; the certificate is another one soon after the file is."""
    options = ("--web.config.file", str(tls / "web.yml"))
    with exporter(registry.root, tls / "x.duckdb", *options, context=client_of(tls, "client")) as running:
        assert running.urls[0].startswith("https://127.0.0.1:")
        for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/-/scan", "/nowhere"):
            assert running.get(path).status == 401
        assert running.get("/metrics", LOGIN).status == 200
        for context in (client_of(tls), client_of(tls, "stranger"), ssl.create_default_context()):
            running.context = context
            with pytest.raises(OSError):
                running.get("/metrics", LOGIN)
        with socket.create_connection(("127.0.0.1", int(running.urls[0].rpartition(":")[2]))) as plain:
            plain.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"tonnage" not in plain.recv(1000)
        make_certificate(tls / "server", "ec")
        running.context = client_of(tls, "client")
        wait_for(lambda: running.get("/metrics", LOGIN).status == 200)
        (tls / "web.yml").write_text("nonsense: true\n")
        wait_for(lambda: "\ntonnage_web_config_reload_success 0.0\n" in running.get("/metrics", LOGIN).text)
        assert running.get("/metrics").status == 401


def test_it_listens_on_several_addresses(tmp_path: Path, registry: Builder) -> None:
    """And on all of the machine's where only a port is given."""
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    addresses = ("--web.listen-address=127.0.0.1:0", "--web.listen-address=:0")
    with exporter(registry.root, tmp_path / "x.duckdb", *addresses) as running:
        for url in (running.urls[0], running.urls[1].replace("[::]", "127.0.0.1").replace("0.0.0.0", "127.0.0.1")):
            running.urls[0] = url
            assert running.get("/").status == 200


# --- a bucket -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("cloud_environment")
def test_a_bucket_is_scanned_as_by_the_manifest_for_kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Called so, and with the environment of its secret. No address that was signed gets into the log."""
    registry = Builder(tmp_path / "s3" / "registry")
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    things = yaml.safe_load_all((DEPLOY / "kubernetes" / "bucket.yaml").read_text())
    (deployment,) = [thing for thing in things if thing["kind"] == "Deployment"]
    command, place, *options = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    with serving_folder(tmp_path / "s3") as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        with exporter(place, tmp_path / "x.duckdb", *options, command=command) as running:
            found = running.wait_for(lambda found: found.get("tonnage_scan_success") == 1)
    assert (found['tonnage_tags{repository="app"}'], found["tonnage_scan_interval_seconds"]) == (1, 3600)
    assert "Signature" not in running.log.read_text()


# --- Prometheus itself ----------------------------------------------------------------------------------------------


def test_prometheus_scrapes_it(tls: Path, registry: Builder) -> None:
    """Plain, and with certificate and login; it takes every sample, and draws the same figures from both."""
    secured = ("--web.config.file", str(tls / "web.yml"))
    with (
        exporter(registry.root, tls / "a.duckdb") as plain,
        exporter(registry.root, tls / "b.duckdb", *secured) as guarded,
    ):
        plain.wait_for(lambda found: found.get("tonnage_scan_success") == 1)
        files = {
            "ca_file": "server/certificate.pem",
            "cert_file": "client/certificate.pem",
            "key_file": "client/key.pem",
        }
        jobs: list[dict[str, object]] = [
            {"job_name": "plain", "static_configs": [{"targets": [plain.urls[0].removeprefix("http://")]}]},
            {
                "job_name": "guarded",
                "scheme": "https",
                "tls_config": files,
                "basic_auth": {"username": "reader", "password": "secret"},
                "static_configs": [{"targets": [guarded.urls[0].removeprefix("https://")]}],
            },
        ]
        with running_prometheus({"scrape_configs": jobs}, tls) as server:

            def ask(query: str) -> dict[str, float]:
                return {series["metric"]["job"]: float(series["value"][1]) for series in server.query(query)}

            wait_for(lambda: ask('tonnage_tags{repository="app"}') == {"plain": 1, "guarded": 1})
            assert ask("min by (job) (up)") == {"plain": 1, "guarded": 1}
            assert ask('histogram_quantile(1, tonnage_layers_by_tags_bucket{job="plain"})') == {"plain": 1}
            count = len(samples_of(plain.get("/metrics").text))
            assert ask('scrape_samples_scraped{job="plain"}')["plain"] == count
            assert ask('repository_tag_size_bytes{job="guarded"}') == {"guarded": 5}
        assert "out of order" not in (log := server.log.read_text()) and "duplicate" not in log


def test_promtool_finds_no_fault(tmp_path: Path, registry: Builder) -> None:
    """In none of our own names; the four old ones end in _total, which is what they are called."""
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    with exporter(registry.root, tmp_path / "x.duckdb", "--web.config.file", _empty(tmp_path)) as running:
        running.wait_for(lambda found: found.get("tonnage_scan_success") == 1)
        text = running.get("/metrics").text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    said = (done.stdout + done.stderr).splitlines()
    assert {line.partition(" ")[0] for line in said} <= {
        "repository_tags_total", "repository_revisions_total", "repository_tag_layers_total",
    }  # fmt: skip


def _empty(folder: Path) -> str:
    (folder / "web.yml").touch()
    return str(folder / "web.yml")

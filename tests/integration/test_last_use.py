"""What was last used when: a real registry, real pulls, and each thing that tells of them: files, log, events, nginx."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

from exporting import exporter
from realregistry import HTPASSWD, Registry, running_registry
from tonnage.cli.pulls import read_pulls
from tonnage.errors import NotKnownError
from tonnage.inventory.database import Inventory
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.sample.documents import Descriptor
from tonnage.scan.run import scan
from tonnage.storage.local import open_local

PUSHED_DAYS, LOGGED_DAYS = 100, 120
PULLED = {("app", "1"), ("team/lib", "x")}
NEVER = {("app", "2"), ("team/lib", "y"), ("old", "z")}
LOGIN = "Basic cmVhZGVyOnNlY3JldA=="
LOCATION = "location /v2/ { proxy_pass URL; proxy_set_header Host $http_host; }"
NGINX = """
daemon off; pid FOLDER/pid; error_log FOLDER/error.log; events {}
http {
  log_format fields escape=json '{"time_iso8601":"$time_iso8601","request_method":"$request_method",'
    '"request_uri":"$request_uri","status":"$status","http_user_agent":"$http_user_agent"}';
  access_log FOLDER/combined.log combined; access_log FOLDER/fields.log fields;
  client_body_temp_path FOLDER; proxy_temp_path FOLDER; fastcgi_temp_path FOLDER; uwsgi_temp_path FOLDER;
  scgi_temp_path FOLDER;
  server { listen 127.0.0.1:PORT; LOCATION }
}
"""


class Pulled(NamedTuple):
    """A registry from which some images were pulled, and what tells of it."""

    root: Path
    log: Path
    events: Path
    nginx: list[Path]


class _Events(BaseHTTPRequestHandler):
    """Takes what the registry tells, a line an envelope."""

    lines: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.lines.append(json.dumps(json.loads(body)).encode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    """Push five images, all of a hundred days ago; pull two, one by its tag, and one by digest where nginx stands before."""
    folder = tmp_path_factory.mktemp("pulled")
    root, webhook = folder / "registry", ThreadingHTTPServer(("127.0.0.1", 0), _Events)
    threading.Thread(target=webhook.serve_forever, daemon=True).start()
    endpoint = {
        "name": "here",
        "url": f"http://127.0.0.1:{webhook.server_port}/",
        "timeout": "20s",  # what is answered too late is sent again, and would count twice
        "threshold": 5,
        "backoff": "1s",
    }
    config = {"notifications": {"endpoints": [endpoint]}, "log": {"level": "info", "accesslog": {"disabled": False}}}
    with running_registry(root, extra_config=config) as registry:
        images = {
            (name, tag): registry.push_image(name, [b"shared by all", f"only {name} {tag}".encode()], tag=tag)
            for name, tag in sorted(PULLED | NEVER)
        }
        make_old(root)
        nginx = pull_both(registry, images, folder)
        deadline = time.monotonic() + 10
        while b"".join(_Events.lines).count(b'"action": "pull"') < 8 and time.monotonic() < deadline:
            time.sleep(0.1)
        log = since_long(registry.log.read_text(), folder / "registry.log.gz")
    webhook.shutdown()
    events = folder / "events.jsonl"
    first, *others = sorted(_Events.lines, key=lambda line: b"pull" in line)
    old = (datetime.now(UTC) - timedelta(days=LOGGED_DAYS)).isoformat()
    envelope = json.loads(first)
    envelope["events"][0]["timestamp"] = old
    events.write_bytes(b"\n".join([json.dumps(envelope).encode(), *others]) + b"\n")
    yield Pulled(root, log, events, nginx)


def make_old(root: Path) -> None:
    """Have everything been written, and read, a hundred days ago."""
    then = time.time() - PUSHED_DAYS * 86_400
    for path in root.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


def pull(url: str, name: str, reference: str) -> None:
    """Pull an image as clients do: the manifest, the config, the layers."""
    registry = Registry(url, Path())
    answer = registry.get_manifest(name, reference)
    assert answer.status == 200
    manifest = json.loads(answer.body)
    for blob in (manifest["config"], *manifest["layers"]):
        assert registry.get(f"/v2/{name}/blobs/{blob['digest']}").status == 200


def pull_both(registry: Registry, images: dict[tuple[str, str], Descriptor], folder: Path) -> list[Path]:
    """Pull one by tag and one by digest, through nginx if there is one; return its logs."""
    by_tag, by_digest = sorted(PULLED)
    if not (program := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")):
        pull(registry.host, *by_tag)
        pull(registry.host, by_digest[0], images[by_digest].digest)
        return []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = folder / "nginx"
    place.mkdir(mode=0o777)
    config = NGINX.replace("LOCATION", LOCATION).replace("FOLDER", str(place)).replace("PORT", str(port))
    (place / "conf").write_text(config.replace("URL", registry.url))
    command = [program, "-c", str(place / "conf"), "-e", str(place / "error.log")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        try:
            wait_for(port)
            pull(f"127.0.0.1:{port}", *by_tag)
            pull(f"127.0.0.1:{port}", by_digest[0], images[by_digest].digest)
        finally:
            server.terminate()
    return [since_long((place / name).read_text(), folder / name) for name in ("combined.log", "fields.log")]


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")


def since_long(text: str, path: Path) -> Path:
    """Write a log that was begun long ago: its first line with a time, once more, as of then."""
    now, then = datetime.now(UTC), datetime.now(UTC) - timedelta(days=LOGGED_DAYS)
    forms = ("%d/%b/%Y:", "%Y-%m-%dT")
    first = next(
        line for line in text.splitlines() if any(now.strftime(form) in line for form in forms) and "v2/" in line
    )
    for form in forms:
        first = first.replace(now.strftime(form), then.strftime(form))
    content = f"{first.replace('manifests', 'not')}\n{text}".encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def unused(pulled: Pulled, inventory: Path, *places: Path, notes_reads: bool = False) -> set[tuple[str, str]]:
    """Scan with what these tell, and return the tags that nobody has used for ninety days."""
    storage = open_local(str(pulled.root))._replace(notes_reads=notes_reads)
    scan(storage, str(inventory), workers_count=1, pulls=read_pulls([str(place) for place in places]))
    rows = report(inventory, "unused", not_used_for="90d")
    return {(row["repository"], row["tag"]) for row in rows}


def report(inventory: Path, name: str, **values: str) -> list[dict[str, Any]]:
    """Return the rows of a report."""
    with Inventory(str(inventory)) as opened:
        table = run_report(opened, builtin_reports()[name], values)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def used(inventory: Path) -> set[tuple[str, str]]:
    """Return the tags that are known to have been used."""
    return {(row["repository"], row["tag"]) for row in report(inventory, "tags") if row["used_at"]}


@pytest.mark.parametrize("source", ("access times", "log", "events", "nginx", "all"))
def test_unused_is_what_was_not_pulled(pulled: Pulled, tmp_path: Path, source: str) -> None:
    """From each source alone, and from all together."""
    if source == "nginx" and not pulled.nginx:
        pytest.skip("there is no nginx")
    logs = {"access times": [], "log": [pulled.log], "events": [pulled.events], "nginx": pulled.nginx}
    places = logs.get(source, [pulled.log, pulled.events, *pulled.nginx[1:]])  # not the same form twice
    notes_reads = source in ("access times", "all")
    for _ in range(2):  # the second time is a rescan, with the same logs again
        assert unused(pulled, tmp_path / "inventory", *places, notes_reads=notes_reads) == NEVER
        assert used(tmp_path / "inventory") == PULLED
        with Inventory(str(tmp_path / "inventory")) as opened:
            counts = opened.query("select source, sum(pulls_count) from pull where not is_blob group by source").rows
            unknown = opened.query("select coalesce(sum(unknown_count), 0) from use_source").rows
        assert {count for _, count in counts} <= {2}
        assert unknown == [(0,)]
    if source != "access times":
        assert unused_after_rescan(pulled, tmp_path / "inventory") == NEVER


def unused_after_rescan(pulled: Pulled, inventory: Path) -> set[tuple[str, str]]:
    """Return the same once more, from what the inventory has kept."""
    return unused(pulled, inventory, notes_reads=False)


def test_who_pulled_is_not_kept(pulled: Pulled, tmp_path: Path) -> None:
    """No address and no name of a client is in the file."""
    unused(pulled, tmp_path / "inventory", pulled.log, pulled.events)
    content = (tmp_path / "inventory").read_bytes()
    assert b"127.0.0.1" not in content and b"Python-urllib" not in content


def test_unknown_is_said_and_not_a_date(pulled: Pulled, tmp_path: Path) -> None:
    """Where reads are not noted and there is no log, nobody is called unused."""
    with pytest.raises(NotKnownError, match="not noted"):
        unused(pulled, tmp_path / "inventory")
    assert {row["used_at"] for row in report(tmp_path / "inventory", "tags")} == {None}


def test_a_backup_says_nothing_of_use(pulled: Pulled, tmp_path: Path) -> None:
    """It reads everything in a row: of no image is it then known that it was used, and none is called unused before that."""
    copy = tmp_path / "copy"
    shutil.copytree(pulled.root, copy)
    make_old(copy)
    for path in sorted(copy.rglob("data")):
        path.read_bytes()
    found = unused(pulled._replace(root=copy), tmp_path / "inventory", notes_reads=True)
    assert (found, used(tmp_path / "inventory")) == (set(), set())
    with Inventory(str(tmp_path / "inventory")) as opened:
        [(state,)] = opened.query("select state from use_source where source = 'access times'").rows
    assert state.startswith("everything was read in a row")


def test_the_registry_tells_the_exporter_itself(tmp_path: Path) -> None:
    """Distribution's own webhook, with a login: what is pulled is in the next scan; nobody else may tell."""
    root, inventory = tmp_path / "registry", tmp_path / "inventory.duckdb"
    with running_registry(root) as registry:
        for name, tag in sorted(PULLED | NEVER):
            registry.push_image(name, [f"only {name} {tag}".encode()], tag=tag)
    user, _, hashed = HTPASSWD.strip().partition(":")
    (tmp_path / "web.yml").write_text(f"basic_auth_users:\n  {user}: {hashed}\n")
    options = ("--web.enable-events", "--web.enable-scan", "--interval=1h", f"--web.config.file={tmp_path / 'web.yml'}")
    with exporter(root, inventory, *options) as running:
        url, waiting = f"{running.urls[0]}/-/events", tmp_path / "inventory.duckdb.events"
        tell(root, url, LOGIN, lambda _: waiting.exists() and waiting.read_text().count('"pull"') == 3 * len(PULLED))
        wait_until(inventory.exists)
        assert running.get("/-/scan", {"Authorization": LOGIN}, "POST").status == 202
        wait_until(lambda: used(inventory) == PULLED)
        before = waiting.exists() and waiting.read_bytes()
        tell(root, url, "Basic cmVhZGVyOndyb25n", lambda log: " 401 " in log)  # last: whoever guesses has to wait
        assert (waiting.exists() and waiting.read_bytes()) == before
    with Inventory(str(inventory)) as opened:
        counts = opened.query(
            "select source, repository, sum(pulls_count) from pull where not is_blob group by all"
        ).rows
    assert sorted(counts) == [("notifications", repository, 1) for repository, _ in sorted(PULLED)]


def tell(root: Path, url: str, login: str, is_told: Callable[[str], bool]) -> None:
    """Pull from a registry that tells this address of it, and let it talk until its log says enough."""
    endpoint = {"name": "tonnage", "url": url, "timeout": "5s", "threshold": 5, "backoff": "100ms"}
    endpoint["headers"] = {"Authorization": [login]}
    with running_registry(root, extra_config={"notifications": {"endpoints": [endpoint]}}) as registry:
        for name, tag in sorted(PULLED):
            pull(registry.host, name, tag)
        wait_until(lambda: is_told(registry.log.read_text()))


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)

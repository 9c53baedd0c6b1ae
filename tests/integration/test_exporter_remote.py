"""A running exporter over a bucket and over a registry's API: what it says, what it cannot, and what outages leave."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from buckets import FolderStore, below_root
from exporting import Exporter, Samples, exporter, figures
from faultproxy import RESET, Answer, Fault, proxy_before
from realregistry import HTPASSWD, running_registry
from registryfronts import Hook, Reply, running_proxy
from scanning import files_below
from tonnage.exporter.messages import Job
from tonnage.rescan import run
from tonnage.sample import Builder

pytestmark = pytest.mark.integration

OFTEN = ("--interval=1h", "--web.enable-scan")
"""Scans only when asked for."""
NOT_OVER_HTTP = (
    "tonnage_collectable_bytes", "tonnage_pinned_bytes", "tonnage_revisions", "tonnage_untagged_revisions",
    "tonnage_ghost_repositories", "tonnage_collection_blocking_problems", "repository_revisions_total",
)  # fmt: skip
"""Metrics of what only files tell."""


@pytest.fixture
def images(registry: Builder) -> Builder:
    """Two repositories that share a layer, something untagged, an orphaned blob."""
    shared = registry.layer(b"shared")
    app = registry.repository("org/app")
    app.image([shared, registry.layer(b"one")], tag="1")
    app.image([shared, registry.layer(b"untagged")])
    registry.repository("org/web").image([shared], tag="latest")
    registry.blob(b"orphaned")
    return registry


@pytest.mark.usefixtures("cloud_environment")
def test_a_bucket(images: Builder, rclone_md5: FolderStore, tmp_path: Path) -> None:
    """It is told like a folder, but for a volume; what keeps from reading it is told by its reason."""
    with exporter(images.root, tmp_path / "folder.duckdb") as local:
        expected = figures(local.wait_for(lambda found: found.get("tonnage_scan_success") == 1))
    address = rclone_md5.make(below_root(files_below(images.v2)))
    with proxy_before(rclone_md5.options.endpoint) as proxy:
        options = ("--endpoint", proxy.url, "--timeout=2", *OFTEN)
        with exporter(address, tmp_path / "x.duckdb", *options) as running:
            found = running.wait_for(lambda found: found.get("tonnage_scan_success") == 1)
            assert without_place(figures(found)) == without_place(expected)
            assert found['tonnage_disk_bytes{class="orphaned"}'] == 8
            assert not named(found, "tonnage_volume_size_bytes", "tonnage_volume_free_bytes")
            down: dict[str, Fault] = {
                "unreachable": lambda asked: RESET,
                "denied": lambda asked: Answer(403, "AccessDenied"),
                "no_storage": lambda asked: Answer(404, "NoSuchBucket"),
            }
            for reason, proxy.fault in down.items():
                keeps_its_figures(running, found, reason)
            proxy.fault = lambda asked: None
            assert figures(running.scan()) == figures(found)


@pytest.mark.usefixtures("cloud_environment")
def test_a_registry_that_nothing_was_pushed_to_is_no_failure(rclone_md5: FolderStore, tmp_path: Path) -> None:
    """In an empty bucket, and over HTTP; where a bucket has other keys, its prefix is more likely wrong."""
    empty, other = rclone_md5.make({}), rclone_md5.make({"other/key": b"x"})
    source = {"endpoint": rclone_md5.options.endpoint}
    found = run(Job(empty, str(tmp_path / "a.duckdb"), source))
    assert found.exposition and b"tonnage_repositories 0" in found.exposition.text.plain and not found.reason
    assert run(Job(f"{empty}/below", str(tmp_path / "b.duckdb"), source)).reason == ""
    assert run(Job(other, str(tmp_path / "c.duckdb"), source)).reason == "no_storage"
    assert run(Job(f"{other}/below", str(tmp_path / "d.duckdb"), source)).reason == "no_storage"
    with running_registry(tmp_path / "registry") as server:
        found = run(Job(f"http://{server.host}", str(tmp_path / "e.duckdb")))
        assert found.exposition and b"tonnage_repositories 0" in found.exposition.text.plain and not found.reason


def test_a_registry_over_http(images: Builder, tmp_path: Path) -> None:
    """What its API does not tell has no series, and is never 0; it is logged in to as `tonnage scan` does."""
    (tmp_path / "login.txt").write_text("reader:secret\n")
    (tmp_path / "repositories.txt").write_text("org/app\norg/web\n")
    down: dict[str, Hook] = {
        "unreachable": lambda method, path: Reply(503, {"Retry-After": "1000"}),
        "denied": lambda method, path: Reply(403),
        "unreadable": lambda method, path: Reply(200, {"Content-Type": "text/html"}, b"<html>please log in</html>"),
    }
    with (
        running_registry(images.root, htpasswd=HTPASSWD) as server,
        running_proxy(server.host) as proxy,
    ):
        files = ("--credentials", str(tmp_path / "login.txt"), "--repositories", str(tmp_path / "repositories.txt"))
        with exporter(proxy.url, tmp_path / "x.duckdb", *files, "--rate=1000", *OFTEN) as running:
            found = running.wait_for(lambda found: found.get("tonnage_scan_success") == 1)
            assert (found['tonnage_tags{repository="org/app"}'], found["tonnage_repositories"]) == (1, 2)
            assert found['tonnage_shared_bytes{repository="org/web"}'] == 6
            assert named(found, "tonnage_disk_bytes", "tonnage_disk_files") == {
                'tonnage_disk_bytes{class="tagged"}', 'tonnage_disk_files{class="tagged"}',
            }  # fmt: skip
            assert not named(found, *NOT_OVER_HTTP, "tonnage_volume_size_bytes", "tonnage_volume_free_bytes")
            for reason, proxy.hook in down.items():
                keeps_its_figures(running, found, reason)
            proxy.hook = None
            (tmp_path / "repositories.txt").write_text("org/web\n")
            assert running.scan()["tonnage_repositories"] == 1


def keeps_its_figures(running: Exporter, before: Samples, reason: str) -> None:
    """Have a scan fail, for this reason; the figures of before stay, and grow old."""
    found = running.scan()
    assert found["tonnage_scan_success"] == 0 and found[f'tonnage_scan_failure{{reason="{reason}"}}'] == 1
    assert figures(found) == figures(before)
    time.sleep(0.05)
    assert running.samples()["tonnage_scan_age_seconds"] > found["tonnage_scan_age_seconds"]


def named(found: Samples, *names: str) -> set[str]:
    """Return the samples of these names, with their labels."""
    return {sample for sample in found if sample.partition("{")[0] in names}


def without_place(found: Samples) -> Samples:
    """Return the figures without where they are from."""
    return {re.sub(r'location="[^"]*"', "", name): value for name, value in found.items()}

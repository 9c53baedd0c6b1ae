"""A real pull-through cache before a real origin: what is normal in it, and why nobody should collect it."""

from __future__ import annotations

import http.client
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from realregistry import Registry, collect, running_registry
from scanning import answer, column, scan_tree
from tonnage.cli import main
from tonnage.exporter.metrics import builtin_metrics, run_metric
from tonnage.inventory.database import Inventory
from tonnage.inventory.known import Doubt, doubts_of
from tonnage.plan import read_plan

pytestmark = pytest.mark.integration

SECONDS = 20.0
APP = "library/app"
IN_MEMORY = {"storage": {"cache": {"blobdescriptor": "inmemory"}}}


@contextmanager
def caching(root: Path, **extra: Any) -> Iterator[tuple[Registry, list[str]]]:
    """Run an origin with an index of two platforms, and a cache through which one of them was pulled; yield its blobs."""
    with running_registry(root / "origin") as origin:
        images = [
            origin.push_image(APP, [b"base" * 1000, number.encode() * 1000], platform=platform)
            for number, platform in (("1", "linux/amd64"), ("2", "linux/arm64"))
        ]
        origin.push_index(APP, images, tag="all")
        proxy = {"proxy": {"remoteurl": origin.url}, **extra}
        with running_registry(root / "cache", extra_config=proxy) as cache:
            assert cache.get_manifest(APP, "all").status == 200
            document = json.loads(cache.get_manifest(APP, images[0].digest).body)
            blobs = [blob["digest"] for blob in (document["config"], *document["layers"])]
            for digest in blobs:
                assert cache.get(f"/v2/{APP}/blobs/{digest}").status == 200
            _wait_for(root / "cache", blobs)
            yield cache, blobs


def _wait_for(root: Path, digests: list[str]) -> None:
    """Wait until the cache has written what it serves, and what expires when: it does so beside the answers."""
    state = root / "scheduler-state.json"
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if state.exists() and all(digest in state.read_text() for digest in digests):
            return
        time.sleep(0.1)
    raise AssertionError(f"the cache did not write {state}")


def test_what_is_normal_in_a_cache(tmp_path: Path) -> None:
    """A platform nobody pulled and a layer that expired are notes; the registry's API deletes nothing."""
    with caching(tmp_path) as (cache, blobs):
        layer = tmp_path / "cache/docker/registry/v2/blobs/sha256" / blobs[1][7:9] / blobs[1][7:]
        shutil.rmtree(layer)  # as the cache does when its time is up
        path = tmp_path / "i.duckdb"
        assert scan_tree(tmp_path / "cache", path).exit_code == 0
        with Inventory(str(path)) as inventory:
            assert [found.doubt for found in doubts_of(inventory)] == [Doubt.CACHE]
            assert run_metric(inventory, builtin_metrics()["tonnage_collectable_bytes"]).rows == []
        kinds = answer(path, "select distinct severity, kind from problem order by kind")
        assert {("note", "missing_blob"), ("note", "missing_child"), ("note", "pull_through_cache")} <= set(kinds)
        assert {severity for severity, _ in kinds} == {"note"}
        assert column(path, "select tag from broken_tag") == []
        with pytest.raises(SystemExit) as ended:
            main(["plan", f"{APP}:all", "-i", str(path), "-o", str(tmp_path / "plan.json")])
        plan = read_plan((tmp_path / "plan.json").read_bytes())
        assert ended.value.code == 0 and plan.items and plan.commands == []
        assert cache.delete_manifest(APP, plan.items[0].digest).status == 405
        assert len(cache.get(f"/v2/{APP}/blobs/{blobs[1]}").body) == 4000  # it fetches the layer again


def test_why_nobody_should_collect_it(tmp_path: Path) -> None:
    """With -m the real collector takes a platform in use, and a cache that remembers its blobs sends nothing of it."""
    with caching(tmp_path, **IN_MEMORY) as (cache, blobs):
        assert len(collect(tmp_path / "cache", delete_untagged=True).eligible_blobs) == 3
        with pytest.raises(http.client.IncompleteRead):
            cache.get(f"/v2/{APP}/blobs/{blobs[0]}")

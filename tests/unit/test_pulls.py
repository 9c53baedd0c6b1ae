"""What logs say of pulls: each form a line can have, and what is made of files of them."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scanning import answer, scan_tree
from tonnage.cli.pulls import read_pulls
from tonnage.errors import NotKnownError, UsageError
from tonnage.formats.pulls import parse_line
from tonnage.formats.targets import parse_target
from tonnage.inventory.database import Inventory
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.planning.deletions import Deletions
from tonnage.planning.deletions_text import describe
from tonnage.planning.planner import Wanted, make_plan
from tonnage.planning.policy import parse_policy
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

D = "sha256:" + "ab" * 32
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
JSON_FIELDS = {
    "http.request.method": "HEAD", "http.request.uri": "/v2/app/manifests/1", "http.response.status": 200, "level": "info",
    "msg": "response completed", "time": "2026-11-29T10:00:00.123456789Z", "http.request.useragent": "docker/24",
}  # fmt: skip
TRAEFIK = {
    "DownstreamStatus": 200, "RequestMethod": "GET", "RequestPath": "/v2/team/app/manifests/1", "StartUTC":
    "2026-11-29T10:00:00.9Z", "request_User-Agent": "containerd/1.7", "ClientHost": "10.0.0.1", "level": "info", "msg": "",
}  # fmt: skip
EVENT = {
    "id": "e1", "timestamp": "2026-11-29T10:00:00.5Z", "action": "pull", "request": {"useragent": "skopeo/1.9"},
    "target": {"digest": D, "repository": "app", "tag": "1", "url": f"http://r/v2/app/manifests/{D}"},
}  # fmt: skip
S3 = (
    "79a5 bucket [29/Nov/2026:10:00:00 +0000] 192.0.2.3 79a5 3E57 REST.GET.OBJECT prefix/docker/registry/v2/blobs/sha256/ab/"
    + "ab" * 32
    + '/data "GET /bucket/key HTTP/1.1" 200 - 113 113 7 6 "-" "aws-sdk" - x SigV4 - AuthHeader host TLSv1.2 - -'
)
CLF = '127.0.0.1 - user [29/Nov/2026:10:00:00 +0000] "{} HTTP/1.1" {} 529 "" "{}"'
TEXT = (
    'time="2026-11-29T10:00:00.5Z" level=info msg="response completed" go.version=go1.19 http.request.host="r:5000" '
    'http.request.method=GET http.request.remoteaddr="10.0.0.1:1" http.request.uri="/v2/app/manifests/1" '
    'http.request.useragent="docker/24" http.response.status=200'
)
PULLS: dict[str, tuple[str, str, tuple[str | None, str, bool]]] = {
    "combined": (CLF.format("GET /v2/a/b/manifests/1.0", 200, "docker/24"), "access log", ("a/b", "1.0", False)),
    "head": (CLF.format(f"HEAD /v2/app/manifests/{D}", 200, "x"), "access log", ("app", D, False)),
    "coded": (CLF.format("GET /v2/app/manifests/sha256%3A" + "ab" * 32, 200, "x"), "access log", ("app", D, False)),
    "blob": (CLF.format(f"GET /v2/app/blobs/{D}", 307, "x"), "access log", ("app", D, True)),
    "traefik common": (
        CLF.format("GET /v2/app/manifests/1", 200, "x") + ' 1 "registry@docker" "http://10.0.0.2:5000" 5ms',
        "access log",
        ("app", "1", False),
    ),
    "registry json": (json.dumps(JSON_FIELDS), "registry log", ("app", "1", False)),
    "registry text": (TEXT, "registry log", ("app", "1", False)),
    "traefik json": (json.dumps(TRAEFIK), "traefik", ("team/app", "1", False)),
    "event": (json.dumps(EVENT), "notifications", ("app", D, False)),
    "envelope": (json.dumps({"events": [EVENT]}), "notifications", ("app", D, False)),
    "s3": (S3, "s3 log", (None, D, True)),
}
OTHERS = {
    "ping": CLF.format("GET /v2/", 200, "x"), "missing": CLF.format("GET /v2/app/manifests/1", 404, "x"),
    "push": CLF.format("PUT /v2/app/manifests/1", 201, "x"),
    "head of a blob": CLF.format(f"HEAD /v2/app/blobs/{D}", 200, "x"),
    "upload": CLF.format("GET /v2/app/blobs/uploads/123", 200, "x"),
    "ours": CLF.format("GET /v2/app/manifests/1", 200, "tonnage/1"),
    "started": 'time="2026-11-29T10:00:00Z" level=info msg="listening on 127.0.0.1:5000"',
    "pushed": json.dumps({**EVENT, "action": "push"}), "s3 put": S3.replace("REST.GET", "REST.PUT"),
    "s3 link": S3.replace("/data", "/link"),
}  # fmt: skip
UNKNOWN = (
    "rubbish",
    "{",
    "[]",
    '{"a": 1}',
    '{"events": [1]}',
    "x" * 300,
    CLF.replace("29/Nov", "99/Foo").format("GET /", 200, "x"),
)


@pytest.mark.parametrize("name", PULLS)
def test_a_pull_is_read_in_each_form(name: str) -> None:
    """What was pulled, and when."""
    text, source, expected = PULLS[name]
    line = parse_line(text)
    assert line is not None and line.source == source
    [pull] = line.pulls
    assert pull[:3] == expected
    assert datetime.fromtimestamp(pull.at_us // 1_000_000, UTC) == datetime(2026, 11, 29, 10, tzinfo=UTC)


def test_what_is_no_pull_is_not_unknown() -> None:
    """Pings, pushes, failures and tonnage's own requests are known, and no pulls; rubbish is not known."""
    for name, text in OTHERS.items():
        line = parse_line(text)
        assert line is not None and line.pulls == (), name
    assert [text for text in UNKNOWN if parse_line(text)] == []


def write(path: Path, *lines: str) -> str:
    """Write a log; return its path."""
    content = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(path)


def test_files_add_up_and_nothing_counts_twice(registry: Builder, inventory: Path, tmp_path: Path) -> None:
    """A rotated log may be read packed and again plain, together with what it has become since; what is unknown is said."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    first, second = (CLF.format("GET /v2/app/manifests/1", 200, f"client {number}") for number in range(2))
    envelope = json.dumps({"events": [EVENT, {**EVENT, "id": "e2"}]})
    packed = write(tmp_path / "log.1.gz", first, "rubbish", OTHERS["ping"])
    plain = write(tmp_path / "log", first, OTHERS["ping"], second, envelope, envelope)
    pulls = read_pulls([packed])
    assert pulls is not None
    assert (
        pulls.files[0]
        .describe()
        .endswith("access log: 2 lines, 1 pulls, 1 other lines; 1 lines in no form that is known")
    )
    counts = "select source, reference, sum(pulls_count) from pull group by all order by all"
    scan_tree(registry.root, inventory, pulls=pulls)
    assert answer(inventory, counts) == [("access log", "1", 1)]
    for _ in range(2):
        scan_tree(registry.root, inventory, pulls=read_pulls([packed, plain]))
        assert answer(inventory, counts) == [("access log", "1", 2), ("notifications", D, 2)]
    registry.repository("new").image([registry.layer(b"two")], tag="1")
    scan_tree(registry.root, inventory)  # one that loads again
    assert answer(inventory, counts) == [("access log", "1", 2), ("notifications", D, 2)]
    assert answer(inventory, "select sum(unknown_count) from use_source") == [(1,)]


def test_harbor_tells_the_last_pull_of_all(registry: Builder, inventory: Path, tmp_path: Path) -> None:
    """By its database or a saved answer of its API; what was never pulled is known to be unused since it was pushed."""
    registry.when = NOW - timedelta(days=200)
    repo = registry.repository("library/app")
    pulled, never = (repo.image([registry.layer(name)], tag=name.decode()) for name in (b"pulled", b"never"))
    artifacts: list[dict[str, Any]] = [
        {"repository_name": "library/app", "digest": pulled.digest, "pull_time": "2026-11-20T00:00:00.000Z"},
        {"repository_name": "library/app", "digest": never.digest, "pull_time": "0001-01-01T00:00:00.000Z"},
    ]
    dump = "--\n-- PostgreSQL database dump\n--\nCOPY public.artifact (id, repository_name, digest, pull_time) FROM stdin;\n"
    rows = [f"1\tlibrary/app\t{pulled.digest}\t2026-11-20 00:00:00", f"2\tlibrary/app\t{never.digest}\t\\N", "\\."]
    saved = write(tmp_path / "artifacts.json", json.dumps(artifacts))
    dumped = write(tmp_path / "dump.sql", dump + "\n".join(rows))
    for place in (saved, dumped):
        scan_tree(registry.root, inventory, full=True, now=lambda: NOW, pulls=read_pulls([place], lambda: NOW))
        assert unused(inventory) == ["never"]
        assert answer(inventory, "select tag, used_at from tag_usage where used_at is not null") == [
            ("pulled", datetime(2026, 11, 20))
        ]


def unused(inventory: Path, days: int = 90) -> list[str]:
    """Return the tags that were not used for so long."""
    with Inventory(str(inventory)) as opened:
        table = run_report(opened, builtin_reports()["unused"], {"not_used_for": f"{days}d"})
    return sorted(row[table.columns.index("tag")] for row in table.rows)


def test_a_log_says_nothing_of_before_it_or_of_a_gap(registry: Builder, inventory: Path, tmp_path: Path) -> None:
    """Unused for ninety days is only who was in no log of ninety days without a gap that end about now."""
    registry.when = NOW - timedelta(days=200)
    registry.repository("app").image([registry.layer(b"one")], tag="1")

    def log(name: str, *days: int) -> str:
        lines = [
            OTHERS["ping"].replace("29/Nov/2026", (NOW - timedelta(days=day)).strftime("%d/%b/%Y")) for day in days
        ]
        return write(tmp_path / name, *lines)

    long, recent, ended, gap = log("long", 120, 0), log("recent", 30, 0), log("ended", 120, 30), log("gap", 120, 40)
    for places, expected in (([long], ["1"]), ([ended, recent], ["1"]), ([recent], []), ([gap, recent], [])):
        new = tmp_path / f"inventory of {len(list(tmp_path.iterdir()))}"
        scan_tree(registry.root, new, now=lambda: NOW, pulls=read_pulls(places))
        assert unused(new) == expected, places
    scan_tree(registry.root, inventory, now=lambda: NOW, pulls=read_pulls([ended]))
    with pytest.raises(NotKnownError, match="access times"):
        unused(inventory)


def test_a_policy_keeps_what_was_pulled(registry: Builder, inventory: Path, tmp_path: Path) -> None:
    """By the logs, and without them it is refused, unless a rule says what follows; items and the set say since when."""
    registry.when = NOW - timedelta(days=200)
    for tag in ("pulled", "forgotten"):
        registry.repository("app").image([registry.layer(tag.encode())], tag=tag)

    def planned(unknown_use: str = "refuse") -> dict[str, str | None]:
        text = f'[[rule]]\nrepositories = ["*"]\nkeep_used_within = "90d"\nunknown_use = "{unknown_use}"\n'
        with Inventory(str(inventory)) as opened:
            plan = make_plan(opened, Wanted(policy=parse_policy(text)), NOW, predicts=False)
        return {item.tags[0]: item.unused_since_at for item in plan.items}

    scan_tree(registry.root, inventory, now=lambda: NOW)
    with pytest.raises(NotKnownError, match="keep_used_within: unknown") as refused:
        planned()
    assert "--pulls-from" in refused.value.next_step and "unknown_use" in refused.value.next_step
    assert planned("keep") == {}
    assert planned("ignore") == {"pulled": None, "forgotten": None}
    lines = [OTHERS["ping"].replace("29/Nov/2026", day) for day in ("01/Aug/2026", "29/Nov/2026")]
    pull = CLF.format("GET /v2/app/manifests/pulled", 200, "docker").replace("29/Nov/2026", "20/Nov/2026")
    scan_tree(registry.root, inventory, now=lambda: NOW, pulls=read_pulls([write(tmp_path / "log", *lines, pull)]))
    assert planned() == planned("ignore") == {"forgotten": "2026-08-01T10:00:00Z"}
    with Inventory(str(inventory)) as opened:
        deletions = Deletions(opened)
        deletions.add_all([parse_target("app")])
        deletions.settle()
        known = "the last use that is known was on 2026-11-20 10:00"
        assert f"Not used since 2026-11-20 10:00; {known}" in describe(deletions).replace("\n", " ")


def test_a_file_that_says_nothing_is_refused(tmp_path: Path) -> None:
    """So is one that cannot be read; both before the scan begins."""
    with pytest.raises(UsageError, match="no line in a form"):
        read_pulls([write(tmp_path / "rubbish", *UNKNOWN)])
    with pytest.raises(UsageError, match="cannot read"):
        read_pulls([str(tmp_path / "missing")])
    with pytest.raises(UsageError, match="cannot read"):
        (tmp_path / "cut.gz").write_bytes(gzip.compress(PULLS["combined"][0].encode() * 999)[:60])
        read_pulls([str(tmp_path / "cut.gz")])
    assert read_pulls([]) is None


def test_access_times_are_asked_again_after_a_day(registry: Builder, inventory: Path) -> None:
    """A read changes no folder: within a day a rescan keeps what it knows and says as of when, and then asks again."""
    digest = registry.repository("app").image([layer := registry.layer(b"one")], tag="1").digest
    data = registry.blob_path(layer.digest)
    first = datetime.now(UTC)
    looked = "select read_at, looked_at from blob where digest = $digest"
    for hours, sees in ((0, True), (1, False), (25, True)):
        read_at, now = first + timedelta(hours=hours, minutes=-1), first + timedelta(hours=hours)
        os.utime(data, (read_at.timestamp(), data.stat().st_mtime))
        scan_tree(registry.root, inventory, now=lambda at=now: at)  # type: ignore[misc]
        [(found, asked)] = answer(inventory, looked, {"digest": layer.digest})
        assert ((asked - now.replace(tzinfo=None)) == timedelta(0)) is sees
        assert (abs(found - read_at.replace(tzinfo=None)) < timedelta(seconds=1)) is sees
    [(used_at,)] = answer(inventory, "select used_at from revision_usage where digest = $digest", {"digest": digest})
    assert used_at == found

"""Metrics: from a file to samples, the built-in ones and an operator's own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from scanning import scan_tree
from tonnage.errors import QueryError, UsageError
from tonnage.exporter.collection import BROKEN, broken_family
from tonnage.exporter.compat import make_selection, select
from tonnage.exporter.expose import expose, wanted_metrics
from tonnage.exporter.messages import Job
from tonnage.exporter.metrics import (
    Labelled,
    Metric,
    Rows,
    builtin_metrics,
    compat_metrics,
    metrics_in,
    parse_metric,
    run_metric,
    to_family,
)
from tonnage.exporter.state import LIVE
from tonnage.inventory.database import Inventory
from tonnage.inventory.reports import parse_report
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

ALL = {**builtin_metrics(), **compat_metrics()}
GAUGE = "-- Ones. One row per one.\n-- type: gauge\n"


@pytest.fixture(scope="module")
def demo_opened(demo_inventory: Path) -> Iterator[Inventory]:
    """The demo's inventory."""
    with Inventory(str(demo_inventory)) as inventory:
        yield inventory


def metric(sql: str, name: str = "own") -> Metric:
    """Return the metric of a file."""
    return parse_metric(parse_report(name, sql))


def samples(inventory: Inventory, sql: str) -> list[Sample]:
    """Return what comes of a file."""
    found = metric(sql)
    return to_family(found, run_metric(inventory, found)).samples


# --- the files ------------------------------------------------------------------------------------------------------


def test_a_label_repeats_no_word_of_the_name(demo_opened: Inventory) -> None:
    """As Prometheus' rules for names want it; names begin with our prefix and only counters end in _total."""
    for name, found in builtin_metrics().items():
        words = set(name.split("_"))
        assert not words & set(run_metric(demo_opened, found).label_names), name
        assert name.startswith("tonnage_")
        assert not re.search(r"_(total|count|sum|bucket)\Z", name)


def test_every_metric_runs_on_an_empty_registry(tmp_path: Path) -> None:
    """And none of its figures is made up."""
    registry = Builder(tmp_path / "registry")
    for name in ("blobs", "repositories"):
        (registry.v2 / name).mkdir(parents=True)
    scan_tree(registry.root, tmp_path / "inventory")
    with Inventory(str(tmp_path / "inventory")) as inventory:
        for name, found in ALL.items():
            values = {row.value for row in run_metric(inventory, found).rows}
            assert values <= ({1.0} if name == "tonnage_inventory_info" else {0.0}), name


def test_every_label_has_a_meaning(demo_opened: Inventory) -> None:
    """In the file, or by the column of a view with its name."""
    columns = demo_opened.query("select distinct column_name from duckdb_columns() where schema_name = 'main'").rows
    for name, found in ALL.items():
        assert set(run_metric(demo_opened, found).label_names) <= found.labels.keys() | {c for (c,) in columns}, name


def test_bytes_add_up(demo_opened: Inventory, demo: Builder) -> None:
    """The classes to the disk, exclusive and shared bytes to the stored ones; each byte of a layer is in a bucket."""

    def rows(name: str) -> dict[tuple[str, ...], float]:
        return {row.labels: row.value for row in run_metric(demo_opened, ALL[name]).rows}

    files = [path for path in demo.v2.rglob("*") if path.is_file()]
    assert sum(rows("tonnage_disk_bytes").values()) == sum(path.stat().st_size for path in files)
    assert sum(rows("tonnage_disk_files").values()) == len(files)
    parts = (rows("tonnage_exclusive_bytes"), rows("tonnage_shared_bytes"))
    assert rows("tonnage_stored_bytes") == {key: parts[0][key] + parts[1][key] for key in parts[0]}
    layers_bytes = demo_opened.query("select sum(size_bytes) from layer").rows[0][0]
    for by in ("repositories", "tags"):
        found = run_metric(demo_opened, ALL[f"tonnage_layer_bytes_by_{by}"])
        assert sum(row.weight for row in found.rows) == layers_bytes


# --- an operator's own ----------------------------------------------------------------------------------------------


def test_columns_are_labels_and_null_is_left_out(demo_opened: Inventory) -> None:
    """A null label is an empty one; a null value is not a sample, and never 0."""
    sql = GAUGE + "select * from (values ('a', 1.5, 2), (null, 3, 4), ('c', 5, null)) as t (x, y, value)"
    assert samples(demo_opened, sql) == [
        Sample("own", {"x": "a", "y": "1.5"}, 2.0),
        Sample("own", {"x": "", "y": "3.0"}, 4.0),
    ]


def test_a_histogram_counts_by_weight(demo_opened: Inventory) -> None:
    """Its buckets are cumulative, the last one infinite; the sum is of what was observed."""
    sql = "-- H. One row per n.\n-- type: histogram\n-- buckets: 1 2.5\n"
    found = samples(demo_opened, sql + "select * from (values (1, 10), (2, 5), (9, 1)) as t (value, weight)")
    buckets = {sample.labels["le"]: sample.value for sample in found if sample.name == "own_bucket"}
    assert buckets == {"1.0": 10, "2.5": 15, "+Inf": 16}
    assert {s.name: s.value for s in found if "le" not in s.labels} == {"own_count": 16, "own_sum": 29}
    nothing = samples(demo_opened, sql + "select 1 as value where false")
    assert {sample.value for sample in nothing} == {0} and len(nothing) == 5


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("select 1 as x", "there is no column `value`"),
        ("select 'a' as value", "`a` is not a number"),
        ("select 'a' as \"x-y\", 1 as value", "`x-y` cannot be the name of a label"),
        ("select 'a' as le, 1 as value", "`le` cannot be the name of a label"),
        ("select 'a' as __x, 1 as value", "`__x` cannot be the name of a label"),
        ("select 1 as value union all select 2", "several rows have the same labels"),
        ("select nothing", "nothing"),
    ],
)
def test_rows_that_are_no_samples_are_refused(demo_opened: Inventory, sql: str, complaint: str) -> None:
    """Prometheus would drop the whole scrape for one of them."""
    with pytest.raises(QueryError, match=re.escape(complaint)):
        run_metric(demo_opened, metric(GAUGE + sql))


@pytest.mark.parametrize(
    ("name", "header", "complaint"),
    [
        ("own", "", "it needs a line `-- type: T`"),
        ("own", "-- type: meter", "it needs a line `-- type: T`"),
        ("own-metric", "-- type: gauge", "its name is not made of"),
        ("own", "-- type: counter", "the name of a counter ends in _total"),
        ("own", "-- type: histogram", "needs a line `-- buckets: 1 2 5`"),
        ("own", "-- type: gauge\n-- buckets: 1 2", "needs a line `-- buckets: 1 2 5`"),
        ("own", "-- type: histogram\n-- buckets: 2 1", "its buckets are not in order"),
        ("own", "-- type: histogram\n-- buckets: a", "could not convert string to float: 'a' in its buckets"),
        ("own", "-- type: gauge\n-- $min integer 0: at least", "it has parameters"),
    ],
)
def test_a_file_that_is_no_metric_is_refused_by_name(tmp_path: Path, name: str, header: str, complaint: str) -> None:
    """At the start, before anything is served."""
    (tmp_path / f"{name}.sql").write_text(f"-- Ones. One row per one.\n{header}\nselect 1 as value\n")
    with pytest.raises(UsageError, match=re.escape(f"`{name}.sql` is not a metric: ")) as refused:
        metrics_in(str(tmp_path))
    assert complaint in str(refused.value)


def test_an_own_metric_takes_the_place_of_ours(tmp_path: Path, demo_opened: Inventory) -> None:
    """One with a new name stands beside ours; one with the name of what is not SQL is refused."""
    for name in ("tonnage_tags", "shop_tags"):
        (tmp_path / f"{name}.sql").write_text(GAUGE + "select 7 as value\n")
    text = expose(demo_opened, Job("", "", metrics_folder=str(tmp_path))).text.plain.decode()
    assert "\ntonnage_tags 7.0\n" in text and "tonnage_tags{" not in text and "\nshop_tags 7.0\n" in text
    (tmp_path / "tonnage_scan_success.sql").write_text(GAUGE + "select 7 as value\n")
    with pytest.raises(UsageError, match="has the name of a metric that is not SQL"):
        wanted_metrics(Job("", "", metrics_folder=str(tmp_path)))


@pytest.mark.parametrize(
    "files",
    [
        {"own_a": "gauge", "own_a_total": "counter"},
        {"tonnage_query_success_total": "counter"},
        {"tonnage_scans": "gauge"},
        {"repository_tags_total_total": "counter"},
    ],
)
def test_two_metrics_are_not_one_family(files: dict[str, str], tmp_path: Path) -> None:
    """OpenMetrics has a counter without its `_total`; with two of one name Prometheus refuses all there is."""
    for name, type_ in files.items():
        (tmp_path / f"{name}.sql").write_text(f"-- T.\n-- type: {type_}\nselect 1 as value")
    with pytest.raises(UsageError, match="are one name to OpenMetrics"):
        wanted_metrics(Job("", "", metrics_folder=str(tmp_path)))


def test_a_metric_that_fails_leaves_the_others(tmp_path: Path, demo_opened: Inventory) -> None:
    """And is told."""
    (tmp_path / "broken.sql").write_text(GAUGE + "select nothing\n")
    text = expose(demo_opened, Job("", "", metrics_folder=str(tmp_path))).text.plain.decode()
    assert '\ntonnage_query_success{metric="broken"} 0.0\n' in text
    assert '\ntonnage_query_success{metric="tonnage_tags"} 1.0\n' in text
    assert "\nbroken" not in text and "\ntonnage_tags{" in text


# --- the whole exposition -------------------------------------------------------------------------------------------


def test_the_exposition_is_openmetrics(demo_opened: Inventory) -> None:
    """Its own parser takes it, and what it says is what the text says."""
    exposition = expose(demo_opened, Job("", "", collector_version=3))
    families = list(text_string_to_metric_families(exposition.openmetrics.plain.decode() + "# EOF\n"))
    assert {family.name for family in families} >= {BROKEN, *ALL} - {"tonnage_layers_by_tags"}
    found = {line.partition(" ")[0] for line in exposition.text.plain.decode().splitlines() if line[0] != "#"}
    assert len(found) == sum(len(family.samples) for family in families)


def test_compat_metrics_can_be_switched_off(demo_opened: Inventory) -> None:
    """Then all names are our own."""
    text = expose(demo_opened, Job("", "", is_compatible=False)).text.plain.decode()
    assert "repository_tags_total" not in text
    assert {line.split("{")[0].split(" ")[0][:8] for line in text.splitlines() if line[0] != "#"} == {"tonnage_"}


def test_what_a_collection_would_break(registry: Builder, tmp_path: Path) -> None:
    """What `tonnage gc` counts, and nothing where it is unknown."""
    app = registry.repository("app")
    app.index([app.image([registry.layer(b"layer")])], tag="1")
    scan_tree(registry.root, tmp_path / "i")
    with Inventory(str(tmp_path / "i")) as inventory:
        found = broken_samples(inventory, 2, True) | broken_samples(inventory, 3, False)
    assert found == {
        ("2.x", "true", "image"): 1,
        ("2.x", "true", "referrer"): 0,
        ("3.x", "false", "image"): 0,
        ("3.x", "false", "referrer"): 0,
    }
    shutil.rmtree(registry.v2 / "blobs")
    scan_tree(registry.root, tmp_path / "i")
    with Inventory(str(tmp_path / "i")) as inventory:
        assert broken_samples(inventory, 3, False) == {}


def broken_samples(inventory: Inventory, version: int, delete_untagged: bool) -> dict[tuple[str, ...], float]:
    """Return what is said of a collection, by registry, delete_untagged and kind."""
    labels = ("registry", "delete_untagged", "kind")
    samples = broken_family(inventory, version, delete_untagged).samples
    return {tuple(sample.labels[label] for label in labels): sample.value for sample in samples}


def test_live_names_are_no_sql() -> None:
    """Each name has one meaning."""
    assert not LIVE.keys() & ALL.keys()


# --- the old gauges, filtered and limited ---------------------------------------------------------------------------

TAGS = Rows(("repository",), [Labelled(("app",), 3), Labelled(("web",), 1)])
SIZES = Rows(
    ("repository", "tag"),
    [Labelled(("app", "1"), 10), Labelled(("app", "2"), 30), Labelled(("app", "pr-1"), 20), Labelled(("web", "1"), 5)],
)
COUNTS = SIZES._replace(rows=[row._replace(value=row.value / 10) for row in SIZES.rows])
FOUND = {"repository_tags_total": TAGS, "repository_tag_layers_total": COUNTS, "repository_tag_size_bytes": SIZES}


@pytest.mark.parametrize(
    ("include", "exclude", "kept"),
    [
        ([], [], ["app:1", "app:2", "app:pr-1", "web:1"]),
        (["app"], [], ["app:1", "app:2", "app:pr-1"]),
        (["*:1"], [], ["app:1", "web:1"]),
        ([], ["*:pr-*"], ["app:1", "app:2", "web:1"]),
        (["app", "web:*"], ["app:?"], ["app:pr-1", "web:1"]),
    ],
)
def test_tags_are_chosen_by_targets(include: list[str], exclude: list[str], kept: list[str]) -> None:
    """Written as everywhere else; gauges of repositories stay."""
    selected = select(FOUND, make_selection(include, exclude, 0))
    assert [":".join(row.labels) for row in selected.rows["repository_tag_size_bytes"].rows] == kept
    assert selected.rows["repository_tags_total"] == TAGS
    assert set(selected.dropped.values()) == {0}


@pytest.mark.parametrize("limit", range(1, 12))
def test_the_limit_is_kept(limit: int) -> None:
    """Of all series together; both of a tag stay, or none; what is left out is counted."""
    selected = select(FOUND, make_selection([], [], limit))
    counts = {name: len(rows.rows) for name, rows in selected.rows.items()}
    assert sum(counts.values()) <= limit
    assert counts["repository_tag_layers_total"] == counts["repository_tag_size_bytes"]
    assert {name: len(FOUND[name].rows) - count for name, count in counts.items()} == selected.dropped


def test_the_largest_stay() -> None:
    """In the order they had."""
    selected = select(FOUND, make_selection([], [], 6))
    assert [row.labels for row in selected.rows["repository_tag_size_bytes"].rows] == [("app", "2"), ("app", "pr-1")]


def test_a_digest_is_no_tag() -> None:
    """It is refused as a pattern."""
    with pytest.raises(UsageError, match="names a digest"):
        make_selection(["app@sha256:abcd"], [], 0)


# --- the old gauges, worked out by themselves -----------------------------------------------------------------------


def old_lines(v2: Path) -> list[str]:
    """Return what docker-registry-exporter says of a healthy registry, from its files alone, sorted."""
    lines = []
    for manifests in v2.glob("repositories/**/_manifests"):
        repository = f'repository="{manifests.parent.relative_to(v2 / "repositories")}"'
        links = list(manifests.glob("tags/*/current/link"))
        revisions = list(manifests.glob("revisions/sha256/*/link"))
        lines += [f"repository_tags_total{{{repository}}} {float(len(links))}"]
        lines += [f"repository_revisions_total{{{repository}}} {float(len(revisions))}"]
        for link in links:
            labels = f'{{{repository},tag="{link.parent.parent.name}"}}'
            hexdigits = link.read_text().removeprefix("sha256:")
            layers = json.loads((v2 / "blobs/sha256" / hexdigits[:2] / hexdigits / "data").read_bytes())["layers"]
            size = floatToGoString(sum(layer["size"] for layer in layers))
            lines += [f"repository_tag_layers_total{labels} {float(len(layers))}"]
            lines += [f"repository_tag_size_bytes{labels} {size}"]
    return sorted(lines)


def test_the_old_gauges_are_line_for_line_the_old_ones(tmp_path: Path) -> None:
    """Of a healthy registry of schema 2 images: nested repositories, shared and repeated layers, none, huge ones."""
    registry = Builder(tmp_path / "registry")
    layers = [registry.layer(size_bytes=7**number, seed=str(number)) for number in range(1, 13)]
    for name in ("app", "org/app", "org/app/nested", "z"):
        repo = registry.repository(name)
        for number in range(12):
            repo.image([*layers[:number], *layers[: number % 3]], tag=f"v{number}", docker=True)
        repo.image(layers[:2], tag="v3", docker=True)
        repo.image([], tag="empty", docker=True)
        repo.image(layers[3:4], docker=True)
    repo.untag("v1")
    scan_tree(registry.root, tmp_path / "inventory")
    with Inventory(str(tmp_path / "inventory")) as inventory:
        text = expose(inventory, Job("", "")).text.plain.decode()
    said = [line for line in text.splitlines() if line.startswith("repository_")]
    assert sorted(said) == old_lines(registry.v2)
    assert len(said) > 100

"""What anybody may push must not make an answer explode: a configuration or a list of thousands, shared by hundreds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from scanning import scan_tree
from tonnage.inventory.database import Inventory
from tonnage.inventory.reports import Parameter, Report, builtin_reports
from tonnage.planning.planner import Wanted, make_plan
from tonnage.planning.policy import parse_policy
from tonnage.sample import Builder, Descriptor, documents

pytestmark = pytest.mark.slow

COUNT = 12_000
MANIFESTS_COUNT = 1_200
"""Together some two megabytes. What joins them before it counts has 14 million rows."""
REPORTS = list(builtin_reports().values())


def many(registry: Builder) -> Descriptor:
    """Push few, long documents and many short ones that share them; return the layer that is in all."""
    repo = registry.repository("team/evil")
    layer = registry.layer(b"zz")
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{'ab' * 32}"] * COUNT},
        "history": [{"created_by": "x"}] * COUNT,
        "config": {"Labels": {f"l{number}": "v" for number in range(COUNT)}},
    }
    shared = registry.blob(json.dumps(config).encode(), documents.OCI_CONFIG)
    for number in range(MANIFESTS_COUNT):
        repo.image([layer], tag=f"small-{number}", config=shared, annotations={"n": f"{number}"})
    wide = repo.image([layer] * COUNT, tag="wide", config=shared)
    repo.index([wide] * COUNT, tag="index")
    return layer


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Descriptor]]:
    """Yield its inventory, and the layer."""
    folder = tmp_path_factory.mktemp("hostile")
    registry = Builder(folder / "registry")
    layer = many(registry)
    scan_tree(registry.root, folder / "inventory")
    yield folder / "inventory", layer


def value_of(parameter: Parameter, layer: Descriptor) -> object:
    """Return what is bound where nothing is given."""
    return layer.digest if parameter.default is None else parameter.parse(parameter.default)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_a_report_takes_little_memory(hostile: tuple[Path, Descriptor], report: Report) -> None:
    """No more than 120 MB, of which the database has some 30 for itself."""
    inventory, layer = hostile
    values = {parameter.name: value_of(parameter, layer) for parameter in report.parameters}
    config = {"memory_limit": "120MB", "threads": 2, "temp_directory": ""}
    with duckdb.connect(str(inventory), read_only=True, config=config) as database:
        database.execute(report.sql, values or None).fetchall()


def test_a_policy_looks_at_the_labels_it_names(hostile: tuple[Path, Descriptor]) -> None:
    """And at no others, of which each image may have thousands."""
    policy = parse_policy('[[rule]]\nrepositories = ["*"]\nkeep_labels = { l7 = "v" }\n')
    with Inventory(str(hostile[0])) as inventory:
        plan = make_plan(inventory, Wanted(policy=policy), datetime(2026, 11, 1, tzinfo=UTC))
    assert plan.items == []
    assert {kept.reason for kept in plan.kept} == {"has label l7=v"}

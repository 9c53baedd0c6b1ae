"""deploy/ against a real Prometheus that scrapes a real exporter: the alerts fire as they say, the dashboard has figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporting import Exporter, exporter
from realprometheus import Prometheus, running_prometheus, wait_for
from tonnage.sample import Builder

pytestmark = pytest.mark.integration

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "tonnage.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
HOW_TO = (DEPLOY.parent / "docs" / "how-to" / "alerts-and-dashboard.md").read_text()
EXAMPLES = re.findall(r"^```promql\n(.+?)^```$", HOW_TO, re.MULTILINE | re.DOTALL)
NOTHING_TO_SEE = {
    "Full in": "the volume may not fill meanwhile",
    "Alerts that fire": "none has waited long enough",
}
"""Panels that may show no figure here, and why."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A Prometheus that scrapes the exporters of two registries."""

    prometheus: Prometheus
    healthy: str
    """The instance of the demo."""
    damaged: str
    """That of a registry in which an image has lost a layer, and another its manifest's end."""


@pytest.fixture(scope="module")
def watched(demo: Builder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The configuration of deploy/ at work, for long enough that there are curves."""
    folders = [tmp_path_factory.mktemp(name) for name in ("healthy", "damaged", "prometheus")]
    damaged_registry(folders[1] / "registry")
    with (
        exporter(demo.root, folders[0] / "tonnage.duckdb") as healthy,
        exporter(folders[1] / "registry", folders[1] / "tonnage.duckdb") as damaged,
        running_prometheus(config_for(healthy, damaged), folders[2]) as prometheus,
    ):
        wait_for(lambda: len(prometheus.query('count_over_time(tonnage_disk_bytes{class="tagged"}[1h]) > 1')) == 2)
        yield Watched(prometheus, address(healthy), address(damaged))


def config_for(*exporters: Exporter) -> dict[str, Any]:
    """Return the configuration of deploy/ with these in the place of its target."""
    config: dict[str, Any] = yaml.safe_load((ALERTS.parent / "prometheus.yml").read_text())
    config["rule_files"] = [str(ALERTS.parent / name) for name in config["rule_files"]]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [address(found) for found in exporters]}]
    return config


def address(found: Exporter) -> str:
    """Return what Prometheus calls it."""
    return found.urls[0].removeprefix("http://")


def damaged_registry(root: Path) -> None:
    """Build a registry in which two of three images are broken."""
    registry = Builder(root)
    app = registry.repository("app")
    layers = [registry.layer(name.encode() * 999) for name in ("lost", "kept")]
    app.image(layers[:1], tag="without-layer")
    cut = app.image(layers[1:], tag="without-end")
    app.image([registry.layer(b"whole" * 999)], tag="whole")
    registry.blob_path(layers[0].digest).unlink()
    manifest = registry.blob_path(cut.digest)
    manifest.write_bytes(manifest.read_bytes()[:-9])


def chosen(expression: str, instance: str = ".*") -> str:
    """Return an expression as Grafana would send it for one exporter, or for all."""
    return expression.replace("$job", "tonnage").replace("$instance", instance)


def test_the_exporters_are_scraped(watched: Watched) -> None:
    """By the job of deploy/prometheus/prometheus.yml, without an error."""
    targets = {(target["labels"]["job"], target["health"]) for target in watched.prometheus.targets()}
    assert targets == {("tonnage", "up")}


def test_every_rule_is_evaluated(watched: Watched) -> None:
    """And what is found is found of the damaged registry, not of the healthy one."""
    rules = wait_for(lambda: are_known(watched.prometheus.rules()))
    assert {rule["name"]: rule["health"] for rule in rules} == {rule["alert"]: "ok" for rule in RULES}
    of_registries = [
        rule for rule in rules if rule["name"] != "TonnageDiskFull"
    ]  # which is of the disk of this machine
    found = [(rule["name"], alert["labels"]["instance"]) for rule in of_registries for alert in rule["alerts"]]
    assert {name for name, instance in found if instance == watched.damaged} == {
        "TonnageImagesBroken",
        "TonnageCollectionWouldAbort",
    }
    assert [name for name, instance in found if instance == watched.healthy] == []


def are_known(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules once all have been evaluated over figures."""
    return rules if all(r["health"] != "unknown" for r in rules) and any(r["alerts"] for r in rules) else []


@pytest.mark.parametrize(("title", "expression"), QUERIES, ids=[f"{title}-{e[:30]}" for title, e in QUERIES])
def test_a_panel_has_figures(watched: Watched, title: str, expression: str) -> None:
    """Every query of the dashboard is one, and yields something."""
    found = watched.prometheus.query(chosen(expression))
    assert found or title in NOTHING_TO_SEE


def test_the_dashboard_adds_up_to_the_disk(watched: Watched, demo: Builder) -> None:
    """The classes of the first curve are all bytes of all files."""
    (by_class,) = [expression for title, expression in QUERIES if title == "Disk by class"]
    shown = watched.prometheus.query(chosen(by_class, watched.healthy))
    bytes_on_disk = sum(path.stat().st_size for path in demo.root.rglob("*") if path.is_file())
    assert sum(int(series["value"][1]) for series in shown) == bytes_on_disk


@pytest.mark.parametrize("name", ["job", "instance"])
def test_the_dashboards_choices_are_there(watched: Watched, name: str) -> None:
    """What Grafana asks for to fill the lists at the top has an answer."""
    asked = re.fullmatch(r"label_values\((.+), (\w+)\)", chosen(VARIABLES[name]["query"]))
    assert asked and asked[2] == name
    found = {series["metric"][name] for series in watched.prometheus.query(asked[1])}
    assert found == ({"tonnage"} if name == "job" else {watched.healthy, watched.damaged})


@pytest.mark.parametrize("expression", EXAMPLES, ids=lambda expression: expression[:30])
def test_the_examples_of_the_how_to_have_figures(watched: Watched, expression: str) -> None:
    """For both registries."""
    assert {series["metric"]["instance"] for series in watched.prometheus.query(expression)} == {
        watched.healthy,
        watched.damaged,
    }

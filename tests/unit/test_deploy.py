"""The compose file and what Prometheus and Grafana read are well-formed, and fit together."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from console import run
from tonnage.cli import COMMANDS
from tonnage.inventory.reports import builtin_reports

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
STORAGE = "/var/lib/registry"
INVENTORY = "/var/lib/tonnage"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "tonnage.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]


def test_compose_knows_every_field() -> None:
    """A parser that refuses what the specification does not name."""
    with pytest.raises(Exception, match="volums"):
        PyCompose.from_yaml("services: {a: {image: b, volums: []}}")
    assert set(PyCompose.from_yaml((DEPLOY / "compose.yaml").read_text()).to_dict()["services"]) == {
        "registry",
        "tonnage",
        "prometheus",
        "grafana",
    }


def test_compose_gives_tonnage_the_registry_to_read() -> None:
    """The same volume, read-only; it writes nowhere but to the inventory."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert f"registry:{STORAGE}" in services["registry"]["volumes"]
    assert services["tonnage"]["volumes"] == [f"registry:{STORAGE}:ro", f"inventory:{INVENTORY}"]
    assert services["tonnage"]["command"] == ["exporter", f"{STORAGE}/docker/registry/v2"]
    assert (services["tonnage"]["read_only"], services["tonnage"]["cap_drop"]) == (True, ["ALL"])


def test_compose_mounts_what_is_there() -> None:
    """Each file and folder of deploy/ that a container gets exists, and what the programs there read is in it."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    mounts = [volume.split(":")[:2] for service in services.values() for volume in service.get("volumes", [])]
    inside = {there: DEPLOY / here for here, there in mounts if here.startswith(".")}
    assert [str(path) for path in inside.values() if not path.exists()] == []
    assert (inside["/etc/prometheus"] / "prometheus.yml").exists()
    providers = yaml.safe_load((inside["/etc/grafana/provisioning"] / "dashboards" / "tonnage.yaml").read_text())
    assert [provider["options"]["path"] in inside for provider in providers["providers"]] == [True]
    home = Path(services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (inside[str(home.parent)] / home.name).exists()


def test_compose_reaches_no_other_machine() -> None:
    """Every port is on this machine's own address: the registry and Grafana have no logins worth the name."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == len(services)
    assert [port for port in ports if not re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)] == []


def test_everyone_uses_the_same_names() -> None:
    """Prometheus scrapes the service of that name, and Grafana asks Prometheus."""
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert [config["static_configs"] for config in scraped] == [[{"targets": ["tonnage:8080"]}]]
    sources = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/tonnage.yaml").read_text())["datasources"]
    assert [source["url"] for source in sources] == ["http://prometheus:9090"]


def test_what_follows_from_something_else_is_fresh() -> None:
    """`make docs` would change neither the dashboard nor the rules for the Prometheus operator."""
    run = subprocess.run([sys.executable, ROOT / "scripts" / "generate_deploy.py", "--check"], capture_output=True)
    assert (run.returncode, run.stderr.decode()) == (0, "")


def test_the_dashboard_can_be_imported_and_provisioned() -> None:
    """Import asks for a data source, provisioning takes the first: each query goes where the variable points."""
    assert "id" not in DASHBOARD and "__inputs" not in DASHBOARD
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    asking = [*PANELS, *(target for panel in PANELS for target in panel["targets"]), variables["job"]]
    assert {(source["type"], source["uid"]) for source in (thing["datasource"] for thing in asking)} == {
        ("prometheus", "${datasource}")
    }


def test_no_panel_lies_on_another() -> None:
    """Each has a place of its own on the grid of 24 columns, and a number of its own."""
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_every_panel_says_what_it_shows() -> None:
    """With a title and a sentence, and in the unit that the metric's name ends in."""
    assert [panel["title"] for panel in PANELS if not panel.get("description")] == []
    in_bytes = [
        p["title"] for p in PANELS if re.search(r"_bytes\b", p["targets"][0]["expr"]) and "bytes" not in unit(p)
    ]
    assert in_bytes == ["Volume in use", "Full in"]


def unit(panel: Any) -> str:
    """Return the units of a panel: its own, and those of its columns."""
    overrides = [p["value"] for o in panel["fieldConfig"]["overrides"] for p in o["properties"] if p["id"] == "unit"]
    return " ".join([panel["fieldConfig"]["defaults"].get("unit", ""), *overrides])


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_the_command_of_an_alert_runs(rule: Any, demo_inventory: Path, tmp_path: Path) -> None:
    """What an alert says to run next is a command, and runs where there is an inventory."""
    shutil.copyfile(demo_inventory, tmp_path / "tonnage.duckdb")
    exit_code, output = run(rule["annotations"]["command"], tmp_path, {})
    assert exit_code == 0, output
    assert set(rule["annotations"]) == {"summary", "description", "command"}
    assert rule["labels"]["severity"] in ("warning", "critical")


@pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])
def test_the_command_of_a_panel_is_one(panel: Any) -> None:
    """Descriptions name the command that says more."""
    called = re.findall(r"\btonnage ([a-z-]+)", panel["description"])
    assert [name for name in called if name not in {**COMMANDS, **builtin_reports()}] == []


def test_the_how_to_lists_every_alert() -> None:
    """With the command that it says to run next."""
    page = (ROOT / "docs" / "how-to" / "alerts-and-dashboard.md").read_text()
    listed = re.findall(r"^\| `(Tonnage\w+)` \| .* \| `(.+)` \|$", page, re.MULTILINE)
    assert listed == [(rule["alert"], rule["annotations"]["command"]) for rule in RULES]


@pytest.mark.parametrize("page", ["run-in-kubernetes", "run-with-compose", "alerts-and-dashboard"])
def test_the_files_of_commands_are_there(page: str) -> None:
    """What a how-to has you apply, build or check is in the clone."""
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text()
    named = set(re.findall(r"deploy/[\w./-]+", text))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []

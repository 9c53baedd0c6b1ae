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
DASHBOARDS_OF_SQL = "grafana-postgresql-datasource"
COMPOSE = {path.stem: path for path in DEPLOY.glob("compose*.yaml")}
DASHBOARDS = {
    "prometheus": json.loads((DEPLOY / "grafana" / "dashboards" / "tonnage.json").read_text()),
    DASHBOARDS_OF_SQL: json.loads(
        (DEPLOY / "grafana" / "postgresql" / "dashboards" / "tonnage-postgresql.json").read_text()
    ),
}
"""By the type of data source that they ask."""
PANELS = {kind: [p for p in dashboard["panels"] if p["type"] != "row"] for kind, dashboard in DASHBOARDS.items()}
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]


def services_of(name: str) -> dict[str, Any]:
    """Return the services of a compose file."""
    services: dict[str, Any] = yaml.safe_load(COMPOSE[name].read_text())["services"]
    return services


def test_compose_knows_every_field() -> None:
    """A parser that refuses what the specification does not name."""
    with pytest.raises(Exception, match="volums"):
        PyCompose.from_yaml("services: {a: {image: b, volums: []}}")
    parsed = {name: set(PyCompose.from_yaml(path.read_text()).to_dict()["services"]) for name, path in COMPOSE.items()}
    assert parsed == {
        "compose": {"registry", "tonnage", "prometheus", "grafana"},
        "compose.postgresql": {"postgresql", "grafana"},
    }


def test_compose_gives_tonnage_the_registry_to_read() -> None:
    """The same volume, read-only; it writes nowhere but to the inventory."""
    services = services_of("compose")
    assert f"registry:{STORAGE}" in services["registry"]["volumes"]
    assert services["tonnage"]["volumes"] == [f"registry:{STORAGE}:ro", f"inventory:{INVENTORY}"]
    assert services["tonnage"]["command"] == ["exporter", f"{STORAGE}/docker/registry/v2"]
    assert (services["tonnage"]["read_only"], services["tonnage"]["cap_drop"]) == (True, ["ALL"])


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_mounts_what_is_there(name: str) -> None:
    """Each file and folder of deploy/ that a container gets exists, and what the programs there read is in it."""
    services = services_of(name)
    mounts = [volume.split(":")[:2] for service in services.values() for volume in service.get("volumes", [])]
    inside = {there: DEPLOY / here for here, there in mounts if here.startswith(".")}
    assert [str(path) for path in inside.values() if not path.exists()] == []
    assert "prometheus" not in services or (inside["/etc/prometheus"] / "prometheus.yml").exists()
    providers = yaml.safe_load((inside["/etc/grafana/provisioning"] / "dashboards" / "tonnage.yaml").read_text())
    assert [provider["options"]["path"] in inside for provider in providers["providers"]] == [True]
    home = Path(services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (inside[str(home.parent)] / home.name).exists()


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_reaches_no_other_machine(name: str) -> None:
    """Every port is on this machine's own address: the registry and Grafana have no logins worth the name."""
    services = services_of(name)
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == len(services)
    assert [port for port in ports if not re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)] == []


def test_everyone_uses_the_same_names() -> None:
    """Prometheus scrapes the service of that name, and Grafana asks Prometheus."""
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert [config["static_configs"] for config in scraped] == [[{"targets": ["tonnage:8080"]}]]
    sources = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/tonnage.yaml").read_text())["datasources"]
    assert [source["url"] for source in sources] == ["http://prometheus:9090"]


def test_grafana_is_told_where_postgresql_is() -> None:
    """The data source names what the compose file sets, and no password: both that it needs must be given from outside."""
    text = (DEPLOY / "grafana" / "postgresql" / "provisioning" / "datasources" / "postgresql.yaml").read_text()
    [source] = yaml.safe_load(text)["datasources"]
    services = services_of("compose.postgresql")
    given = services["grafana"]["environment"]
    assert set(re.findall(r"\$(\w+)", text)) <= set(given)
    assert (source["type"], source["user"]) == (DASHBOARDS_OF_SQL, "grafana")
    assert given["POSTGRESQL_ADDRESS"] == "postgresql:5432"
    assert given["POSTGRESQL_DATABASE"] == services["postgresql"]["environment"]["POSTGRES_DB"]
    secrets = [value for each in services.values() for name, value in each["environment"].items() if "PASSWORD" in name]
    assert len(secrets) == 5 and [value for value in secrets if not re.fullmatch(r"\$\{\w+:\?.+\}", value)] == []
    roles = (DEPLOY / "grafana" / "postgresql" / "role.sql").read_text()
    assert set(re.findall(r"\\getenv \w+ (\w+)", roles)) <= set(services["postgresql"]["environment"])


def test_what_follows_from_something_else_is_fresh() -> None:
    """`make docs` would change neither the dashboards nor the rules for the Prometheus operator."""
    run = subprocess.run([sys.executable, ROOT / "scripts" / "generate_deploy.py", "--check"], capture_output=True)
    assert (run.returncode, run.stderr.decode()) == (0, "")


@pytest.mark.parametrize("kind", DASHBOARDS)
def test_the_dashboard_can_be_imported_and_provisioned(kind: str) -> None:
    """Import asks for a data source, provisioning takes the first: each query goes where the variable points."""
    dashboard = DASHBOARDS[kind]
    assert "id" not in dashboard and "__inputs" not in dashboard
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", kind)
    choices = [variable for variable in variables.values() if variable["type"] == "query"]
    asking = [*PANELS[kind], *(target for panel in PANELS[kind] for target in panel["targets"]), *choices]
    assert {(source["type"], source["uid"]) for source in (thing["datasource"] for thing in asking)} == {
        (kind, "${datasource}")
    }


def test_the_dashboards_are_two() -> None:
    """One Grafana may have both."""
    assert len({dashboard["uid"] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
def test_no_panel_lies_on_another(dashboard: Any) -> None:
    """Each has a place of its own on the grid of 24 columns, and a number of its own."""
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_every_query_of_a_file_is_in_a_panel() -> None:
    """And none is in none."""
    files = [path.read_text() for path in (DEPLOY / "grafana" / "postgresql" / "sql").glob("*.sql")]
    shown = [panel["targets"][0]["rawSql"] for panel in PANELS[DASHBOARDS_OF_SQL]]
    chosen = [variable["query"] for variable in DASHBOARDS[DASHBOARDS_OF_SQL]["templating"]["list"]]
    assert [text for text in files if text.partition("\n")[2].strip() not in [*shown, *chosen]] == []


def test_every_panel_says_what_it_shows() -> None:
    """With a title and a sentence, and in the unit that the metric's name ends in."""
    everything = [panel for panels in PANELS.values() for panel in panels]
    assert [panel["title"] for panel in everything if not panel.get("description")] == []
    in_bytes = [
        panel["title"]
        for panel in everything
        if re.search(r"_bytes\b", panel["targets"][0].get("expr") or panel["targets"][0]["rawSql"])
        and "bytes" not in unit(panel)
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


def test_the_commands_of_panels_are_some() -> None:
    """Descriptions name the command that says more."""
    said = [panel["description"] for panels in PANELS.values() for panel in panels]
    called = [name for text in said for name in re.findall(r"\btonnage ([a-z-]+)", text)]
    assert [name for name in called if name not in {**COMMANDS, **builtin_reports()}] == []
    assert called


def test_the_how_to_lists_every_alert() -> None:
    """With the command that it says to run next."""
    page = (ROOT / "docs" / "how-to" / "alerts-and-dashboard.md").read_text()
    listed = re.findall(r"^\| `(Tonnage\w+)` \| .* \| `(.+)` \|$", page, re.MULTILINE)
    assert listed == [(rule["alert"], rule["annotations"]["command"]) for rule in RULES]


@pytest.mark.parametrize(
    "page", ["run-in-kubernetes", "run-with-compose", "alerts-and-dashboard", "put-it-into-postgresql"]
)
def test_the_files_of_commands_are_there(page: str) -> None:
    """What a how-to has you apply, build or check is in the clone."""
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text()
    named = set(re.findall(r"deploy/[\w./-]+", text))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []

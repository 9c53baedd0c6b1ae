#!/usr/bin/env python3
"""Write what in deploy/ follows from something else; with `--check`, compare only.

The dashboards follow from scripts/dashboard.py and scripts/dashboard_postgresql.py; the rules for the Prometheus operator
are those of alerts.yml, wrapped; scripts/chart.py says what of the Helm chart follows from the rest.
"""

import sys
from pathlib import Path

import dashboard
import dashboard_postgresql
import yaml
from chart import chart_files

DEPLOY = Path(__file__).parent.parent / "deploy"
GENERATED = "Written by scripts/generate_deploy.py; `make docs` rewrites it."


def main() -> None:
    """Write the files, or with `--check` say which of them are stale and exit with 1."""
    files = all_files()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(DEPLOY.parent)} is stale: make docs", file=sys.stderr)
        sys.exit(1 if stale else 0)
    for path in stale:
        path.write_text(files[path], encoding="utf-8")
        print(f"{path.relative_to(DEPLOY.parent)} written")


def all_files() -> dict[Path, str]:
    """Return the files by path."""
    drawn = {
        DEPLOY / "grafana" / "dashboards" / "tonnage.json": dashboard.dashboard(),
        DEPLOY / "grafana" / "postgresql" / "dashboards" / "tonnage-postgresql.json": dashboard_postgresql.dashboard(),
    }
    return {
        **drawn,
        DEPLOY / "kubernetes" / "prometheusrule.yaml": prometheus_rule(),
        **chart_files(DEPLOY, {path.name: text for path, text in drawn.items()}, GENERATED),
    }


def prometheus_rule() -> str:
    """Return the alert rules as a resource of the Prometheus operator."""
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "tonnage", "labels": {"app.kubernetes.io/name": "tonnage"}},
        "spec": yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8")),
    }
    return f"# deploy/prometheus/alerts.yml for the Prometheus operator. {GENERATED}\n" + yaml.safe_dump(
        rule, sort_keys=False, width=1000
    )


if __name__ == "__main__":
    main()

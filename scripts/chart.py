"""What of the Helm chart follows from something else: the manifests of deploy/kubernetes are its one source.

What a chart lets people change stands in values.yaml, between two marks, as bucket.yaml has it; alerts and dashboards are
copies, as a chart reaches no file outside of itself; its versions are the program's, and its page is the schema's words.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

BEGIN, END = "# >>> deploy/kubernetes", "# <<<"


def chart_files(deploy: Path, dashboards: dict[str, str], generated: str) -> dict[Path, str]:
    """Return the files of the chart that follow from others, by path. `generated` says so in those that have comments."""
    chart = deploy / "chart"
    schema = json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    values = with_shared((chart / "values.yaml").read_text(encoding="utf-8"), deploy / "kubernetes", generated)
    return {
        chart / "Chart.yaml": about(deploy.parent / "src" / "tonnage" / "__init__.py", generated),
        chart / "README.md": page(schema, yaml.safe_load(values), generated),
        chart / "values.yaml": values,
        chart / "files" / "alerts.yml": (deploy / "prometheus" / "alerts.yml").read_text(encoding="utf-8"),
        **{chart / "files" / name: text for name, text in dashboards.items()},
    }


def about(program: Path, generated: str) -> str:
    """Return Chart.yaml: the chart is released with the program, under the same version."""
    found = re.search(r'^__version__ = "(.+)"', program.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{program} has no __version__"
    written = {
        "apiVersion": "v2",
        "name": "tonnage",
        "description": "What fills a container registry's disk, who holds it, and what would really be freed",
        "type": "application",
        "version": found[1],
        "appVersion": found[1],
        "kubeVersion": ">=1.25.0-0",
        "keywords": ["container", "registry", "storage", "prometheus"],
        "annotations": {"artifacthub.io/license": "Apache-2.0"},
    }
    return f"# {generated}\n" + yaml.safe_dump(written, sort_keys=False)


def with_shared(values: str, kubernetes: Path, generated: str) -> str:
    """Return values.yaml with what it has from the manifests as they have it."""
    found: dict[str, Any] = {}
    for thing in manifests(kubernetes):
        found.setdefault(thing["kind"], thing)
    deployed, policy = found["Deployment"]["spec"], found["NetworkPolicy"]["spec"]
    (container,) = deployed["template"]["spec"]["containers"]
    whole = {
        "strategy": deployed["strategy"],
        "podSecurityContext": deployed["template"]["spec"]["securityContext"],
        "securityContext": container["securityContext"],
        "livenessProbe": container["livenessProbe"],
        "readinessProbe": container["readinessProbe"],
        "resources": container["resources"],
        "networkPolicy": {"enabled": True, "from": policy["ingress"][0]["from"], "egress": policy["egress"]},
    }
    job = found["CronJob"]["spec"]["jobTemplate"]["spec"]
    limits, collection = (container["args"][1:] for container in job["template"]["spec"]["containers"])
    whole["check"] = {
        "enabled": False,
        "schedule": found["CronJob"]["spec"]["schedule"],
        "deadlineSeconds": job["activeDeadlineSeconds"],
        "scan": [],
        "limits": limits,
        "collection": collection,
    }
    lines = {
        "size": found["PersistentVolumeClaim"]["spec"]["resources"]["requests"]["storage"],
        "port": found["Service"]["spec"]["ports"][0]["port"],
        "interval": found["ServiceMonitor"]["spec"]["endpoints"][0]["interval"],
    }
    for name, value in lines.items():
        values, count = re.subn(rf"^  {name}: .*$", f"  {name}: {value}", values, flags=re.MULTILINE)
        assert count == 1, f"values.yaml has {count} lines of {name}"
    before, rest = values.split(f"{BEGIN}\n")
    after = rest.split(f"{END}\n")[1]
    written = yaml.safe_dump(whole, sort_keys=False)
    return f"{before}{BEGIN}\n# As bucket.yaml and cronjob.yaml have it. {generated}\n{written}{END}\n{after}"


def manifests(kubernetes: Path) -> Iterator[Any]:
    """Yield the objects that the chart has too, the exporter's first."""
    for name in ("bucket", "service", "servicemonitor", "cronjob"):
        yield from yaml.safe_load_all((kubernetes / f"{name}.yaml").read_text(encoding="utf-8"))


def page(schema: dict[str, Any], values: dict[str, Any], generated: str) -> str:
    """Return README.md: how to install the chart, and a row per value with its default and what the schema says of it."""
    rows = "".join(f"| `{name}` | {default(value)} | {text} |\n" for name, value, text in described(schema, values))
    return f"""<!-- {generated} -->
# The Helm chart of tonnage

{schema["description"]}

[How to run tonnage in Kubernetes](../../docs/how-to/run-in-kubernetes.md) has you install it.

| Value | Default | What it is |
|---|---|---|
{rows}"""


def described(schema: dict[str, Any], values: Any, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield path, default and description of each value that the schema describes, in its order."""
    for name, part in schema["properties"].items():
        if "properties" in part:
            yield from described(part, values[name], f"{prefix}{name}.")
        elif name in values:
            yield f"{prefix}{name}", values[name], part["description"]


def default(value: Any) -> str:
    """Return a default as a cell of the table; what is long is in values.yaml.

    >>> default(""), default({"a": 1}), default({"a": {"b": 1, "c": [1, 2, 3, 4, 5]}})
    ('', '`{"a": 1}`', 'see values.yaml')
    """
    text = json.dumps(value)
    if value in ("", None):
        return ""
    return f"`{text if not isinstance(value, str) else value}`" if len(text) < 30 else "see values.yaml"

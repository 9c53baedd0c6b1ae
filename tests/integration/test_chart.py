"""The Helm chart, rendered with helm: what it makes is what deploy/kubernetes has, and it refuses what cannot be meant."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubernetesobjects import validate
from tonnage.cli.serve import PORT

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "chart"


def by_kind(thing: Any) -> str:
    """Return an object's kind, and whether it is the check's."""
    return thing["kind"] + (" of the check" if thing["metadata"]["name"].endswith("-check") else "")


def manifests(*names: str) -> dict[str, Any]:
    """Return the objects of files of deploy/kubernetes."""
    texts = [(ROOT / "deploy" / "kubernetes" / f"{name}.yaml").read_text() for name in names]
    return {by_kind(thing): thing for text in texts for thing in yaml.safe_load_all(text)}


MANIFESTS = manifests("bucket", "service", "servicemonitor", "prometheusrule")
BUCKET = ["place=s3://registry", "args={--interval=1h}", "credentialsSecret=tonnage-bucket"]
WATCHED = [
    "serviceMonitor.enabled=true",
    "prometheusRule.enabled=true",
    "dashboard.enabled=true",
    "dashboard.postgresql=true",
]
CHOICES = {
    "bucket": [*BUCKET, *WATCHED],
    "volume": ["registry.claim=registry", "nodeSelector.disk=ssd", "image.digest=sha256:" + "0" * 64],
    "page": ["command=serve", "place=https://r.example.com", "externalUrl=https://d.example.com/t", "configSecret=web"],
    "least": [
        "place=gs://b",
        "inventory.persistent=false",
        "networkPolicy.enabled=false",
        "serviceAccount.create=false",
    ],
    "check": ["registry.claim=registry", "check.enabled=true", "command=none"],
    "both": ["place=s3://registry", "check.enabled=true", "check.limits={--grown-over=20GiB/7d}"],
}
REFUSED = {
    "nothing": ([], "name what is scanned"),
    "two storages": (["place=s3://b", "registry.claim=c"], "two storages"),
    "a folder": (["place=/var/lib/registry"], "'/place'"),
    "misspelt": (["place=s3://b", "intervall=1h"], "'intervall' not allowed"),
    "misspelt inside": (["place=s3://b", "inventory.sise=1Gi"], "'sise' not allowed"),
    "another command": (["place=s3://b", "command=apply"], "'/command'"),
}


def helm(*args: str) -> subprocess.CompletedProcess[str]:
    """Run helm. Skip where it is not installed; in CI that is a failure."""
    program = ROOT / ".helm" / "helm" if (ROOT / ".helm" / "helm").exists() else shutil.which("helm")
    if not program:
        message = "NOT RENDERED WITH HELM: scripts/install-test-programs.sh installs it"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    return subprocess.run([program, *args], capture_output=True, text=True)


def render(*values: str) -> dict[str, Any]:
    """Return the objects of a release called tonnage, by kind; the check's are apart."""
    run = helm("template", "tonnage", str(CHART), *(word for value in values for word in ("--set", value)))
    assert run.returncode == 0, run.stderr
    things = {by_kind(thing): thing for thing in yaml.safe_load_all(run.stdout) if thing}
    assert len(things) == sum(bool(thing) for thing in yaml.safe_load_all(run.stdout))
    return things


@pytest.fixture(scope="module")
def rendered() -> dict[str, dict[str, Any]]:
    """The objects of each choice, by kind."""
    return {name: render(*values) for name, values in CHOICES.items()}


def templates(things: dict[str, Any]) -> list[Any]:
    """Return the templates of all pods."""
    found = [things[kind]["spec"] for kind in ("Deployment",) if kind in things]
    found += [things[kind]["spec"]["jobTemplate"]["spec"] for kind in ("CronJob of the check",) if kind in things]
    return [spec["template"] for spec in found]


def comparable(thing: Any) -> Any:
    """Return a spec without what is a release's own: image, account, and the labels by which its parts find each other."""
    if isinstance(thing, dict):
        ours = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "tonnage"}
        ours |= {"image", "imagePullPolicy", "serviceAccountName"}
        return {key: comparable(value) for key, value in thing.items() if key not in ours}
    return [comparable(part) for part in thing] if isinstance(thing, list) else thing


@pytest.mark.parametrize("choice", CHOICES)
def test_kubernetes_knows_what_is_rendered(choice: str, rendered: dict[str, dict[str, Any]]) -> None:
    """Every field of every object; and each pod writes to nothing but the inventory, as somebody who is there."""
    things = rendered[choice]
    for thing in things.values():
        validate(thing)
    assert templates(things)
    for pod in (template["spec"] for template in templates(things)):
        assert pod["automountServiceAccountToken"] is False and pod["securityContext"]["runAsNonRoot"] is True
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert [mount["name"] for mount in container["volumeMounts"]] == [v["name"] for v in pod["volumes"]]
            writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
            assert writable == ["/var/lib/tonnage"]
            assert container["securityContext"] == {
                "readOnlyRootFilesystem": True,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            }
        if account := things.get("ServiceAccount"):
            assert pod["serviceAccountName"] == account["metadata"]["name"]


@pytest.mark.parametrize("choice", CHOICES)
def test_what_is_rendered_finds_its_parts(choice: str, rendered: dict[str, dict[str, Any]]) -> None:
    """Deployment, service and policies lead to the pods that are meant, and to no others."""
    things = rendered[choice]
    labels = [template["metadata"]["labels"] for template in templates(things)]
    for kind in ("Deployment", "Service", "NetworkPolicy", "NetworkPolicy of the check"):
        if kind in things:
            spec = things[kind]["spec"]
            selector = spec.get("podSelector") or spec["selector"]
            chosen = selector.get("matchLabels", selector).items()
            assert sum(chosen <= found.items() for found in labels) == 1, kind


def test_the_chart_makes_what_the_manifests_have(rendered: dict[str, dict[str, Any]]) -> None:
    """With the manifests' values nothing differs, but that a secret which is named has to be there."""
    things = rendered["bucket"]
    assert set(things) == {*MANIFESTS, "ConfigMap"}
    for kind, manifest in MANIFESTS.items():
        wanted = comparable(manifest.get("spec"))
        if kind == "Deployment":
            assert wanted["template"]["spec"]["containers"][0]["envFrom"][0]["secretRef"].pop("optional") is True
        if kind == "Service":
            wanted["type"] = "ClusterIP"
        assert comparable(things[kind].get("spec")) == wanted, kind
        assert things[kind]["metadata"]["name"] == manifest["metadata"]["name"]
    assert things["ServiceAccount"]["automountServiceAccountToken"] is False
    drawn = [ROOT / "deploy" / "grafana" / place for place in ("dashboards", "postgresql/dashboards")]
    assert {name: json.loads(text) for name, text in things["ConfigMap"]["data"].items()} == {
        path.name: json.loads(path.read_text()) for folder in drawn for path in folder.iterdir()
    }


def test_the_charts_check_is_the_manifests(rendered: dict[str, dict[str, Any]]) -> None:
    """And nothing else is made with it."""
    things, wanted = rendered["check"], manifests("cronjob")
    assert set(things) == {*wanted, "ServiceAccount"}
    for kind, manifest in wanted.items():
        as_named_here = json.loads(json.dumps(manifest["spec"]).replace('"storage"', '"registry"'))
        assert comparable(things[kind]["spec"]) == comparable(as_named_here), kind
        assert things[kind]["metadata"]["name"] == manifest["metadata"]["name"]


def test_beside_a_registrys_volume_nothing_of_it_is_changed(rendered: dict[str, dict[str, Any]]) -> None:
    """It is read-only, no group is given to its files, and its reader speaks to nobody."""
    things = rendered["volume"]
    pod = things["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"] == ["exporter", "/var/lib/registry/docker/registry/v2"]
    assert {"name": "registry", "mountPath": "/var/lib/registry", "readOnly": True} in container["volumeMounts"]
    assert "fsGroup" not in pod["securityContext"] and pod["securityContext"]["runAsNonRoot"] is True
    assert {"name": "inventory", "emptyDir": {}} in pod["volumes"] and "PersistentVolumeClaim" not in things
    assert things["NetworkPolicy"]["spec"]["egress"] == []
    assert container["image"] == "tonnage@sha256:" + "0" * 64


def test_the_page_is_served_by_its_own_name(rendered: dict[str, dict[str, Any]]) -> None:
    """With the secret's files at hand."""
    (container,) = rendered["page"]["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["args"] == [
        "serve",
        "https://r.example.com",
        "--web.external-url=https://d.example.com/t",
    ]
    assert container["ports"] == [{"name": "metrics", "containerPort": PORT}]
    assert {"name": "config", "mountPath": "/etc/tonnage", "readOnly": True} in container["volumeMounts"]


@pytest.mark.parametrize("wish", REFUSED)
def test_what_cannot_be_meant_is_refused(wish: str) -> None:
    """Before anything is made, by its name."""
    values, said = REFUSED[wish]
    run = helm("template", "tonnage", str(CHART), *(word for value in values for word in ("--set", value)))
    assert run.returncode != 0 and said in run.stderr, run.stderr


def test_helm_finds_no_fault() -> None:
    """Its own linter, as strict as it can be."""
    run = helm("lint", "--strict", "--quiet", str(CHART), "--set", "place=s3://registry")
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_value_is_described() -> None:
    """What values.yaml has, the schema has, and no more."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    del schema["properties"]["global"]  # Helm puts it there
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def compare(part: dict[str, Any], value: dict[str, Any]) -> None:
        assert set(part["properties"]) == set(value)
        assert part["additionalProperties"] is False
        for name, inner in part["properties"].items():
            assert "properties" in inner or inner["description"].endswith(".")
            if "properties" in inner:
                compare(inner, value[name])

    compare(schema, values)

"""The manifests for Kubernetes are well-formed, fit together, and let tonnage write to nothing but its inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kubernetesobjects import validate

STORAGE = "/var/lib/registry"
INVENTORY = "/var/lib/tonnage"
USER = 65532
KUBERNETES = sorted((Path(__file__).parents[2] / "deploy" / "kubernetes").glob("*.yaml"))
OBJECTS = [(path.name, thing) for path in KUBERNETES for thing in yaml.safe_load_all(path.read_text())]


def find(kind: str, file: str = "") -> Any:
    """Return the one object of a kind, in one file or in all."""
    (found,) = [thing for name, thing in OBJECTS if thing["kind"] == kind and file in name]
    return found


def pod(file: str) -> Any:
    """Return the pod that a file deploys."""
    return find("Deployment", file)["spec"]["template"]["spec"]


def container(file: str) -> Any:
    """Return tonnage's container in it."""
    (found,) = [container for container in pod(file)["containers"] if container["name"] == "tonnage"]
    return found


@pytest.mark.parametrize(("file", "thing"), OBJECTS, ids=[f"{file}-{thing['kind']}" for file, thing in OBJECTS])
def test_kubernetes_knows_every_field(file: str, thing: Any) -> None:
    """A field that is misspelled would be dropped without a word, a read-only mount with it."""
    validate(thing)


@pytest.mark.parametrize("file", ["sidecar", "bucket"])
def test_the_pods_container_can_do_next_to_nothing(file: str) -> None:
    """It passes the strictest of the pod security standards, and writes to the inventory alone."""
    found = {**pod(file).get("securityContext", {}), **container(file)["securityContext"]}
    for key in ("fsGroup", "fsGroupChangePolicy"):
        found.pop(key, None)
    assert found == {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    writable = [mount["mountPath"] for mount in container(file)["volumeMounts"] if not mount.get("readOnly")]
    assert writable == [INVENTORY]


def test_the_sidecar_reads_the_registrys_volume() -> None:
    """Its place is the old exporter's; the volume is the registry's, and read-only for tonnage alone."""
    assert container("sidecar")["args"] == ["exporter", f"{STORAGE}/docker/registry/v2"]
    mounts = {
        container["name"]: {mount["name"]: mount for mount in container["volumeMounts"]}
        for container in pod("sidecar")["containers"]
    }
    assert mounts["tonnage"]["storage"] == {"name": "storage", "mountPath": STORAGE, "readOnly": True}
    assert mounts["registry"]["storage"] == {"name": "storage", "mountPath": STORAGE}


def test_the_sidecar_leaves_the_registry_alone() -> None:
    """An `fsGroup` would change every file of its storage; a readiness probe would take it out of service."""
    assert "fsGroup" not in pod("sidecar").get("securityContext", {})
    assert "readinessProbe" not in container("sidecar")


@pytest.mark.parametrize("file", ["sidecar", "bucket"])
def test_the_parts_in_kubernetes_find_each_other(file: str) -> None:
    """Deployment to pod, service to pod, monitor to service, mounts to volumes, probes to ports."""
    deployment, service, monitor = find("Deployment", file), find("Service"), find("ServiceMonitor")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert service["spec"]["selector"].items() <= labels.items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert {mount["name"] for mount in container(file)["volumeMounts"]} <= {v["name"] for v in pod(file)["volumes"]}
    ports = {port["name"] for port in container(file)["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    assert {end["port"] for end in monitor["spec"]["endpoints"]} <= {port["name"] for port in service["spec"]["ports"]}
    assert container(file)["livenessProbe"]["httpGet"] == {"path": "/-/healthy", "port": "metrics"}

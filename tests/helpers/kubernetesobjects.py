"""Objects for Kubernetes, checked as strictly as can be done without a cluster."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
from jsonschema import Draft202012Validator

TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


def strictly(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has these fields, all of them, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def of_the_operator(kind: str, **spec: Any) -> dict[str, Any]:
    """Return the schema of a kind of the Prometheus operator's, no wider than what is used of it here."""
    return strictly(
        apiVersion={"const": "monitoring.coreos.com/v1"},
        kind={"const": kind},
        metadata=strictly(name={"type": "string"}, labels=TEXTS),
        spec=strictly(**spec),
    )


OPERATOR_KINDS = {
    "ServiceMonitor": of_the_operator(
        "ServiceMonitor",
        selector=strictly(matchLabels=TEXTS),
        endpoints={"type": "array", "items": strictly(port={"type": "string"}, interval={"type": "string"})},
    ),
    "PrometheusRule": of_the_operator("PrometheusRule", groups={"type": "array"}),  # in them, promtool knows more
}


def validate(thing: Any) -> None:
    """Raise if an object has a field that its kind does not know, or lacks one that it needs."""
    if schema := OPERATOR_KINDS.get(thing["kind"]):
        Draft202012Validator(schema).validate(thing)
    else:
        kubernetes_validate.validate(thing, "1.37", strict=True)

"""The configuration of the registry itself (CNCF distribution), as far as it decides what becomes of the storage. Pure.

Read as the registry reads it: what stops it from starting is an error here, with its line. A value of another type than it
wants does not count: `enabled: "true"` under `delete` leaves deletion off. Environment variables are laid over the file.
Sources: https://distribution.github.io/distribution/about/configuration/, and configuration/parser.go and
registry/handlers/app.go of distribution 2.8 and 3.x; tested against the real 2.8.2.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from tonnage.errors import UsageError
from tonnage.formats.yamllines import Node, WrongYamlError, parse_yaml

_PREFIX = "REGISTRY_"
_VERSION = "0.1"
_BESIDE_STORAGE = ("maintenance", "cache", "delete", "redirect", "tag")
"""Keys of `storage` that are not a kind of storage; the last is of 3.x."""
_FREE_KEYS = 4
"""Names of a variable from which on no such key can be set: the registry ignores it, or does not start."""
_DEEPEST = 30
"""Names of a variable; names of services in a cluster have some too."""
_DEFAULT_ROOT = {"filesystem": "/var/lib/registry"}
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)")
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_LONGEST_SECONDS = 2.0**63 / 1e9
"""292 years: Go counts nanoseconds in 64 bits."""
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class RegistryConfigError(UsageError):
    """The registry does not start with this configuration; the message names the line, or the variable."""

    hint = "the format: https://distribution.github.io/distribution/about/configuration/"


class Purging(NamedTuple):
    """`storage.maintenance.uploadpurging`: what the running registry does with uploads that nobody finished."""

    is_on: bool = True
    age: str = "168h"
    age_seconds: float = 168 * 3600.0
    is_dry_run: bool = False


class RegistryConfig(NamedTuple):
    """What a registry's configuration says about its storage."""

    driver: str
    root: str
    """`rootdirectory`: a folder, or what keys of a bucket begin with."""
    bucket: str
    """The bucket or container; empty for a folder."""
    can_delete: bool
    is_read_only: bool
    redirects: bool
    """Whether clients are sent to the bucket for blobs, where there is one."""
    purging: Purging
    remote: str
    """`proxy.remoteurl`: of what it is a pull-through cache; empty if it is not one."""


def parse_registry_config(text: str, path: str, environment: Mapping[str, str]) -> RegistryConfig:
    """Return what a configuration says, with the variables that are set beside it. Raises RegistryConfigError."""
    try:
        root = parse_yaml(text)
        version = _child(root, "version")
        if str(version.value) != _VERSION:
            raise WrongYamlError(version.line, f"`version: {_VERSION}` is not there")
        for name in sorted(name for name in environment if name.startswith(_PREFIX)):
            root = _overlaid(root, name, environment[name])
        return _config(root)
    except WrongYamlError as error:
        raise RegistryConfigError(f"`{path}` line {error.line}: {error}") from error


def parse_environment(text: str) -> dict[str, str]:
    """Return the variables in what `env` prints, or in an `--env-file` of docker; all but `NAME=value` is left out."""
    pairs = (line.strip().partition("=") for line in text.split("\n"))
    return {name.strip(): value for name, equals, value in pairs if equals and not name.startswith("#")}


def seconds_of(duration: str) -> float | None:
    """Return the seconds of a duration as Go writes it; None if it is not one.

    >>> seconds_of("168h"), seconds_of("1h30m"), seconds_of("7d")
    (604800.0, 5400.0, None)
    """
    if not _DURATION.fullmatch(duration):
        return None
    sign = -1 if duration.startswith("-") else 1
    seconds = sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(duration))
    return sign * seconds if seconds < _LONGEST_SECONDS else None


def _overlaid(root: Node, name: str, value: str) -> Node:
    """Return the document with a variable laid over it: `_` separates keys, and the value is YAML."""
    keys = name.removeprefix(_PREFIX).lower().split("_")
    if len(keys) > _DEEPEST:
        return root  # nothing that is asked here lies so deep
    if keys[:2] == ["storage", "maintenance"] and len(keys) >= _FREE_KEYS:
        if _child(_child(_child(root, "storage"), "maintenance"), keys[2]).value is not None:
            return root  # the registry says that it ignores it
        short = "_".join(name.split("_")[:4])
        raise RegistryConfigError(
            f"`{name}`: the registry does not start with it",
            f"it takes all of it at once: {short}='{{\"enabled\": false}}'",
        )
    try:
        return _put(root, keys, parse_yaml(value))
    except WrongYamlError as error:
        raise RegistryConfigError(f"`{name}`: {error}") from error


def _put(node: Node, keys: list[str], value: Node) -> Node:
    if not keys:
        return value
    here = dict(node.value) if isinstance(node.value, dict) else {}
    here[keys[0]] = _put(here.get(keys[0], Node(None, node.line)), keys[1:], value)
    return Node(here, node.line)


def _config(root: Node) -> RegistryConfig:
    storage = _child(root, "storage")
    driver = _driver(storage)
    own = _child(storage, driver)
    maintenance = _child(storage, "maintenance")
    folder = _child(own, "rootdirectory").value
    bucket = _child(own, "bucket").value or _child(own, "container").value
    return RegistryConfig(
        driver,
        str(folder) if folder is not None else _DEFAULT_ROOT.get(driver, ""),
        str(bucket or ""),
        _child(_child(storage, "delete"), "enabled").value is True,
        _is_read_only(maintenance),
        not _is_redirect_disabled(storage),
        _purging(maintenance),
        str(_child(_child(root, "proxy"), "remoteurl").value or ""),
    )


def _child(node: Node, key: str) -> Node:
    """Return a value below a key; null, with the line where it would be, if it is not there."""
    found = node.value.get(key) if isinstance(node.value, dict) else None
    return found if isinstance(found, Node) else Node(None, node.line)


def _driver(storage: Node) -> str:
    if isinstance(storage.value, str):
        return storage.value
    kinds = [key for key in storage.value if key not in _BESIDE_STORAGE] if isinstance(storage.value, dict) else []
    if len(kinds) != 1:
        said = f"there are {', '.join(kinds)}" if kinds else "there is none"
        raise WrongYamlError(storage.line, f"`storage` has one kind of storage; {said}")
    return str(kinds[0])


def _mapping(node: Node, key: str) -> Mapping[str, Any] | None:
    """Return what is below a key that has to have keys of its own; None where the key is not there."""
    if not isinstance(node.value, dict) or key not in node.value:
        return None
    found = node.value[key]
    if not isinstance(found.value, dict):
        raise WrongYamlError(found.line, f"`{key}` has keys of its own, as `enabled`")
    return found.value


def _is_read_only(maintenance: Node) -> bool:
    found = _mapping(maintenance, "readonly") or {}
    if "enabled" not in found:
        return False
    return _truth(found["enabled"], "enabled")


def _is_redirect_disabled(storage: Node) -> bool:
    redirect = _child(storage, "redirect")
    if redirect.value is None:
        return False
    return _truth(_child(redirect, "disable"), "disable")


def _truth(node: Node, key: str) -> bool:
    if not isinstance(node.value, bool):
        raise WrongYamlError(node.line, f"`{key}` is true or false, without quotes")
    return node.value


def _purging(maintenance: Node) -> Purging:
    found = _mapping(maintenance, "uploadpurging")
    if found is None:
        return Purging()
    if "enabled" in found and found["enabled"].value is False:
        return Purging(is_on=False)
    ages = {}
    for key in ("age", "interval"):
        node = found.get(key) or Node(None, maintenance.line)
        seconds = seconds_of(node.value) if isinstance(node.value, str) else None
        if seconds is None:
            raise WrongYamlError(node.line, f"`uploadpurging` has an `{key}` such as 168h, in hours and less")
        ages[key] = (node.value, seconds)
    is_dry_run = "dryrun" in found and found["dryrun"].value is True
    return Purging(True, *ages["age"], is_dry_run)

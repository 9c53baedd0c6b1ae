"""What the real registry says to a configuration, and to variables beside it, and what `doctor` reads in it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from realregistry import REGISTRY
from tonnage.formats.registry_config import RegistryConfigError, parse_registry_config

pytestmark = pytest.mark.integration

BASE = "version: 0.1\nhttp: {addr: '127.0.0.1:0'}\nstorage:\n  filesystem: {rootdirectory: %s}\n"
IN_MEMORY = "version: 0.1\nhttp: {addr: '127.0.0.1:0'}\nstorage: inmemory\n"
DEEP = "REGISTRY_STORAGE_MAINTENANCE_"
CASES: dict[str, tuple[str, dict[str, str]]] = {
    "as it comes": (BASE, {}),
    "one word": (IN_MEMORY, {}),
    "purging": (
        BASE + "  maintenance: {uploadpurging: {enabled: true, age: 1h30m, interval: 24h, dryrun: false}}\n",
        {},
    ),
    "off": (BASE + "  maintenance: {uploadpurging: {enabled: false}}\n", {}),
    "no age": (BASE + "  maintenance: {uploadpurging: {enabled: true, interval: 24h}}\n", {}),
    "days": (BASE + "  maintenance: {uploadpurging: {enabled: true, age: 7d, interval: 24h}}\n", {}),
    "no keys": (BASE + "  maintenance: {uploadpurging: true}\n", {}),
    "read-only": (BASE + "  maintenance: {readonly: {enabled: true}}\n", {}),
    "read-only in quotes": (BASE + "  maintenance: {readonly: {enabled: 'true'}}\n", {}),
    "redirect": (BASE + "  redirect: {disable: true}\n", {}),
    "redirect of nothing": (BASE + "  redirect: {}\n", {}),
    "two storages": (BASE + "  inmemory: {}\n", {}),
    "none": ("version: 0.1\n", {}),
    "version": (BASE.replace("0.1", "0.2"), {}),
    "no version": (BASE.replace("version: 0.1\n", ""), {}),
    "variable": (BASE, {"REGISTRY_STORAGE_DELETE_ENABLED": "true"}),
    "other storage": (BASE, {"REGISTRY_STORAGE": "inmemory"}),
    "second storage": (BASE, {"REGISTRY_STORAGE_S3_BUCKET": "b"}),
    "variable too deep": (BASE, {f"{DEEP}READONLY_ENABLED": "true"}),
    "whole variable": (BASE, {f"{DEEP}READONLY": '{"enabled": true}'}),
    "ignored": (BASE + "  maintenance: {readonly: {enabled: false}}\n", {f"{DEEP}READONLY_ENABLED": "true"}),
}


def starts(config: Path, environment: dict[str, str]) -> bool:
    """Return whether the real registry comes up with it."""
    log = config.with_suffix(".log")
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [REGISTRY, "serve", str(config)], env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT
        ) as process,
    ):
        while process.poll() is None and b"listening on" not in log.read_bytes():
            time.sleep(0.02)
        is_up = process.poll() is None
        process.kill()
    return is_up


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_where_the_registry_does_not_start(name: str, tmp_path: Path) -> None:
    """And read where it does: neither more nor less is a configuration."""
    text, environment = CASES[name]
    config = tmp_path / "config.yml"
    config.write_text(text.replace("%s", str(tmp_path)))
    try:
        parse_registry_config(config.read_text(), str(config), environment)
    except RegistryConfigError:
        is_read = False
    else:
        is_read = True
    assert is_read == starts(config, environment)

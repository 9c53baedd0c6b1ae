"""Fixtures of the tests that scan."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanning import (
    everything,
    scan_tree,
)
from tonnage.sample import Builder


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Where the inventory goes."""
    return tmp_path / "tonnage.duckdb"


@pytest.fixture
def grown(registry: Builder, inventory: Path) -> dict[str, Any]:
    """A registry that was scanned and has grown since; return what its inventory says."""
    repo = registry.repository("app")
    repo.image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    before = everything(inventory)
    registry.when = datetime.now(UTC)
    repo.image([registry.layer(b"two")], tag="2")
    registry.repository("other").image([registry.layer(b"three")], tag="3")
    return before

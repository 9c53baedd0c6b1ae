"""Fixtures for all tests: a sample registry, the demo, and the guard before tests that need the real registry."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import realregistry
from tonnage.sample import Builder, build_demo


@pytest.fixture(autouse=True)
def _guard_integration(request: pytest.FixtureRequest) -> None:
    """Skip tests marked `integration` where the real programs are missing. In CI that is a failure, not a skip."""
    if request.node.get_closest_marker("integration") is None:
        return
    if missing := realregistry.missing_programs():
        message = f"NOT TESTED AGAINST THE REAL REGISTRY: missing {', '.join(missing)} (Debian packages of these names)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture
def registry(tmp_path: Path) -> Builder:
    """A sample registry with nothing in it yet."""
    return Builder(tmp_path / "registry")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """The registry of `tonnage demo`, built once: to be read, never changed."""
    return build_demo(tmp_path_factory.mktemp("demo"))

"""Servers for the tests of buckets, started when first asked for, and once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from buckets import (
    ENVIRONMENT,
    AzuriteStore,
    FolderStore,
    MotoStore,
    azurite_program,
    azurite_store,
    moto_store,
    rclone_store,
)


@pytest.fixture
def cloud_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user of the test servers has set, and nothing else of the clouds'."""
    for name in os.environ:
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "STORAGE_")):
            monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def moto() -> Iterator[MotoStore]:
    """An S3 that a real registry can push into."""
    with moto_store() as store:
        yield store


@pytest.fixture(scope="session")
def rclone() -> Iterator[FolderStore]:
    """An S3 over folders, whose ETags tell nothing."""
    with rclone_store() as store:
        yield store


@pytest.fixture(scope="session")
def rclone_md5() -> Iterator[FolderStore]:
    """An S3 over folders, with the ETags that S3 has."""
    with rclone_store(etag_hash="md5") as store:
        yield store


@pytest.fixture(scope="session")
def gcs() -> Iterator[FolderStore]:
    """A GCS over folders, without a login."""
    with rclone_store(scheme="gs") as store:
        yield store


@pytest.fixture(scope="session")
def azurite() -> Iterator[AzuriteStore]:
    """An Azure Blob Storage. Where it is not installed its tests are skipped; in CI they fail."""
    if not azurite_program():
        message = "NOT TESTED AGAINST AZURE: azurite is missing: scripts/install-test-programs.sh"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with azurite_store() as store:
        yield store

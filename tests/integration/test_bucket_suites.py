"""Buckets of each cloud, put through the one suite of storages, against servers that run."""

from __future__ import annotations

from typing import Any

import pytest

from buckets import ROOT, Store, below_root, storage_in
from storage_suite import StorageSuite
from tonnage.storage import Storage
from tonnage.storage.bucket.storage import BucketStorage

pytestmark = pytest.mark.usefixtures("cloud_environment")


class BucketSuite(StorageSuite):
    """A registry in a bucket of `self.store`."""

    store: Any

    def make(self, files: dict[str, bytes]) -> Storage:
        return storage_in(self.store, self.store.make(below_root(files)))

    def lose(self, storage: Storage, path: str) -> None:
        assert isinstance(storage, BucketStorage)
        self.store.remove(storage.location, f"{ROOT}/{path}")


class TestS3(BucketSuite):
    """S3 as moto has it."""

    @pytest.fixture(autouse=True)
    def _store(self, moto: Store) -> None:
        self.store = moto


class TestS3OverFolders(BucketSuite):
    """S3 as rclone has it."""

    @pytest.fixture(autouse=True)
    def _store(self, rclone: Store) -> None:
        self.store = rclone


class TestGcs(BucketSuite):
    """GCS without a login."""

    @pytest.fixture(autouse=True)
    def _store(self, gcs: Store) -> None:
        self.store = gcs


class TestAzure(BucketSuite):
    """Azure as Azurite has it."""

    @pytest.fixture(autouse=True)
    def _store(self, azurite: Store) -> None:
        self.store = azurite

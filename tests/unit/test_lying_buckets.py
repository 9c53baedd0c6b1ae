"""Buckets that lie: every scan ends, with what is there or with a message, never with half of it and exit 0."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lyingbucket import Habit, Page, lying_bucket
from scanning import column, scan_storage
from tonnage.errors import BucketError, NoStorageError, UsageError
from tonnage.sample import Builder
from tonnage.scan.run import Summary
from tonnage.storage.bucket.options import BucketOptions
from tonnage.storage.opening import OpenOptions, open_storage

pytestmark = pytest.mark.slow

ENDS_WITHIN_SECONDS = 60


@pytest.fixture(autouse=True)
def _login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def app(registry: Builder) -> Builder:
    """A registry of three images, which take several pages."""
    for name in ("app", "web", "zoo"):
        registry.repository(name).image([registry.layer(name.encode())], tag="1")
    return registry


def scan_lies(url: str, inventory: Path) -> Summary:
    """Scan a lying bucket, with little patience."""
    options = OpenOptions(bucket=BucketOptions(endpoint=url, timeout_seconds=1.0))
    return scan_storage(open_storage("s3://bucket", options), inventory)


def from_page_2(change: Callable[[Page], Page | None]) -> Habit:
    """Return the habit of changing every page but the first."""
    return lambda page: page if page.number < 2 else change(page)


def with_first_size(size: str) -> Habit:
    """Return the habit of saying that the first object of a page has a size."""
    return lambda page: page._replace(keys=[(key, size if not n else s) for n, (key, s) in enumerate(page.keys)])


class Once:
    """The habit of leaving the token out, once."""

    def __init__(self) -> None:
        self.has_lied = False

    def __call__(self, page: Page) -> Page:
        if page.is_truncated and not self.has_lied:
            self.has_lied = True
            return page._replace(token="")
        return page


class Repeating:
    """The habit of giving the same page again, under the token it was asked for with."""

    def __init__(self) -> None:
        self.first: Page | None = None

    def __call__(self, page: Page) -> Page:
        self.first = self.first or page
        return self.first._replace(is_truncated=True, token="again")


WHOLE: dict[str, Callable[[], Habit]] = {
    "honest": lambda: lambda page: page,
    "no token, once": Once,
    "no token, ever": lambda: lambda page: page._replace(token=""),
    "a token that leads on, and not truncated": lambda: lambda page: page._replace(is_truncated=False),
    "neither truncated nor a token": lambda: lambda page: page._replace(is_truncated=False, token=""),
}
"""Habits in spite of which all of the bucket is seen."""
REFUSED: dict[str, Callable[[], Habit]] = {
    "the same page for ever": Repeating,
    "empty pages for ever": lambda: from_page_2(lambda page: page._replace(keys=[], is_truncated=True, token="on")),
    "a page that drips": lambda: from_page_2(lambda page: None),
    "a size beyond 2^63": lambda: with_first_size(str(2**63)),
    "a size beyond 2^64": lambda: with_first_size(str(2**70)),
    "a size that is a word": lambda: with_first_size("many"),
    "a size below 0": lambda: with_first_size("-1"),
    "a size without end": lambda: with_first_size("Infinity"),
}
"""Habits that end in a message."""


@pytest.mark.parametrize("habit", WHOLE)
def test_all_of_the_bucket_is_seen(app: Builder, tmp_path: Path, habit: str) -> None:
    """Whatever a page says of the next one: what lies behind it is asked for by its name."""
    with lying_bucket(app.root, WHOLE[habit]()) as bucket:
        scan_lies(bucket.url, tmp_path / "tonnage.duckdb")
        assert column(tmp_path / "tonnage.duckdb", "select files_count from scan") == [len(bucket.files)]


@pytest.mark.parametrize("habit", REFUSED)
def test_a_lie_ends_in_a_message(app: Builder, tmp_path: Path, habit: str) -> None:
    """In bounded time, and with no inventory of half the bucket."""
    began = time.monotonic()
    with lying_bucket(app.root, REFUSED[habit]()) as bucket, pytest.raises(BucketError) as caught:
        scan_lies(bucket.url, tmp_path / "tonnage.duckdb")
    assert caught.value.message and caught.value.exit_code in range(30, 35)
    assert time.monotonic() - began < ENDS_WITHIN_SECONDS
    assert not (tmp_path / "tonnage.duckdb").exists()


def test_a_registry_of_version_1_is_named(app: Builder, tmp_path: Path) -> None:
    """It has `repositories` too, and would look like one that lost its blobs."""
    for name in ("images/0a1b/layer", "repositories/library/x/tag_latest"):
        (tmp_path / "old" / name).parent.mkdir(parents=True)
        (tmp_path / "old" / name).write_bytes(b"abc")
    with lying_bucket(tmp_path / "old") as bucket, pytest.raises(NoStorageError, match="a registry of version 1"):
        scan_lies(bucket.url, tmp_path / "tonnage.duckdb")


@pytest.mark.parametrize("proxy", ["ftp://x", "http://[::", "socks5://127.0.0.1:1", "http://user:se/cret@h"])
def test_a_proxy_that_cannot_be_used_is_named(
    app: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """Requests take two ways, and one of them ignores it. Nothing of its address is repeated: it may hold a password."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with (
        lying_bucket(app.root) as bucket,
        pytest.raises(UsageError) as caught,
    ):
        scan_lies(bucket.url, tmp_path / "tonnage.duckdb")
    assert caught.value.message == "the proxy that HTTPS_PROXY names cannot be used"
    assert not (tmp_path / "tonnage.duckdb").exists()


def upload_page(truncated: str, marker: str, size: str = "") -> str:
    """Return a page of open uploads."""
    upload = "<Upload><Key>docker/registry/v2/x</Key><UploadId>1</UploadId></Upload>" if size else ""
    parts = f"<Part><Size>{size}</Size></Part>" if size else ""
    key = f"<NextKeyMarker>{marker}</NextKeyMarker>" if marker else ""
    return f"<Result><IsTruncated>{truncated}</IsTruncated>{key}{upload}{parts}</Result>"


@pytest.mark.parametrize("page", [("true", ""), ("true", "again")])
def test_open_uploads_without_end(app: Builder, tmp_path: Path, page: tuple[str, str]) -> None:
    """The same marker twice, or none although there are more: a message."""
    with lying_bucket(app.root) as bucket:
        bucket.uploads = [upload_page(*page)]
        with pytest.raises(BucketError, match="goes on, and not where"):
            scan_lies(bucket.url, tmp_path / "tonnage.duckdb")


def test_objects_that_drip(app: Builder, tmp_path: Path) -> None:
    """No read has an end: the bucket is slow, and says so."""
    with lying_bucket(app.root) as bucket:
        bucket.drips = True
        began = time.monotonic()
        result: Any = None
        try:
            result = scan_lies(bucket.url, tmp_path / "tonnage.duckdb")
        except BucketError as error:
            assert error.message
        else:
            assert result.problems_count > 0
        assert time.monotonic() - began < ENDS_WITHIN_SECONDS

"""A real registry that keeps its storage in a bucket, and what its users do with the scan of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from buckets import KEYS, MotoStore, scan_bucket, unlike
from realregistry import Registry, running_registry
from scanning import answer
from tonnage.cli import main
from tonnage.gc.preview import preview
from tonnage.inventory.database import Inventory
from tonnage.scan.run import scan
from tonnage.storage.local import open_local

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("cloud_environment")]

ROOT = Path(__file__).parents[2]


@contextmanager
def registry_in(store: MotoStore, address: str, folder: str) -> Iterator[Registry]:
    """Run the real registry on a bucket, below a root directory in it."""
    settings = {
        "accesskey": KEYS[0],
        "secretkey": KEYS[1],
        "region": "us-east-1",
        "regionendpoint": store.options.endpoint,
        "bucket": address.partition("://")[2],
        "secure": False,
        "v4auth": True,
        "rootdirectory": folder,
    }
    with running_registry(Path("/"), driver={"s3": settings, "redirect": {"disable": True}}) as registry:
        yield registry


def push(registry: Registry) -> None:
    """Push images that share a layer, an index, and a tag that moves."""
    base = b"base" * 100
    one = registry.push_image("org/app", [base, b"one"], tag="1")
    other = registry.push_image("org/app", [base, b"other"], platform="linux/arm64")
    registry.push_index("org/app", [one, other], tag="multi")
    registry.push_image("org/app", [base, b"moved"], tag="1")
    registry.push_image("foo", [base], tag="latest")


@pytest.mark.parametrize("folder", ["/", "/my/registry"])
def test_a_registry_in_a_bucket_is_the_one_on_a_disk(moto: MotoStore, tmp_path: Path, folder: str) -> None:
    """The same pushes into both give the same inventory, and the same preview but for the order of the walk."""
    address = moto.make({})
    with registry_in(moto, address, folder) as registry:
        push(registry)
    with running_registry(tmp_path / "disk") as registry:
        push(registry)
    scan_bucket(moto, address + folder, tmp_path / "bucket.duckdb")
    scan(open_local(str(tmp_path / "disk")), str(tmp_path / "disk.duckdb"), workers_count=1)
    assert unlike(tmp_path / "disk.duckdb", tmp_path / "bucket.duckdb") == {}
    with Inventory(str(tmp_path / "bucket.duckdb")) as inventory:
        assert preview(inventory, 3, False) == preview(inventory, 3, False, "object")


def test_an_upload_that_is_not_finished(moto: MotoStore, tmp_path: Path) -> None:
    """What was sent of a layer is in no listing, and is counted."""
    address = moto.make({})
    with registry_in(moto, address, "/") as registry:
        push(registry)
        started = registry.request("POST", "/v2/foo/blobs/uploads/", b"")
        sent = registry.request("PATCH", started.headers["Location"], b"x" * 6_000_000)
        assert sent.status == 202
        scan_bucket(moto, address, tmp_path / "i.duckdb")
    [(path, size_bytes)] = answer(tmp_path / "i.duckdb", "select path, size_bytes from multipart_upload")
    assert re.fullmatch(r"repositories/foo/_uploads/[0-9a-f-]{36}/data", path)
    assert size_bytes == 6_000_000
    assert answer(tmp_path / "i.duckdb", "select count(*) from upload where started_at is not null") == [(1,)]


def test_a_flipped_byte_in_a_bucket_is_found(
    moto: MotoStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of as many bytes as before, which no listing shows; with whom it hits, and nothing else."""
    address = moto.make({})
    with registry_in(moto, address, "/") as registry:
        push(registry)
    scan_bucket(moto, address, tmp_path / "i.duckdb")
    layer = b"base" * 100
    digest = hashlib.sha256(layer).hexdigest()
    moto.put(address, f"docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}/data", b"c" + layer[1:])
    with pytest.raises(SystemExit) as ended:
        place = ["--storage", address, "--endpoint", str(moto.options.endpoint)]
        main(["verify-blobs", "-i", str(tmp_path / "i.duckdb"), *place, "--json"])
    out, err = capsys.readouterr()
    assert ended.value.code == 36, err
    [row] = json.loads(out)
    assert (row["problem"], row["digest"]) == ("digest_mismatch", f"sha256:{digest}")
    assert row["tags_count"] == 3 and row["hits"].startswith("foo:latest, ") and "1 not as" in err


def test_the_commands_of_the_guide(
    moto: MotoStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command in it that scans S3 runs, with the bucket and the endpoint of a store that is here."""
    address = moto.make({})
    with registry_in(moto, address, "/") as registry:
        push(registry)
    guide = (ROOT / "docs" / "how-to" / "scan-a-bucket.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if "/some/prefix" not in line]
    assert len(lines) >= 5
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.options.endpoint)
    (tmp_path / "private-ca.pem").write_text("")
    for line in lines:
        words = line.replace("s3://registry-bucket", address).replace(
            "https://minio.example.com", moto.options.endpoint
        )
        words = words.replace("/etc/ssl/private-ca.pem", "/etc/ssl/certs/ca-certificates.crt")
        monkeypatch.setattr("sys.argv", [*words.split(), "-i", str(tmp_path / "i.duckdb")])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, None), line
    said = capsys.readouterr().err
    assert "a first scan takes some 1 LISTs" in said
    assert re.findall("spent .*", said)[-1:] == ["spent 2 LISTs, 0 GETs, 3 others: about $0.0000 at the list price"]

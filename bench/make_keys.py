"""Write a registry as an inventory report of its keys, and the bodies a scan reads: python bench/make_keys.py OUT IMAGES

The report is Parquet with a manifest, as S3 Inventory writes it; the bodies of manifests and image configurations are
files below OUT/registry, as in a copy of the bucket. `tonnage scan OUT/registry --keys OUT/manifest.json` reads both.

Per image 4 blobs: manifest, config, two layers of its own. It lies in three repositories (dev, staging, prod) of its
app, an app has 100 images on one of 60 bases, and every tenth pair is an index. 15 % of the images of dev are untagged,
one blob in forty is orphaned. About 23 keys an image: 42,000 images are a million keys, 245,000 a million blobs with
five million links. The same arguments give the same registry.
"""

import json
import os
import random
import sys
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import duckdb
from arro3.core import Array, DataType, Table

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
ROOT = "docker/registry/v2"
PLACES = ("dev", "staging", "prod")
IMAGES_OF_APP, BASES_COUNT = 100, 60
ROWS_AT_ONCE = 200_000
BEGIN_S, STEP_S = 1_700_000_000, 37

Descriptor = dict[str, Any]


class Report:
    """The keys, gathered in a database on the disk, so that millions of them need little memory."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.connection = duckdb.connect(str(out / "keys.duckdb"), config={"memory_limit": "1GB"})
        self.connection.execute(
            "create table keys (key varchar, size bigint, last_modified_date timestamptz, e_tag varchar)"
        )
        self.rows: list[tuple[str, int, int, str]] = []
        self.counts = {"keys": 0, "blobs": 0, "links": 0, "bodies": 0}

    def add(self, path: str, size: int, time_s: int, etag: str) -> None:
        self.rows.append((f"{ROOT}/{path}", size, time_s, etag))
        self.counts["keys"] += 1
        if len(self.rows) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        types = (DataType.string(), DataType.int64(), DataType.int64(), DataType.string())
        columns = [Array(list(values), type=of) for values, of in zip(zip(*self.rows, strict=True), types, strict=True)]
        self.connection.register("batch", Table.from_arrays(columns, names=["key", "size", "time_s", "e_tag"]))
        self.connection.execute("insert into keys select key, size, to_timestamp(time_s), e_tag from batch")
        self.connection.unregister("batch")
        self.rows.clear()

    def close(self) -> None:
        """Write the data files, their rows in no order, as the clouds' are, and the manifest."""
        self.flush()
        (self.out / "data").mkdir(exist_ok=True)
        for number in range(4):
            name = self.out / f"data/part{number}.parquet"
            self.connection.execute(
                f"copy (select * from keys where hash(key) % 4 = {number} order by hash(key))"
                f" to '{name}' (format parquet, compression zstd)"
            )
        self.connection.close()
        (self.out / "keys.duckdb").unlink()
        files = [{"key": f"data/part{number}.parquet"} for number in range(4)]
        manifest = {"fileFormat": "Parquet", "creationTimestamp": f"{BEGIN_S + 60_000_000}000", "files": files}
        (self.out / "manifest.json").write_text(json.dumps({**manifest, "fileSchema": "message s3.inventory {}"}))


class Registry:
    """What lies in the registry: blobs and links become keys, bodies become files."""

    def __init__(self, out: Path) -> None:
        self.report = Report(out)
        self.root = out / "registry" / ROOT
        self.dice = random.Random(7)
        (self.root / "repositories").mkdir(parents=True)

    def blob(self, hexdigits: str, size: int, time_s: int) -> None:
        self.report.counts["blobs"] += 1
        self.report.add(f"blobs/sha256/{hexdigits[:2]}/{hexdigits}/data", size, time_s, hexdigits[:32])

    def link(self, folder: str, hexdigits: str, time_s: int) -> None:
        self.report.counts["links"] += 1
        content = md5(f"sha256:{hexdigits}".encode(), usedforsecurity=False).hexdigest()
        self.report.add(f"repositories/{folder}/link", 71, time_s, content)

    def layer(self, time_s: int) -> Descriptor:
        """Add a layer with a size as real ones have them: 1 kB to 500 MB, evenly by magnitude."""
        hexdigits, size = sha256(self.dice.randbytes(16)).hexdigest(), int(10 ** self.dice.uniform(3, 8.7))
        self.blob(hexdigits, size, time_s)
        return {"mediaType": LAYER, "digest": f"sha256:{hexdigits}", "size": size}

    def document(self, media_type: str, document: dict[str, Any], time_s: int) -> Descriptor:
        """Add a manifest or a configuration, with its body."""
        content = json.dumps(document).encode()
        hexdigits = sha256(content).hexdigest()
        folder = self.root / f"blobs/sha256/{hexdigits[:2]}/{hexdigits}"
        os.makedirs(folder)
        (folder / "data").write_bytes(content)
        self.report.counts["bodies"] += 1
        self.blob(hexdigits, len(content), time_s)
        return {"mediaType": media_type, "digest": f"sha256:{hexdigits}", "size": len(content)}

    def image(self, number: int, layers: list[Descriptor], time_s: int) -> tuple[Descriptor, Descriptor]:
        """Add an image; return the descriptors of its manifest and its configuration."""
        app = number // IMAGES_OF_APP
        steps = [f"RUN apt-get install -y package-{app % 300} step {step}" for step in range(len(layers) - 2)]
        steps += [f"COPY build/{number} /app", f"RUN make -C /app target-{number % 50}"]
        labels = {"org.opencontainers.image.revision": f"{number:040x}", "org.opencontainers.image.title": f"app-{app}"}
        config = {
            "os": "linux",
            "architecture": "amd64" if number % 2 else "arm64",
            "created": "2026-01-01T00:00:00Z",
            "config": {"Labels": labels},
            "rootfs": {
                "type": "layers",
                "diff_ids": ["sha256:" + sha256(of["digest"].encode()).hexdigest() for of in layers],
            },
            "history": [{"created": "2026-01-01T00:00:00Z", "created_by": step} for step in steps],
        }
        configured = self.document(CONFIG, config, time_s)
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": configured, "layers": layers}
        return self.document(MANIFEST, document, time_s), configured


class App:
    """The three repositories of an app."""

    def __init__(self, registry: Registry, number: int, base: list[Descriptor]) -> None:
        self.registry = registry
        self.base = base
        self.names = [f"{place}/team-{number % 40}/app-{number}" for place in PLACES]
        self.linked: set[str] = set()
        self.before: Descriptor | None = None

    def push(self, number: int, time_s: int) -> None:
        layers = [*self.base, self.registry.layer(time_s), self.registry.layer(time_s)]
        manifest, config = self.registry.image(number, layers, time_s)
        pushed = [manifest]
        if number % 20 == 19 and self.before:
            children = zip((self.before, manifest), ("arm64", "amd64"), strict=True)
            listed = [{**child, "platform": {"os": "linux", "architecture": of}} for child, of in children]
            pushed.append(
                self.registry.document(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}, time_s)
            )
        self.before = manifest
        parts = [_hex(part) for part in (*layers, config)]
        new = [part for part in parts if part not in self.linked]
        self.linked.update(new)
        for name in self.names:
            self._link(name, number, new, [_hex(of) for of in pushed], time_s)

    def _link(self, name: str, number: int, layers: list[str], manifests: list[str], time_s: int) -> None:
        link = self.registry.link
        for hexdigits in layers:
            link(f"{name}/_layers/sha256/{hexdigits}", hexdigits, time_s)
        for hexdigits in manifests:
            link(f"{name}/_manifests/revisions/sha256/{hexdigits}", hexdigits, time_s)
        if name.startswith("dev/") and number % 7 == 0:
            return
        link(f"{name}/_manifests/tags/v{number}/current", manifests[-1], time_s)
        link(f"{name}/_manifests/tags/v{number}/index/sha256/{manifests[-1]}", manifests[-1], time_s)


def _hex(descriptor: Descriptor) -> str:
    return str(descriptor["digest"][7:])


def make(out: Path, images_count: int) -> dict[str, int]:
    """Write a registry of so many images into an empty folder; return what it has of each."""
    out.mkdir(parents=True, exist_ok=True)
    registry = Registry(out)
    bases = [[registry.layer(BEGIN_S) for _ in range(registry.dice.randint(2, 5))] for _ in range(BASES_COUNT)]
    app = None
    for number in range(images_count):
        time_s = BEGIN_S + number * STEP_S
        if app is None or number % IMAGES_OF_APP == 0:
            app_number = number // IMAGES_OF_APP
            app = App(registry, app_number, bases[app_number % BASES_COUNT])
        app.push(number, time_s)
        if number % 10 == 0:
            registry.layer(time_s)
    registry.report.close()
    return registry.report.counts


if __name__ == "__main__":
    print(json.dumps(make(Path(sys.argv[1]), int(sys.argv[2]))))

"""The sample registry of `tonnage demo`: one year of a small company, 2026, pushed by code.

It is healthy, nothing in it is damaged, and it is full for the usual reasons:

- `library/*`: base images rebuilt every quarter. Their tags moved on; the old revisions stay, untagged.
- `team-a/api`, `team-a/worker`: share their dependency layers, across repositories. `main` moves with every merge.
- `shop/frontend`: old versions were deleted, yet most of their bytes are a base that everyone else needs.
- `shop/checkout`: old multi-arch indexes were deleted, but not the images in them, which now nobody sees.
- `data/etl`: deleted versions with large layers of their own. Garbage collection would free them; it has never run.
- `ml/notebook`, `ml/training`: one 3 GB layer that is used once; large weights, and nightly builds left untagged.
- `library/nginx`, `shop/frontend` and `team-a/api` were pulled in November; nothing else since it was pushed.
- `infra/*`: a BuildKit cache, Helm charts. `legacy/portal`: all deleted, the name remains.

Layers are sparse files: some 39 GB that take no room on disk. Their contents are not archives and cannot be run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tonnage.sample import documents
from tonnage.sample.builder import Builder, Repository
from tonnage.sample.documents import NEW_YEAR, Descriptor, Json, timestamp

AMD64 = ("linux/amd64",)
BOTH = ("linux/amd64", "linux/arm64/v8")
HELM_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
REBUILDS = (5, 96, 187, 278)
"""Days of the year on which the base images are rebuilt."""


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a Dockerfile. Without megabytes it leaves no layer; with another version it makes another layer."""

    text: str
    megabytes: float = 0
    version: object = ""


@dataclass(frozen=True, slots=True)
class Image:
    """What a build has made so far, for one platform."""

    platform: str
    layers: tuple[Descriptor, ...] = ()
    history: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Base:
    """A base image through the year: what was built on it took the newest build of the day."""

    builds: tuple[tuple[datetime, tuple[Image, ...]], ...]

    def at(self, when: datetime) -> tuple[Image, ...]:
        """Return the newest build that is not later than `when`, one image per platform."""
        return [images for built, images in self.builds if built <= when][-1]


def build_demo(root: Path) -> Builder:
    """Write the sample registry below `root`. Return its builder, whose ledger knows what is in it."""
    registry = Builder(root)
    debian = _base(registry, "library/debian", "12", None, Step("ADD rootfs.tar.xz /", 48.5), Step('CMD ["bash"]'))
    pythons = [_python(registry, debian, version) for version in ("3.11", "3.12", "3.13")]
    node = _node(registry, debian)
    nginx = _nginx(registry, debian)
    _api_and_worker(registry, pythons[1])
    _frontend(registry, nginx)
    _checkout(registry, node)
    _search(registry, debian)
    _etl(registry, pythons[0])
    _notebook(registry, pythons[1])
    _training(registry, pythons[1])
    _build_cache(registry)
    _charts(registry)
    _legacy(registry, debian)
    for name in ("library/nginx", "shop/frontend", "team-a/api"):
        registry.repository(name).pull_all(_day(320))
    return registry


# --- building and pushing -------------------------------------------------------------------------------------------


def _day(number: float) -> datetime:
    """Return a working hour of the n-th day of the year."""
    return NEW_YEAR + timedelta(days=number, hours=9, minutes=number * 37 % 480)


def _build(registry: Builder, image: Image, *steps: Step) -> Image:
    """Run the steps on top of an image. The same step on the same layer gives the same one again, as a cache does."""
    layers, history = list(image.layers), list(image.history)
    for step in steps:
        entry: Json = {"created": timestamp(registry.when), "created_by": step.text}
        history.append(entry if step.megabytes else {**entry, "empty_layer": True})
        if step.megabytes:
            seed = f"{layers[-1].digest if layers else image.platform} {step.text} {step.version}"
            uneven = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:2])
            layers.append(registry.layer(size_bytes=int(step.megabytes * (1_000_000 + uneven)), seed=seed))
    return Image(image.platform, tuple(layers), tuple(history))


def _push(repo: Repository, images: Sequence[Image], *tags: str, docker: bool = False) -> Descriptor:
    """Push one image as it is, several as an index with an attestation for each; return what the tags point to."""
    commit = hashlib.sha256(f"{repo.name} {repo.registry.when}".encode()).hexdigest()[:40]
    labels = {
        "org.opencontainers.image.source": f"https://git.example.com/{repo.name}",
        "org.opencontainers.image.revision": commit,
        "org.opencontainers.image.version": tags[0],
    }
    pushed = [
        repo.image(image.layers, platform=image.platform, labels=labels, history=image.history, docker=docker)
        for image in images
    ]
    top = pushed[0] if len(pushed) == 1 else repo.index([*pushed, *(repo.attestation(image) for image in pushed)])
    for tag in tags:
        repo.tag(tag, top.digest)
    return top


def _base(registry: Builder, name: str, tag: str, parent: Base | None, *steps: Step, dated: bool = True) -> Base:
    """Rebuild a base image every quarter and move its tag. With `dated` each build also keeps a tag of its own."""
    repo = registry.repository(name)
    builds = []
    for number in REBUILDS:
        registry.when = _day(number)
        below = parent.at(registry.when) if parent else [Image(platform) for platform in BOTH]
        fresh = [Step(step.text, step.megabytes, version=number) for step in steps]
        images = tuple(_build(registry, image, *fresh) for image in below)
        _push(repo, images, tag, *([f"{tag}-{registry.when:%Y%m%d}"] if dated else []))
        builds.append((registry.when, images))
    return Base(tuple(builds))


# --- base images ----------------------------------------------------------------------------------------------------


def _python(registry: Builder, debian: Base, version: str) -> Base:
    steps = (
        Step("ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8"),
        Step("RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates netbase tzdata", 9.2),
        Step(f"RUN wget -O python.tar.xz https://www.python.org/ftp/python/{version} && make install", 41.7),
        Step('CMD ["python3"]'),
    )
    return _base(registry, "library/python", version, debian, *steps, dated=False)


def _node(registry: Builder, debian: Base) -> Base:
    steps = (
        Step("RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node", 0.004),
        Step("RUN curl -fsSLO https://nodejs.org/dist/node-v22-linux.tar.xz && tar -xJf node-v22-linux.tar.xz", 52.3),
        Step('CMD ["node"]'),
    )
    return _base(registry, "library/node", "22", debian, *steps, dated=False)


def _nginx(registry: Builder, debian: Base) -> Base:
    steps = (
        Step("RUN apt-get update && apt-get install -y nginx nginx-module-njs gettext-base", 44.1),
        Step("COPY docker-entrypoint.sh /", 0.001),
        Step("EXPOSE map[80/tcp:{}]"),
        Step('CMD ["nginx" "-g" "daemon off;"]'),
    )
    return _base(registry, "library/nginx", "1.28", debian, *steps)


# --- the teams ------------------------------------------------------------------------------------------------------


def _service(registry: Builder, base: Base, dependencies: Step, code: Step) -> list[Image]:
    """Return a Python service of the day: system packages of its base's quarter, dependencies, code."""
    steps = (
        Step("RUN apt-get update && apt-get install -y libpq5 curl", 37.4),
        Step("WORKDIR /srv"),
        Step("COPY requirements.txt .", 0.003, version=dependencies.version),
        dependencies,
        code,
        Step("USER app"),
        Step('CMD ["gunicorn" "app:main"]'),
    )
    return [_build(registry, base.at(registry.when)[0], *steps)]


def _api_and_worker(registry: Builder, python: Base) -> None:
    """24 releases, worker with every second; merges to `main` in between; the last four are signed."""
    api, worker = registry.repository("team-a/api"), registry.repository("team-a/worker")
    for release in range(24):
        quarter = release // 6
        dependencies = Step("RUN pip install --no-cache-dir -r requirements.txt", 212.0, version=quarter)
        registry.when = _day(8 + release * 13)
        images = _service(registry, python, dependencies, Step("COPY api /srv/api", 14.6, version=release))
        released = _push(api, images, f"1.{release}.0", "latest")
        if release >= 20:
            _sign(api, released)
        if release % 2:
            images = _service(registry, python, dependencies, Step("COPY worker /srv/worker", 6.1, version=release))
            _push(worker, images, f"1.{release}.0", "latest")
        registry.when = _day(12 + release * 13)
        _push(api, _service(registry, python, dependencies, Step("COPY api /srv/api", 14.7, version=-release)), "main")


def _sign(repo: Repository, image: Descriptor) -> None:
    """Attach a signature, as cosign does: no tag leads to it, only its subject."""
    bundle = documents.encode({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "for": image.digest})
    layer = repo.registry.layer(bundle, media_type="application/vnd.dev.sigstore.bundle.v0.3+json")
    empty = repo.registry.blob(b"{}", documents.OCI_EMPTY)
    repo.image([layer], config=empty, subject=image, artifact_type=layer.media_type)


def _frontend(registry: Builder, nginx: Base) -> None:
    """30 versions; the first 18 were deleted, which freed no base layer."""
    repo = registry.repository("shop/frontend")
    versions = []
    for number in range(1, 31):
        registry.when = _day(7 + number * 10)
        config, pages = Step("COPY nginx.conf /etc/nginx/", 0.002), Step("COPY dist /srv/www", 22.8, version=number)
        images = [_build(registry, nginx.at(registry.when)[0], config, pages)]
        versions.append(_push(repo, images, f"v{number}", "latest"))
    for version in versions[:18]:
        repo.delete(version.digest)


def _checkout(registry: Builder, node: Base) -> None:
    """11 multi-arch versions; of the first 5 only the index was deleted, which leaves the images in it behind."""
    repo = registry.repository("shop/checkout")
    versions = []
    for number in range(11):
        registry.when = _day(20 + number * 28)
        steps = (
            Step("RUN npm ci --omit=dev", 164.0, version=number // 2),
            Step("COPY . /home/node/app", 8.9, version=number),
            Step('CMD ["node" "server.js"]'),
        )
        images = [_build(registry, image, *steps) for image in node.at(registry.when)]
        versions.append(_push(repo, images, f"2.{number}", "stable" if number % 3 else "latest"))
    for version in versions[:5]:
        repo.delete(version.digest)


def _search(registry: Builder, debian: Base) -> None:
    """8 versions pushed by an old client, in Docker's own format."""
    repo = registry.repository("shop/search")
    for number in range(8):
        registry.when = _day(15 + number * 37)
        steps = (
            Step("RUN apt-get update && apt-get install -y openjdk-17-jre-headless", 192.0, version=number // 4),
            Step("COPY target/search.jar /opt/search.jar", 88.0, version=number),
            Step('ENTRYPOINT ["java" "-jar" "/opt/search.jar"]'),
        )
        images = [_build(registry, debian.at(registry.when)[0], *steps)]
        _push(repo, images, f"0.{number}.0-RELEASE", "latest", docker=True)


def _etl(registry: Builder, python: Base) -> None:
    """One image a month, each with dependencies of its own; January to July were deleted."""
    repo = registry.repository("data/etl")
    months = []
    for month in range(1, 12):
        registry.when = _day(month * 29)
        dependencies = Step("RUN pip install pyspark pandas pyarrow", 874.0, version=month)
        images = _service(registry, python, dependencies, Step("COPY jobs /srv/jobs", 3.2, version=month))
        months.append(_push(repo, images, f"2026.{month:02}"))
    for image in months[:7]:
        repo.delete(image.digest)


def _notebook(registry: Builder, python: Base) -> None:
    """An image with a 3 GB layer that nothing else uses, beside a small one."""
    repo = registry.repository("ml/notebook")
    registry.when = _day(64)
    base = python.at(registry.when)[0]
    jupyter = Step("RUN pip install jupyterlab ipywidgets matplotlib", 318.0)
    torch = Step("RUN pip install torch torchvision --index-url https://download.pytorch.org/whl/cu124", 3070.0)
    _push(repo, [_build(registry, base, jupyter)], "cpu", "latest")
    registry.when = _day(66)
    _push(repo, [_build(registry, base, jupyter, torch)], "cuda")


def _training(registry: Builder, python: Base) -> None:
    """6 models on one framework layer; nightly builds, the former ones untagged; an upload given up in May."""
    repo = registry.repository("ml/training")
    framework = Step("RUN pip install jax[cuda12] flax optax", 2410.0)
    base = python.at(_day(100))[0]
    for model in range(6):
        registry.when = _day(110 + model * 30)
        weights = Step("COPY weights /weights", 1190.0, version=model)
        _push(repo, [_build(registry, base, framework, weights)], f"model-{model}")
    for night in range(9):
        registry.when = _day(295 + night * 3)
        weights = Step("COPY nightly /weights", 590.0, version=night)
        _push(repo, [_build(registry, base, framework, weights)], "nightly")
    registry.when = _day(133)
    repo.upload(size_bytes=700_000_000, started=registry.when)


# --- what is not an image, and what is gone -------------------------------------------------------------------------


def _build_cache(registry: Builder) -> None:
    """A BuildKit cache of the old form, an index of layers; each build replaced the last one."""
    repo = registry.repository("infra/build-cache")
    for number in range(4):
        registry.when = _day(250 + number * 14)
        toolchain = registry.layer(size_bytes=148_204_118, seed=f"toolchain {number // 2}")
        objects = registry.layer(size_bytes=61_340_902, seed=f"objects {number}")
        repo.cache([toolchain, objects], tag="main")


def _charts(registry: Builder) -> None:
    """Helm charts: a few kilobytes each, and as many files as an image."""
    repo = registry.repository("infra/charts/shop")
    for number in range(10):
        registry.when = _day(30 + number * 27)
        chart = documents.encode({"apiVersion": "v2", "name": "shop", "version": f"0.{number}.0"})
        config = registry.blob(chart, "application/vnd.cncf.helm.config.v1+json")
        layer = registry.layer(size_bytes=14_200 + number, seed="chart", media_type=HELM_CHART)
        repo.image([layer], config=config, tag=f"0.{number}.0")


def _legacy(registry: Builder, debian: Base) -> None:
    """A retired application: every image deleted, the repository's name is still in the catalog."""
    repo = registry.repository("legacy/portal")
    for number in range(5):
        registry.when = _day(10 + number * 9)
        steps = (Step("RUN apt-get install -y php8.2-fpm", 61.0), Step("COPY portal /var/www", 27.0, version=number))
        image = _push(repo, [_build(registry, debian.at(registry.when)[0], *steps)], f"build-{100 + number}")
        repo.delete(image.digest)

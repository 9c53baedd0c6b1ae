"""What a scrape is answered with, made ready once after each scan: text and OpenMetrics, plain and packed. Pure.

A scrape adds the few lines that are only known then. To pack those alone, the bulk is compressed beforehand up to a
full flush: what comes after it refers to nothing before it, so that both parts together are one ordinary gzip file.
"""

import re
import struct
import zlib
from collections.abc import Collection, Iterable, Iterator

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

_FAMILY = re.compile(rb"^(?=# HELP )", re.MULTILINE)
_END = b"# EOF\n"
_GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_RAW = -zlib.MAX_WBITS


class Body(msgspec.Struct, frozen=True):
    """Families as they are said, and the same compressed, to be continued."""

    plain: bytes = b""
    packed: bytes = b""
    crc: int = 0


class Exposition(msgspec.Struct, frozen=True):
    """All that follows from the inventory, in both formats."""

    text: Body = Body()
    openmetrics: Body = Body()


class Families:
    """Families as a collector, which is what prometheus_client renders."""

    def __init__(self, families: Iterable[Family]) -> None:
        self.families = list(families)

    def collect(self) -> Iterator[Family]:
        """Yield them."""
        yield from self.families


def render(families: Iterable[Family]) -> Exposition:
    """Return the exposition of families, by name, without those that have no samples.

    Each is written and released before the next is made: the samples of a million tags take far more memory than their text.
    """
    written = sorted(_written(family) for family in families if family.samples)
    texts, openmetrics = b"".join(text for _, text, _ in written), b"".join(found for _, _, found in written)
    return Exposition(_pack(texts), _pack(openmetrics))


def _written(family: Family) -> tuple[str, bytes, bytes]:
    """Return the name of a family, and what is said of it in both formats."""
    alone = Families([family])
    return family.name, to_text(alone), to_openmetrics(alone).removesuffix(_END)


def to_text(families: Families) -> bytes:
    """Return the text format. Whole numbers are `3.0`, as in each line of docker-registry-exporter."""
    return bytes(generate_latest(_registry(families)))


def to_openmetrics(families: Families) -> bytes:
    """Return OpenMetrics, its end included."""
    return bytes(generate_openmetrics(_registry(families)))  # type: ignore[no-untyped-call]


def _registry(families: Families) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(families)
    return registry


def answer(exposition: Exposition, live: Families, accept: str, names: Collection[str]) -> tuple[Body, bytes, str]:
    """Return the bulk of an answer, the lines to be added to it, and the type of both, as `Accept` wants it.

    Only samples of these `names` are in it, if there are any: what `name[]` asks for.
    """
    _, content_type = choose_encoder(accept)
    is_openmetrics = content_type.startswith("application/openmetrics-text")
    body, tail = (exposition.openmetrics, to_openmetrics(live)) if is_openmetrics else (exposition.text, to_text(live))
    if names:
        wanted = {name.encode() for name in names}
        chosen = restrict(body.plain, wanted) + restrict(tail.removesuffix(_END), wanted)
        body, tail = Body(), chosen + (_END if is_openmetrics else b"")
    return body, tail, content_type


def restrict(text: bytes, names: Collection[bytes]) -> bytes:
    """Return only the samples of these names, each family with its head."""
    kept = []
    for family in _FAMILY.split(text):
        lines = family.splitlines(keepends=True)
        samples = [line for line in lines if not line.startswith(b"#") and _name_of(line) in names]
        if samples:
            kept += [line for line in lines if line.startswith(b"#")] + samples
    return b"".join(kept)


def _name_of(sample: bytes) -> bytes:
    return sample.partition(b" ")[0].partition(b"{")[0]


def _pack(text: bytes) -> Body:
    compressor = zlib.compressobj(6, zlib.DEFLATED, _RAW)
    packed = compressor.compress(text) + compressor.flush(zlib.Z_FULL_FLUSH)
    return Body(text, packed, zlib.crc32(text))


def gzipped(body: Body, tail: bytes) -> tuple[bytes, ...]:
    """Return both parts as one gzip file, in pieces of which the largest is shared by all answers."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, _RAW)
    rest = compressor.compress(tail) + compressor.flush()
    size = (len(body.plain) + len(tail)) & 0xFFFFFFFF
    return _GZIP_HEAD, body.packed, rest + struct.pack("<II", zlib.crc32(tail, body.crc), size)

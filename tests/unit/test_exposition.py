"""What a scrape is answered with: numbers as Go writes them, one gzip file of two parts, and `name[]`."""

from __future__ import annotations

import gzip
import zlib

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from tonnage.exporter.exposition import Body, Families, answer, gzipped, render, restrict, to_text

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def gauge(name: str, *values: float, text: str = "Text.") -> Metric:
    """Return a gauge with a label."""
    family = GaugeMetricFamily(name, text, labels=("n",))
    for number, value in enumerate(values):
        family.add_metric((f'{number} "x"\n\\ 1.0',), value)
    return family


def families() -> list[Metric]:
    """Return one of each type, by name."""
    histogram = HistogramMetricFamily("h", "With 1.0 in it.", buckets=[("1.0", 2), ("+Inf", 3)], sum_value=7.0)
    return [gauge("a", 1, 2.5), gauge("a_b", 3), CounterMetricFamily("c_total", "Count.", value=4), histogram]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0.0"), (1, "1.0"), (122487, "122487.0"), (999999, "999999.0"), (1e6, "1e+06"), (1234567, "1.234567e+06"),
        (10_000_000, "1e+07"), (3_580_709_059, "3.580709059e+09"), (7_580_370_903_687, "7.580370903687e+12"),
        (0.5, "0.5"), (-2, "-2.0"), (float("nan"), "NaN"), (float("inf"), "+Inf"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_they_were(value: float, written: str) -> None:
    """docker-registry-exporter wrote whole numbers with a point, and large ones with an exponent."""
    assert to_text(Families([GaugeMetricFamily("a", "Of 1.0", value=value)])) == (
        f"# HELP a Of 1.0\n# TYPE a gauge\na {written}\n".encode()
    )


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_two_parts_are_one_gzip_file(accept: str) -> None:
    """Whoever unpacks it, also without minding that a gzip file may go on, has all of it."""
    body, tail, _ = answer(render(families()), Families([gauge("live", 5)]), accept, [])
    packed = b"".join(gzipped(body, tail))
    assert gzip.decompress(packed) == body.plain + tail
    unpacker = zlib.decompressobj(wbits=31)
    assert unpacker.decompress(packed) == body.plain + tail and unpacker.eof and not unpacker.unused_data
    assert gzip.decompress(b"".join(gzipped(Body(), b""))) == b""


def test_openmetrics_is_what_the_client_would_write() -> None:
    """Bulk and live part together, with one end; by name, whatever order they come in."""
    exposition = render([gauge("none"), *reversed(families())])
    body, tail, content_type = answer(exposition, Families([gauge("live", 5)]), OPENMETRICS, [])
    assert body.plain + tail == generate_openmetrics(registry_of([*families(), gauge("live", 5)]))
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")


@pytest.mark.parametrize("names", [["a"], ["a_b", "live"], ["h_bucket"], ["h_sum", "a"], ["c_total"], ["h"], ["no"]])
def test_names_choose_samples_as_the_client_does(names: list[str]) -> None:
    """The same lines as from its restricted registry, which has no order, in both formats."""
    restricted = registry_of([*families(), gauge("live", 5)]).restricted_registry(names)
    for accept, generate in (("", generate_latest), (OPENMETRICS, generate_openmetrics)):
        body, tail, _ = answer(render(families()), Families([gauge("live", 5)]), accept, names)
        expected = generate(restricted)
        assert sorted((body.plain + tail).splitlines()) == sorted(expected.splitlines())


def test_a_name_in_a_label_is_not_chosen() -> None:
    """Only what the sample itself is called counts."""
    text = b'# HELP a A.\n# TYPE a gauge\na{b="c 1"} 1\n'
    assert restrict(text, {b"a"}) == text
    assert restrict(text, {b"c", b"b"}) == b""


def registry_of(found: list[Metric]) -> CollectorRegistry:
    """Return a registry of the client's own with these families."""
    registry = CollectorRegistry(auto_describe=True)
    for family in found:
        registry.register(Families([family]))
    return registry

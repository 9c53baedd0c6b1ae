"""What the registry's own collection would break: the one figure of the inventory that is no SQL, but a replay of it."""

import logging
from collections.abc import Sequence

from prometheus_client.metrics_core import GaugeMetricFamily

from tonnage.errors import TonnageError
from tonnage.exporter.state import LIVE
from tonnage.gc.preview import preview
from tonnage.inventory.database import Inventory

log = logging.getLogger("tonnage")

COLLECTORS = {"2": (2, False), "2-m": (2, True), "3": (3, False), "3-m": (3, True)}
"""What a user may name: the registry's version, and whether it collects with -m, that is --delete-untagged."""
BROKEN = "tonnage_collection_broken"


def broken_family(inventory: Inventory, collectors: Sequence[str]) -> GaugeMetricFamily:
    """Return what each collection would break, by what `tonnage gc` counts; no sample where that is unknown."""
    family = GaugeMetricFamily(BROKEN, LIVE[BROKEN][1], labels=("registry", "delete_untagged", "kind"))
    for version, delete_untagged in (COLLECTORS[name] for name in collectors):
        try:
            found = preview(inventory, version, delete_untagged)
        except TonnageError as error:  # read over HTTP, or of a registry that collects otherwise
            log.error("%s gives no figures: %s", BROKEN, error.message)
            continue
        if found.is_doubtful:
            continue
        labels = (f"{version}.x", str(delete_untagged).lower())
        family.add_metric((*labels, "image"), found.broken.images_count)
        family.add_metric((*labels, "referrer"), found.broken.referrers_count)
    return family

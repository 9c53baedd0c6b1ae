"""What the registry's own collection would break: the one figure of the inventory that is not SQL, but a replay of it."""

import logging

from prometheus_client.metrics_core import GaugeMetricFamily

from tonnage.errors import TonnageError
from tonnage.exporter.state import LIVE
from tonnage.gc.preview import preview
from tonnage.inventory.database import Inventory

log = logging.getLogger("tonnage")

BROKEN = "tonnage_collection_broken"


def broken_family(inventory: Inventory, version: int, delete_untagged: bool) -> GaugeMetricFamily:
    """Return what a collection would break, as `tonnage gc` counts it; no sample where that is unknown."""
    family = GaugeMetricFamily(BROKEN, LIVE[BROKEN][1], labels=("registry", "delete_untagged", "kind"))
    try:
        found = preview(inventory, version, delete_untagged)
    except TonnageError as error:  # read over HTTP, or of a registry that collects otherwise
        log.error("%s gives no figures: %s", BROKEN, error.message)
        return family
    if not found.is_doubtful:
        labels = (f"{version}.x", str(delete_untagged).lower())
        family.add_metric((*labels, "image"), found.broken.images_count)
        family.add_metric((*labels, "referrer"), found.broken.referrers_count)
    return family

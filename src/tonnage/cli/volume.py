"""The room of the volume that a storage is on, where that is at hand."""

from tonnage.inventory.pace import Volume


def volume_at(place: str) -> Volume | None:
    """Return what room there is now; None for a storage that is elsewhere, or does not answer."""
    from tonnage.storage.volume import volume_of

    try:
        found = volume_of(place) if place else None
    except OSError:
        return None
    return Volume(*found) if found else None

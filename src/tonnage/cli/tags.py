"""Tags that are kept outside of the storage, for every command that asks an inventory."""

from tonnage.inventory.database import Inventory


def read_tags(place: str | None) -> list[tuple[str, str, str]] | None:
    """Return the tags of a file or, at a URL, of Harbor; None where no place is given. Raises TonnageError."""
    if not place:
        return None
    if place.startswith(("http://", "https://")):
        from tonnage.registry.harbor import read_harbor_tags

        return read_harbor_tags(place)
    from tonnage.cli.output import read_text
    from tonnage.formats.tag_sources import parse_tags

    return parse_tags(read_text(place))


def open_inventory(path: str, tags_from: str | None) -> Inventory:
    """Open an inventory, its tags replaced by those kept elsewhere if a place is given."""
    return Inventory(path, tags=read_tags(tags_from))


def ask_inventory(path: str, tags_from: str | None) -> Inventory:
    """Open an inventory for single questions: one in PostgreSQL is asked there, and not copied first.

    With tags kept elsewhere it is copied, as they are put into the copy.
    """
    from tonnage.inventory.postgresql.address import is_address

    if not is_address(path) or tags_from:
        return open_inventory(path, tags_from)
    from tonnage.inventory.postgresql.reading import PostgresInventory

    return PostgresInventory(path)

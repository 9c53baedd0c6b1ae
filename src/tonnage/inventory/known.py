"""What an inventory knows, and what nobody could have told it.

A registry asked over HTTP tells what tags lead to, and no more. What it does not tell is null in the tables, `?` in
reports, and never 0; what could only be answered with it is refused.
"""

from typing import NamedTuple

from tonnage.errors import NotKnownError
from tonnage.inventory.database import Inventory


class Knowledge(NamedTuple):
    """The one row of the table `source`."""

    kind: str
    """`storage`; `layouts`, where the storage is OCI image layouts; or `registry`: read over HTTP."""
    has_untagged: bool
    has_files: bool
    has_stored_sizes: bool

    @property
    def unknown(self) -> list[str]:
        """What is not known, in words; empty for a storage."""
        words = (
            (self.has_files, "the bytes on the disk"),
            (self.has_stored_sizes, "the stored sizes of layers"),
            (self.has_untagged, "untagged revisions"),
            (self.has_files, "orphaned blobs"),
            (self.has_files, "uploads"),
        )
        return [what for is_known, what in words if not is_known]


def knowledge_of(inventory: Inventory) -> Knowledge:
    """Return what the inventory knows."""
    return Knowledge(*inventory.query("select kind, has_untagged, has_files, has_stored_sizes from source").rows[0])


def insist(inventory: Inventory, need: str, what: str) -> None:
    """Raise NotKnownError unless the inventory has what is needed: `untagged`, `files` or `stored_sizes`."""
    if not getattr(knowledge_of(inventory), f"has_{need}"):
        raise NotKnownError(f"{what}: unknown in an inventory that was read over HTTP")

"""Losses of a registry on disk, as mirroring tools, crashes and people cause them: what is left may still be pulled.

A tree that lost something has sparse indexes, attestations without a manifest, images without a layer or a configuration.
"""

from __future__ import annotations

import shutil
from random import Random

from tonnage.sample import Builder

_LOST = ("blobs/*/*/*/data", "repositories/**/_manifests/revisions/*/*/link", "repositories/**/_layers/*/*/link")


def lose(rng: Random, registry: Builder) -> str:
    """Remove a blob, a revision or a layer link with its folder; return what."""
    found = sorted(registry.v2.glob(rng.choice(_LOST)))
    if not found:
        return "nothing"
    folder = rng.choice(found).parent
    shutil.rmtree(folder)
    return str(folder.relative_to(registry.v2))

"""A blob: what it is, who holds it, and, where the storage is at hand, the largest files in it."""

from typing import Any

from starlette.responses import Response

from tonnage.errors import TonnageError
from tonnage.inventory.reports import find_digest
from tonnage.web.asking import Ask, NotThereError
from tonnage.web.pages.overview import as_dicts
from tonnage.web.snapshot import run


def layer_page(ask: Ask) -> Response:
    """Return the page of a blob, named by its digest or the beginning of it."""
    asked = ask.rest("/layer/")
    with ask.snapshot.session() as session:
        facts = as_dicts(run(session, "layer_facts", digest=asked))
        if not facts and asked:
            facts = as_dicts(run(session, "layer_facts", digest=find_digest(session, asked)))
        if not facts:
            raise NotThereError(asked)
        blob = facts[0]
        holders = as_dicts(run(session, "layer_holders", blob_id=blob["blob_id"]))
    return ask.page("layer.html", page="layers", blob=blob, holders=holders, **_files(ask, str(blob["digest"])))


def _files(ask: Ask, digest: str) -> dict[str, Any]:
    """Return the largest files, if they were asked for: they are read from the storage there and then."""
    if not ask.query("files") or ask.site.list_files is None:
        return {"listing": None, "failure": None}
    try:
        return {"listing": ask.site.list_files(digest), "failure": None}
    except TonnageError as error:
        return {"listing": None, "failure": error}

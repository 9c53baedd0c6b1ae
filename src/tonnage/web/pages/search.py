"""Search: repositories, tags and digests by a part of their name. One exact hit leads right there."""

from starlette.responses import RedirectResponse, Response

from tonnage.web.asking import Ask
from tonnage.web.snapshot import run

_LEAST_DIGITS = 6


def search(ask: Ask) -> Response:
    """Return what was found, or the way to the one thing that was meant."""
    text = ask.query("q").strip()[:500]
    rows: list[tuple[str, str, str, str]] = []
    if text:
        with ask.snapshot.session() as session:
            rows = run(session, "search", text=text).rows
    links = ask.site.links
    found = []
    for kind, repository, tag, digest in rows:
        if kind == "repository":
            found.append((kind, repository, links.repository(repository), repository == text))
        elif kind == "tag":
            found.append((kind, f"{repository}:{tag}", links.tag(repository, tag), f"{repository}:{tag}" == text))
        elif len(text.removeprefix("sha256:")) >= _LEAST_DIGITS:
            found.append((kind, digest, links.layer(digest), digest in (text, f"sha256:{text}")))
    exact = [href for _, _, href, is_exact in found if is_exact]
    if len(exact) == 1 or len(found) == 1:
        return RedirectResponse((exact or [found[0][2]])[0], 303)
    return ask.page("search.html", page="", search=text, found=found)

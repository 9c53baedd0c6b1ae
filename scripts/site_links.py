"""A hook of MkDocs: links that lead out of docs/ lead to the clone's files where the project is hosted."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

ROOT = Path(__file__).parent.parent
OUT = re.compile(r"\]\((\.\./[^)#\s]+)")


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Return a page with those links changed. Raises PluginError if one leads to nothing."""
    folder = posixpath.join("docs", posixpath.dirname(page.file.src_uri))

    def hosted(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, found[1]))
        if path.startswith("docs/"):
            return found[0]
        if path.startswith("..") or not (ROOT / path).exists():
            raise PluginError(f"{page.file.src_uri} links to {found[1]}, which is not there")
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"]({config.repo_url.rstrip('/')}/{kind}/main/{path}"

    return OUT.sub(hosted, markdown)

"""A hook of MkDocs: links that lead out of docs/ lead to the clone's files where the project is hosted.

The page in Chinese is README.zh-CN.md, which is no file of docs/.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
OUT = re.compile(r"\]\((\.\./[^)#\s]+)")
CHINESE = "zh-CN.md"
LINK = re.compile(r"\]\((?!https?:|#)([^)\s]+)\)")


def on_files(files: Files, config: Any, **_: Any) -> Files:
    """Return the files with the page in Chinese, whose links lead from where it is on the site."""
    text = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
    files.append(File.generated(config, CHINESE, content=LINK.sub(lambda found: f"]({from_docs(found[1])})", text)))
    return files


def from_docs(path: str) -> str:
    """Return a link of the clone's root as one of docs/.

    >>> from_docs("docs/tutorial.md#a"), from_docs("docs/"), from_docs("LICENSE"), from_docs("README.md")
    ('tutorial.md#a', 'README.md', '../LICENSE', 'README.md')
    """
    if path in ("docs", "docs/", "README.md"):
        return "README.md"
    return path.removeprefix("docs/") if path.startswith("docs/") else f"../{path}"


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

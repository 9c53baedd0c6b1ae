"""The documents build as a site, strictly: no broken link or anchor, nothing fetched from strangers."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site."""
    folder = tmp_path_factory.mktemp("site")
    mkdocs = Path(sys.executable).with_name("mkdocs")
    command = [mkdocs, "build", "--strict", "--quiet", "--site-dir", folder]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_every_document_is_a_page(site: Path) -> None:
    """And each is found by the search."""
    written = {path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.md")} | {Path("zh-CN")}
    pages = {path.parent.relative_to(site) for path in site.rglob("index.html")}
    assert pages == {path.parent if path.name == "README" else path for path in written}
    found = (site / "search" / "search_index.json").read_text()
    assert all(f'"location":"{page}/"' in found for page in pages if page != Path("."))


def test_the_page_in_chinese_leads_on(site: Path) -> None:
    """To pages, pictures and files that are there, and from every page one gets to it."""
    page = (site / "zh-CN" / "index.html").read_text()
    article = page[page.index("<article") : page.index("</article")]
    led = re.findall(r'(?:href|src)="(\.\./[^"#]*)', article)
    assert len(led) > 20 and any(target.endswith(".png") for target in led)
    assert [target for target in led if not (site / "zh-CN" / target).resolve().exists()] == []
    assert (
        'href="https://git.example.com/tonnage/tonnage/tree/main/deploy' in article or "/blob/main/LICENSE" in article
    )
    assert re.search(r'href="\.\./zh-CN/"[^>]*hreflang="zh"', (site / "tutorial" / "index.html").read_text())


def test_a_reader_fetches_nothing_from_strangers(site: Path) -> None:
    """Neither scripts, styles, fonts nor pictures."""
    for page in site.rglob("*.html"):
        fetched = re.findall(
            r'<(?:script|img|link rel="(?:stylesheet|icon|preconnect)")[^>]*(?:src|href)="?(https?:[^" >]+)',
            page.read_text(),
        )
        assert fetched == [], page


def test_a_link_out_of_the_documents_leads_to_the_clone() -> None:
    """To the file where the project is hosted; one that leads to nothing ends the build."""
    spec = importlib.util.spec_from_file_location("site_links", ROOT / "scripts" / "site_links.py")
    assert spec and spec.loader
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    page, config = (
        SimpleNamespace(file=SimpleNamespace(src_uri="how-to/x.md")),
        SimpleNamespace(repo_url="https://h/p/"),
    )
    led = [
        hook.on_page_markdown(f"[a]({link})", page, config)
        for link in ("../../deploy", "../../LICENSE", "../tutorial.md#a")
    ]
    assert led == ["[a](https://h/p/tree/main/deploy)", "[a](https://h/p/blob/main/LICENSE)", "[a](../tutorial.md#a)"]
    with pytest.raises(PluginError, match="gone"):
        hook.on_page_markdown("[a](../../gone.md)", page, config)

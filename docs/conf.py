"""How the docs become a site: `nox -s docs`. The pages are plain Markdown, and read well without it."""

import re
import shutil
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent

project = "mo_gateway"
version = release = version_of("mo_gateway")

extensions = ["myst_parser"]
root_doc = "README"
myst_heading_anchors = 4  # as a code forge makes them
suppress_warnings = ["misc.highlighting_failure"]  # nothing colours CSV

html_theme = "furo"
html_title = "mo_gateway"
html_copy_source = False
html_show_copyright = False


def setup(app: Sphinx) -> None:
    """Let Sphinx ask us about each page, and for the page to begin with."""
    app.connect("source-read", _prepare)
    app.connect("build-finished", _make_index)


def _prepare(app: Sphinx, name: str, source: list[str]) -> None:
    source[0] = _without_files_elsewhere(source[0], Path(app.env.doc2path(name)).parent)
    if name == root_doc:
        source[0] += "".join(_tables_of_contents(source[0]))


def _without_files_elsewhere(page: str, folder: Path) -> str:
    """Name what lies in the repository and not in the site, instead of linking it."""

    def named(link: re.Match[str]) -> str:
        file = (folder / link[2].partition("#")[0]).resolve()
        return link[0] if file.is_relative_to(DOCS) else f"{link[1]} (`{file.relative_to(DOCS.parent)}`)"

    return re.sub(r"\[([^\]]+)\]\((\.\./[^)\s]+)\)", named, page)


def _tables_of_contents(page: str) -> list[str]:
    """Make the site's order that of the index, heading by heading: what that leaves out Sphinx complains of."""
    parts = re.findall(r"^## ([^:\n]+).*?\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    return [
        f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{chr(10).join(pages)}\n```\n"
        for heading, text in parts
        if (pages := re.findall(r"\]\(([\w/-]+)\.md\)", text))
    ]


def _make_index(app: Sphinx, failed: Exception | None) -> None:
    if failed is None and app.builder.name == "html":
        shutil.copy(Path(app.outdir, "README.html"), Path(app.outdir, "index.html"))

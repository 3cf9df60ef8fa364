"""The docs as a site: it is made without a warning, and a link that leads nowhere is one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from .test_packaging import required

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parent.parent / "docs"


def made(docs: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Make the site as `nox -s docs` does."""
    command = [required("sphinx-build"), "--fail-on-warning", "--quiet", str(docs), str(site)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_site_has_every_page_and_begins_with_the_index(tmp_path: Path) -> None:
    result = made(DOCS, tmp_path)

    assert (result.stderr, result.returncode) == ("", 0)
    pages = {page.relative_to(DOCS).with_suffix(".html") for page in DOCS.rglob("*.md")}
    assert [page for page in pages if not (tmp_path / page).is_file()] == []
    assert (tmp_path / "index.html").read_text() == (tmp_path / "README.html").read_text()


@pytest.mark.parametrize(
    "fault", ["[gone](gone.md)", "[gone](settings.md#gone)", "[gone](#gone)"], ids=["page", "anchor", "own"]
)
def test_a_link_that_leads_nowhere_fails(fault: str, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    shutil.copy(DOCS / "conf.py", docs)
    (docs / "README.md").write_text(f"# Documentation\n\n## Reference\n\n* [Settings](settings.md)\n\n{fault}\n")
    (docs / "settings.md").write_text("# Settings\n")

    result = made(docs, tmp_path / "site")

    assert result.returncode != 0
    assert "gone" in result.stderr


def test_a_page_that_the_index_does_not_name_fails(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    shutil.copy(DOCS / "conf.py", docs)
    (docs / "README.md").write_text("# Documentation\n")
    (docs / "settings.md").write_text("# Settings\n")

    result = made(docs, tmp_path / "site")

    assert result.returncode != 0
    assert "isn't included in any toctree" in result.stderr

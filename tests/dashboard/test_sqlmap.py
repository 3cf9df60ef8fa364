"""sqlmap, which knows more ways to inject SQL than anybody, finds none in any parameter of any page."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mo_gateway.web.dashboard import session
from tests.browser.sites import running_site

from .everything import fill
from .walking import parameters_of

pytestmark = [pytest.mark.release, pytest.mark.timeout(3600)]

#: It looks for what shows in the page, in an error and in a UNION, and asks no questions.
OPTIONS = ["--batch", "--level=1", "--risk=2", "--technique=BEU", "--threads=4", "--disable-coloring"]


def test_sqlmap_finds_nothing_at_the_longest_address_of_each_page(tmp_path: Path, database_url: str) -> None:
    program = shutil.which("sqlmap", path=Path(sys.executable).parent)
    assert program, "sqlmap is not installed: `nox -s release` installs it"
    with running_site(tmp_path, database_url, fill) as site:
        places = sorted(site.places, key=lambda place: len(parameters_of(place.address)))
        most_asked = {place.route: place.address for place in places if parameters_of(place.address)}
        for address in most_asked.values():
            said = attacked(program, tmp_path, site.origin + address, f"{session.COOKIE}={site.token}")

            assert "all tested parameters do not appear to be injectable" in said, f"{address}: {said}"


def attacked(program: str, folder: Path, url: str, cookie: str) -> str:
    """Let it try everything at an address, and give what it says."""
    command = [program, f"--url={url}", f"--cookie={cookie}", f"--output-dir={folder / 'sqlmap'}", *OPTIONS]
    return subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False).stdout

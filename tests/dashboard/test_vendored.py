"""What others wrote and we ship: unchanged, and of the versions that its README names."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

import mo_gateway.web.dashboard

VENDOR = Path(mo_gateway.web.dashboard.__file__).parent / "static" / "vendor"
LINES = [line.split() for line in (VENDOR / "SHA256SUMS").read_text().splitlines()]
SUMS = {name: digest for digest, name in LINES}
README = (VENDOR / "README.md").read_text()

#: Where a file says of which version it is.
VERSIONS = {
    "htmx.min.js": re.compile(r'version:"([0-9.]+)"'),
    "uPlot.iife.min.js": re.compile(r"\(v([0-9.]+)\)"),
}


def test_each_file_has_its_checksum_and_each_checksum_its_file() -> None:
    assert {path.name for path in VENDOR.iterdir()} == {*SUMS, "SHA256SUMS", "README.md"}


@pytest.mark.parametrize("name", SUMS)
def test_a_file_is_as_it_was_published(name: str) -> None:
    assert sha256((VENDOR / name).read_bytes()).hexdigest() == SUMS[name]


@pytest.mark.parametrize("name", VERSIONS)
def test_a_script_is_of_the_version_that_the_readme_names(name: str) -> None:
    found = VERSIONS[name].search((VENDOR / name).read_text())
    row = next(line for line in README.splitlines() if f"`{name}`" in line)

    assert found
    assert f" {found[1]} " in row

"""The bill of materials that a release ships with names what the image is made of."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.locks import LOCK, Locked, locked_in

pytestmark = pytest.mark.release


def test_the_bill_of_materials_is_the_lock(tmp_path: Path) -> None:
    program = shutil.which("cyclonedx-py", path=str(Path(sys.executable).parent))
    if not program:
        pytest.skip("cyclonedx-bom is not installed; `nox -s release` does it")
    subprocess.run(
        [program, "requirements", "--output-reproducible", "--output-file", tmp_path / "sbom.json", LOCK],
        check=True,
    )
    sbom = json.loads((tmp_path / "sbom.json").read_text())

    components = {
        Locked(
            canonicalize_name(one["name"]),
            one["version"],
            frozenset(
                entry["content"] for reference in one["externalReferences"] for entry in reference["hashes"]
            ),
        )
        for one in sbom["components"]
    }
    assert sbom["bomFormat"] == "CycloneDX"
    assert components == set(locked_in(LOCK).values())

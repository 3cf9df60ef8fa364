"""`completion`: a shell that has read it finishes a command by the Tab key."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("mo-gateway")

#: What bash does when Tab is pressed after `mo-gateway vo`.
TAB = """
PATH="$1:$PATH"
eval "$(mo-gateway completion bash)"
COMP_WORDS=(mo-gateway vo)
COMP_CWORD=1
_mo_gateway_completion mo-gateway
echo "${COMPREPLY[@]}"
"""


def test_bash_finishes_a_command() -> None:
    typed = ["bash", "-c", TAB, "bash", str(PROGRAM.parent)]

    done = subprocess.run(typed, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["votes"]

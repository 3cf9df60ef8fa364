"""The pages of the project, and what stands in their fences."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part == "venv" for part in path.relative_to(ROOT).parts)
)

#: Pages whose `sh` blocks are typed one after another; those behind a tutorial go on with its gateway.
READ_IN_ORDER = [
    ["first-message.md", *(["callback.md"] if shutil.which("curl") else [])],
    ["first-handler.md"],
    ["vote.md"],
    ["routes.md"],
    ["replies.md"],
    ["demo.md"],
]


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page; a `text` block behind it is what it prints."""

    language: str
    text: str
    printed: str | None

    @property
    def file_name(self) -> str | None:
        """The file that a block is, where its first line says so: `# contest.py`."""
        named = re.match(r"# ([\w.]+)\n", self.text)
        return named[1] if named else None


def blocks(page: Path) -> list[Block]:
    """Give the fenced blocks of a page, also those within a list."""
    fences = r"^( *)```(\w*)\n(.*?)^\1```\n(?:\n```text\n(.*?)^```\n)?"
    found = re.finditer(fences, page.read_text(), re.DOTALL | re.MULTILINE)
    return [Block(language, dedent(text), printed) for _, language, text, printed in (m.groups() for m in found)]


def lines(block: Block) -> list[str]:
    """Give the lines of a block as a shell reads them: one that ends with a backslash goes on."""
    return [line for line in block.text.replace("\\\n", "").splitlines() if line.strip()]

"""`new-plugin`: a package with a handler, its entry point and a test that passes, to begin with."""

import keyword
import re
from pathlib import Path
from string import Template

import click

from mo_gateway.errors import MoGatewayError

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")

#: The files of the package; $name is as it was given, $module what is imported, $word the keyword.
FILES = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling>=1.27,<2"]
build-backend = "hatchling.build"

[project]
name = "$name"
version = "0.1.0"
description = "Keyword handlers for mo_gateway."
requires-python = ">=3.11"
dependencies = ["mo_gateway"]

[project.optional-dependencies]
test = ["mypy>=2.4,<3", "pytest>=9,<10"]

[project.entry-points."mo_gateway.handlers"]
$module = "$module.handlers"

[tool.hatch.build.targets.wheel]
packages = ["$module"]

[tool.mypy]
strict = true
files = ["$module", "tests"]

[tool.pytest]
minversion = "9.0"
testpaths = ["tests"]
""",
    "README.md": """\
# $name

Keyword handlers for [mo_gateway](https://pypi.org/project/mo_gateway/).

```sh
python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/python -m pytest -q
```

Once it is installed beside the gateway (`pip install .`), the gateway finds it by its entry point: no setting
names it. `mo-gateway routes` lists its keywords.
""",
    "$module/__init__.py": '''\
"""Keyword handlers for mo_gateway."""
''',
    "$module/py.typed": "",
    "$module/handlers.py": '''\
"""What the gateway calls; each function is named in `mo_handling.handler`."""

from mo_gateway import Message, Reply, answer, keyword


@keyword("$word")
def greet(message: Message) -> Reply:
    """Ask for a postcode; the next SMS of the sender goes to `take_postcode`."""
    return Reply(f"Hello {message.parm or 'there'}. What is your postcode?", expect="$module.postcode")


@answer("$module.postcode")
def take_postcode(message: Message) -> str:
    """Take the answer."""
    return f"Thank you: {message.text.strip().upper()}."
''',
    "tests/test_handlers.py": '''\
"""What phones get: each test sends an SMS through the real gateway."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mo_gateway.testing import Handled

from $module import handlers

SendSms = Callable[..., Handled]


def test_the_keyword_is_answered_with_a_question(send_sms: SendSms) -> None:
    handled = send_sms("$word Ann", handlers=handlers)

    assert handled.replies == ["Hello Ann. What is your postcode?"]
    assert handled.asks == "$module.postcode"


def test_the_next_sms_is_the_answer_whatever_its_first_word(send_sms: SendSms) -> None:
    send_sms("$word", handlers=handlers)

    handled = send_sms("1234 ab", handlers=handlers)

    assert handled.replies == ["Thank you: 1234 AB."]


def test_the_types_are_right() -> None:
    folder = Path(__file__).parent.parent
    mypy = [sys.executable, "-m", "mypy"]

    checked = subprocess.run(mypy, cwd=folder, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout
''',
}


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder to make it in.  [default: here]",
)
def new_plugin(name: str, into: Path) -> None:
    """Make a package NAME with a keyword handler, its entry point, and tests that pass.

    \b
    mo-gateway new-plugin postcode-lottery
    """
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name) or keyword.iskeyword(module):
        raise click.BadParameter(f"{name!r} is no name such as postcode-lottery", param_hint="NAME")
    folder = into / name
    if folder.exists():
        raise MoGatewayError(f"{folder} is there already")
    values = {"name": name, "module": module, "word": module.partition("_")[0].upper()}
    for path, content in FILES.items():
        file = folder / Template(path).substitute(values)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(content).substitute(values))
        click.echo(str(file))
    click.echo(f"Next: cd {folder}, and the command in README.md", err=True)

"""The page of errors names every answer, exit code and error class of the program, with cause and fix."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mo_gateway
from mo_gateway import cli
from mo_gateway.errors import MoGatewayError

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "errors.md").read_text()
SECTIONS = dict(re.findall(r"^### ([^\n]*)\n\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))


def classes(base: type[MoGatewayError] = MoGatewayError) -> Iterator[type[MoGatewayError]]:
    """Give an error class and all below it."""
    yield base
    for below in base.__subclasses__():
        yield from classes(below)


def statuses() -> Iterator[int]:
    """Give every status from 400 on that the web part answers, as it stands in its calls and returns."""
    for module in (ROOT / "mo_gateway" / "web").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call | ast.Return | ast.Tuple | ast.IfExp):
                children = (child.value for child in ast.walk(node) if isinstance(child, ast.Constant))
                yield from (value for value in children if isinstance(value, int) and 400 <= value <= 599)


def documented(kind: str) -> set[int]:
    """Give the numbers that the page has of a kind."""
    return {int(number) for number in re.findall(rf"^### {kind} (\d+)$", PAGE, re.MULTILINE)}


def test_every_error_class_of_the_program_is_there() -> None:
    for module in pkgutil.walk_packages(mo_gateway.__path__, "mo_gateway."):
        if not re.search(r"__main__|migrations|data\.generate", module.name):
            importlib.import_module(module.name)
    named = {name for name in SECTIONS if not re.search(r"\d", name)}

    assert named == {one.__name__ for one in classes() if one.__module__.startswith("mo_gateway.")}


def test_every_exit_code_is_there() -> None:
    of_the_program = re.findall(r"(?:^| )(\d+) [a-z]", cli.__doc__ or "", re.MULTILINE)

    assert documented("Exit code") == set(map(int, of_the_program))


def test_every_answer_is_there() -> None:
    assert documented("Answer") == set(statuses())


@pytest.mark.parametrize("name", SECTIONS)
def test_each_has_a_cause_and_a_fix(name: str) -> None:
    assert re.fullmatch(r"\*Cause\.\* .+\n\*Fix\.\* .+\n\n?", SECTIONS[name], re.DOTALL)

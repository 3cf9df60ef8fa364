"""Every word of the templates goes through the catalogue; what one says by itself stays English for ever."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import mo_gateway.web.dashboard

TEMPLATES = sorted((Path(mo_gateway.web.dashboard.__file__).parent / "templates").glob("*.html"))

VALUE = "\ufffc"  # where a template puts one in
NAMES = {
    "mo_gateway",
    "/",
    "j",
    "k",
    "r",
    "?",
    "UTC",
    "psql",
    "CSV",
    "Excel",
    "ms",
    "24h",
    "2h",
}  # the same in every language
SAID_BY = ("title", "placeholder", "alt", "aria-label", "aria-description", "data-title", "label", "summary")
ASKED = ("template", "test", "iter", "target", "args", "defaults", "call")  # of statements; they are not put out


class Words(HTMLParser):
    """What people see or hear of a template, but for the values that it puts in."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.found += [value for name, value in attrs if value and name in SAID_BY]

    def handle_data(self, data: str) -> None:
        if self._within not in ("script", "code", "pre"):  # commands and SQL are the same in every language
            self.found.append(data)


def bare_words(source: str) -> list[str]:
    """Give every text of a template that is not looked up."""
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
    page = Words()
    page.feed("".join(_pieces(tree)))
    page.close()
    return [word for text in page.found for word in text.replace(VALUE, " ").split() if _is_bare(word)]


def _is_bare(word: str) -> bool:
    return any(map(str.isalpha, word)) and word.strip(".,:;()") not in NAMES


def _pieces(node: nodes.Node) -> Iterator[str]:
    """Give the HTML of a template in its order; each value is a sign, but one that is chosen from words itself."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    elif isinstance(node, nodes.Expr):
        yield from (f"{VALUE}{word}{VALUE}" for word in _words_of(node))
        yield VALUE
    else:
        for child in _said(node):
            yield from _pieces(child)


def _said(node: nodes.Node) -> Iterator[nodes.Node]:
    """Give what a statement puts out, and not what it asks or sets."""
    for name, value in node.iter_fields():
        if name not in ASKED and not isinstance(node, nodes.Assign):
            yield from (
                one for one in (value if isinstance(value, list) else [value]) if isinstance(one, nodes.Node)
            )


def _words_of(value: nodes.Expr) -> Iterator[str]:
    """Give the texts that an expression may put out."""
    if isinstance(value, nodes.Const) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, nodes.CondExpr):
        yield from (word for branch in (value.expr1, value.expr2) if branch for word in _words_of(branch))
    elif isinstance(value, nodes.Or | nodes.And | nodes.Add):
        yield from (word for side in (value.left, value.right) for word in _words_of(side))
    elif isinstance(value, nodes.Concat):
        yield from (word for part in value.nodes for word in _words_of(part))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_nothing_by_itself(template: Path) -> None:
    assert bare_words(template.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        "<p>{{ n }} messages</p>",
        '<input placeholder="Name">',
        '<td data-title="Who">{{ _("x") }}</td>',
        "<p>{{ 'Yes' if a else _('No') }}</p>",
        "<p>{{ name or 'nobody' }}</p>",
        "{% if a %}{% for b in c %}<b>Hello</b>{% endfor %}{% endif %}",
        "{% block title %}Hello{% endblock %}",
        "{% macro m() %}Hello{% endmacro %}",
    ],
)
def test_a_bare_word_is_found_wherever_it_stands(source: str) -> None:
    assert len(bare_words(source)) == 1


def test_what_is_looked_up_is_not_bare() -> None:
    source = """<p title="{{ _('One') }}">{% trans n=1 %}two {{ n }} words{% endtrans %}</p>
    {{ ngettext("a", "b", n) }} {% set screen = "audit" %}{% if kind == "dead" %}{{ kind }}{% endif %}
    <a href="x" class="muted">{{ n | f("y") }}</a>"""

    assert bare_words(source) == []

"""Templates: what a phone sent is filled in as it is, and nothing in it is ever carried out."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.errors import HandlerError
from mo_gateway.handlers.templates import FIELDS, KNOWN_FILTERS, LONGEST, Template, answer_with

from .received import message

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
CODE = st.sampled_from(
    ["{{ 7 * 7 }}", "{% for x in y %}", "{# no #}", "{{ msisdn }}", "{{''.__class__}}", "{%", "}}"]
)


@given(st.one_of(TEXTS, CODE, st.tuples(TEXTS, CODE, TEXTS).map("".join)))
def test_whatever_is_sent_appears_unchanged(text: str) -> None:
    assert Template("<{{ parm }}>").render(message(parm=text)) == f"<{text}>"


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_can_be_filled_in(name: str) -> None:
    assert Template(f"{{{{ {name} }}}}").render(message()) == str(getattr(message(), name))


def test_words_filters_and_conditions_are_there() -> None:
    template = Template("{% if words %}{{ words[0] | upper }} of {{ words | length }}{% endif %}")

    assert template.render(message(parm="blue sky")) == "BLUE of 2"
    assert template.render(message(parm="")) == ""


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{{ text.__class__ }}", "it may not use .__class__"),
        ("{{ parm.__class__.__mro__ }}", "it may not use .__"),
        ("{{ parm.format.__globals__ }}", "it may not use .__globals__"),
        ("{{ 'x'.ljust(10) }}", "it may not use .ljust"),
        ("{{ sent_at.replace(year=0) }}", "it may not use .replace"),
        ("{% for a in text %}{% if a %}{% for b in text %}{% endfor %}{% endif %}{% endfor %}", "no other for"),
        ("{% for a in words recursive %}{{ loop(words) }}{{ loop(words) }}{% endfor %}", "no other for"),
        ("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}", "no macro"),
        ("{% set a = text ~ text %}", "if and for, and no assign"),
        ("{% with a = text %}{% endwith %}", "no with"),
        ("{% block a %}{{ self.a() }}{% endblock %}", "no block"),
        ("{{ self }}", "no self"),
        ("{{ words | batch(10 ** 9, 'x') }}", "No filter named 'batch'"),
        ("{{ parm | center(1000000) }}", "No filter named 'center'"),
        ("one\ntwo {% if %}", r"\(in its line 2\)"),
        ("{{ nobody }}", "a template has no nobody"),
        ("{{ text", "it is no template"),
        ("{% include 'x' %}", "it is no template"),
        ("{% for %}", "it is no template"),
        ("{{ parm | nothing }}", "it is no template"),
        ("{{ range(9) }}", "a template has no range"),
        ("{% extends parm %}", "it is no template"),
        ("{% import 'x' as y %}", "it is no template"),
    ],
)
def test_what_is_no_template_is_said_when_it_is_made(source: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Template(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ parm['__class__'] }}",
        "{{ parm['ljust'](1000000000) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ parm.upper }}",
        "{{ text | replace('', text) | replace('', text) }}",
        "{{ text | join(text) | join(text) }}",
        "{{ words.append('x') }}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ 'x' * 1000000 }}",
        "{{ words * 1000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ words[99] }}",
        "{{ 1 // 0 }}",
        "{% for a in text %}{{ text }}{% endfor %}",
    ],
)
@pytest.mark.timeout(20)
def test_what_a_template_may_not_do_is_an_error_that_quotes_no_message(source: str) -> None:
    with pytest.raises(HandlerError) as refused:
        Template(source).render(message(parm="secret words " * 20))

    assert "secret" not in str(refused.value)


@pytest.mark.timeout(20)
def test_a_long_text_keeps_no_template_busy() -> None:
    template = Template("{% for a in text if a in words %}{% if a in text %}{% endif %}{% endfor %}")

    assert template.render(message(parm="x " * 5000)) == ""


def test_a_message_without_a_reference_shows_nothing_for_it() -> None:
    assert Template("<{{ reference }}>").render(message(reference=None)) == "<>"


def test_what_a_message_does_not_have_is_said_in_words() -> None:
    with pytest.raises(HandlerError, match=r"what this message does not have, such as words\[0\]"):
        Template("{{ words[0] }}").render(message(parm=""))


def test_line_ends_and_percent_signs_of_an_author_stay() -> None:
    assert Template("100 % sure,\n{{ parm }}\n").render(message(parm="ON")) == "100 % sure,\nON\n"
    assert Template("{{ 7 % 4 }} {{ sent_at.strftime('%H:%M') }}").render(message()) == "3 14:25"


@given(TEXTS)
def test_an_answer_is_sent_only_where_there_is_something_in_it(text: str) -> None:
    answer = answer_with(Template("{{ parm }}"), message(parm=text))

    assert (answer.text if answer else "") == text.strip()


def test_the_result_is_bounded() -> None:
    assert len(Template("{{ parm }}").render(message(parm="x" * LONGEST))) == LONGEST
    with pytest.raises(HandlerError, match="longer than"):
        Template("{{ parm }}").render(message(parm="x" * (LONGEST + 1)))


def test_the_page_names_every_filter() -> None:
    page = (Path(__file__).parents[2] / "docs" / "routes.md").read_text()
    listed = page.partition("and the filters")[2].partition(".")[0]

    assert re.findall(r"`(\w+)`", listed) == sorted(KNOWN_FILTERS)


def test_the_first_word_may_be_missing_where_there_is_a_default() -> None:
    assert Template('{{ words | first | default("") }}').render(message(parm="")) == ""

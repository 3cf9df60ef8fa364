"""Templates: what a phone sent is filled in as it is, and nothing in it is ever carried out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.errors import HandlerError
from mo_gateway.handlers.templates import FIELDS, LONGEST, Template

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
        "{{ parm.__class__.__mro__ }}",
        "{{ parm.format.__globals__ }}",
        "{{ '{0.__class__}'.format(parm) | length and parm.__init__.__globals__ }}",
        "{{ words.append('x') }}",
        "{{ sent_at.replace(year=0) }}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ 'x' * 1000000 }}",
        "{{ words * 1000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ words[99] }}",
        "{{ 1 // 0 }}",
        "{% for a in text %}{% for b in text %}{{ text }}{% endfor %}{% endfor %}",
    ],
)
@pytest.mark.timeout(20)
def test_what_a_template_may_not_do_is_an_error_that_quotes_no_message(source: str) -> None:
    with pytest.raises(HandlerError) as refused:
        Template(source).render(message(parm="secret words " * 20))

    assert "secret" not in str(refused.value)


def test_the_result_is_bounded() -> None:
    assert len(Template("{{ parm }}").render(message(parm="x" * LONGEST))) == LONGEST
    with pytest.raises(HandlerError, match="longer than"):
        Template("{{ parm }}").render(message(parm="x" * (LONGEST + 1)))

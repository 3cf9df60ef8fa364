"""`reply`: an answer, with the message's fields filled in.

`texts` take turns, by the number of the message, so that a second try says the same. With `expect` it is a
question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import Length, Range, Regexp

from mo_gateway.message import Message
from mo_gateway.reply import Reply, is_msisdn
from mo_gateway.values import LONGEST_NOTE, LONGEST_WAIT, Ask
from mo_gateway.words import fold

from . import building
from .building import Duration, Handling, Name, Surroundings, Table, Text
from .templates import Source, Template, TemplateText, template_of, templates_of

TEXTS = "a list of texts"
OPERATOR = Regexp(r"[0-9]{5}\Z", error='an operator is five digits, such as 20601 = "…"')
COUNTRY = Regexp(r"[A-Z]{3}\Z", error='a country is an ISO 3166-1 alpha-3 code, such as BEL = "…"')


def _check_msisdn(number: str) -> None:
    if not is_msisdn(number):
        raise ValidationError("an MSISDN: 6 to 15 digits, country code first, without +")


class Options(building.Options):
    """The keys of `[route.reply]`."""

    text = TemplateText()
    texts = fields.List(TemplateText(), validate=Length(min=1, error=TEXTS), error_messages={"invalid": TEXTS})
    by_language = Table(Text(), TemplateText(), rule='a table of texts: { nl = "…", fr = "…" }')
    language_of = Table(Text(), Text(), rule='a table of languages: { WIN = "nl", GAGNE = "fr" }')
    default_language = Text(longest=80)
    by_operator = Table(Text(validate=OPERATOR), TemplateText(), rule='a table of texts: { 20601 = "…" }')
    by_country = Table(Text(validate=COUNTRY), TemplateText(), rule='a table of texts: { BEL = "…" }')
    to = Text(validate=_check_msisdn)
    sender = Name(longest=15)
    provider = Name(longest=20)
    expect = Name()
    within = Duration(validate=Range(max=LONGEST_WAIT, error='at most "30d"'))
    timeout_text = Text()
    note = TemplateText()

    @validates_schema
    def _check(self, values: Mapping[str, Any], **_kwargs: Any) -> None:
        if not values.keys() & {"text", "texts", "by_language", "by_operator", "by_country"}:
            raise ValidationError("a reply has a text", "text")
        if "text" in values and "texts" in values:
            raise ValidationError("there is a text already: one of them", "texts")
        if values.keys() & {"within", "timeout_text", "note"} and "expect" not in values:
            raise ValidationError("a question names what takes its answer: expect", "expect")
        if "to" in values and "expect" in values:
            raise ValidationError("a question goes to who sent the message", "to")
        languages = values.keys() & {"language_of", "default_language"}
        if "by_language" in values and not languages:
            raise ValidationError("language_of or default_language says which of these is sent", "by_language")
        try:
            _languages(values.get("language_of"), values.get("default_language"), values.get("by_language", {}))
        except ValueError as exc:
            raise ValidationError(str(exc), min(languages, key=["language_of", "default_language"].index)) from exc


def reply(
    text: Source | None = None,
    *,
    texts: Sequence[Source] = (),
    by_language: Mapping[str, Source] | None = None,
    language_of: Mapping[str, str] | None = None,
    default_language: str | None = None,
    by_operator: Mapping[str, Source] | None = None,
    by_country: Mapping[str, Source] | None = None,
    to: str | None = None,
    sender: str | None = None,
    provider: str | None = None,
    expect: str | None = None,
    within: timedelta = timedelta(hours=1),
    timeout_text: str = "",
    note: Source = "",
) -> Handling:
    """Make a handler that answers; or raise ValueError.

    The text is the one of the keyword's language, or else of the operator, or else of the country, or else `text`,
    or else one of `texts`. A text that is empty once it is filled in is not sent.
    """
    if not (text or texts or by_language or by_operator or by_country) or isinstance(texts, str):
        raise ValueError("a reply has a text, or a list of texts")
    if to is not None and expect:
        raise ValueError(
            "a reply with expect is a question, and goes to who sent the message, not to another number"
        )
    usual = [one for one in map(template_of, [text] if text else texts) if one]
    languages = _languages(language_of, default_language, by_language or {})
    of_language, of_operator, of_country = map(templates_of, (by_language, by_operator, by_country))
    noted = template_of(note)
    question = Ask(expect, within, timeout_text) if expect else None
    draft = Reply("…", to=to, sender=sender, provider=provider, expect=question)

    def chosen(message: Message) -> Template | None:
        special = (
            of_language.get(languages.get(fold(message.keyword), default_language or ""))
            or of_operator.get(message.operator)
            or of_country.get(message.country)
        )
        return special or (usual[(message.id or 0) % len(usual)] if usual else None)

    def answer(message: Message) -> Reply | None:
        template = chosen(message)
        body = template.render(message).strip() if template else ""
        if not body:
            return None
        asked = replace(question, note=noted.render(message)[:LONGEST_NOTE]) if question and noted else question
        return replace(draft, text=body, expect=asked)

    return building.pure(answer)


def build(options: Mapping[str, Any], _surroundings: Surroundings) -> Handling:
    """Make the handler of a route."""
    return reply(**options)


def _languages(
    language_of: Mapping[str, str] | None, default: str | None, texts: Mapping[str, Source]
) -> dict[str, str]:
    """Give the language of each folded word; or raise ValueError where a word has two, or a language no text."""
    found: dict[str, str] = {}
    for word, language in (language_of or {}).items():
        if found.setdefault(fold(word), language) != language:
            raise ValueError(f"{word!r} stands there with two languages")
    for language in (*found.values(), *([default] if default else [])):
        if language not in texts:
            raise ValueError(f"by_language has no text in {language!r}")
    return found

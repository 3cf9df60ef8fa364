"""`reply`: an answer, with the message's fields filled in.

`texts` take turns, by the number of the message, so that a second try says the same. With `expect` it is a
question.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from mo_gateway.message import Message
from mo_gateway.reply import Reply
from mo_gateway.values import LONGEST_NOTE, Ask
from mo_gateway.words import fold

from .building import Duration, Handling, Name, Surroundings, Text
from .building import Options as BaseOptions
from .templates import Source, Template, TemplateText, template_of, templates_of


class Options(BaseOptions):
    """The keys of `[route.reply]`."""

    text = TemplateText()
    texts = fields.List(TemplateText(), error_messages={"invalid": "a list of texts"})
    by_language = fields.Dict(Text(), TemplateText(), error_messages={"invalid": "a table of texts"})
    language_of = fields.Dict(Text(), Text(), error_messages={"invalid": 'a table: WIN = "nl"'})
    by_operator = fields.Dict(Text(), TemplateText(), error_messages={"invalid": "a table of texts"})
    by_country = fields.Dict(Text(), TemplateText(), error_messages={"invalid": "a table of texts"})
    sender = Text(longest=15)
    provider = Text(longest=20)
    expect = Name()
    within = Duration()
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
        if ("by_language" in values) != ("language_of" in values):
            raise ValidationError("by_language and language_of go together", "by_language")


def reply(
    text: Source | None = None,
    *,
    texts: Sequence[Source] = (),
    by_language: Mapping[str, Source] | None = None,
    language_of: Mapping[str, str] | None = None,
    by_operator: Mapping[str, Source] | None = None,
    by_country: Mapping[str, Source] | None = None,
    sender: str | None = None,
    provider: str | None = None,
    expect: str | None = None,
    within: timedelta = timedelta(hours=1),
    timeout_text: str = "",
    note: Source = "",
) -> Handling:
    """Make a handler that answers; or raise ValueError where a text is no template.

    The text is the one of the keyword's language, or else of the operator, or else of the country, or else `text`,
    or else one of `texts`. A text that is empty once it is filled in is not sent.
    """
    usual = [one for one in map(template_of, [text] if text else texts) if one]
    languages = {fold(word): language for word, language in (language_of or {}).items()}
    of_language, of_operator, of_country = map(templates_of, (by_language, by_operator, by_country))
    noted = template_of(note)

    def chosen(message: Message) -> Template | None:
        special = (
            of_language.get(languages.get(fold(message.keyword), ""))
            or of_operator.get(message.operator)
            or of_country.get(message.country)
        )
        return special or (usual[(message.id or 0) % len(usual)] if usual else None)

    def answer(message: Message) -> Reply | None:
        template = chosen(message)
        body = template.render(message).strip() if template else ""
        if not body:
            return None
        kept = noted.render(message)[:LONGEST_NOTE] if noted else ""  # a long SMS is no reason to fail
        asked = Ask(expect, within, timeout_text, note=kept) if expect else None
        return Reply(body, sender=sender, provider=provider, expect=asked)

    return answer


def build(options: Mapping[str, Any], _surroundings: Surroundings) -> Handling:
    """Make the handler of a route."""
    return reply(**options)

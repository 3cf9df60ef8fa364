"""Texts in which a message's fields are filled in: Jinja, in its sandbox.

What a phone sent is only ever a value: it is never read as a template. What a template may call is what the
sandbox allows on texts and numbers, and its result is bounded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from marshmallow import ValidationError

from mo_gateway.errors import HandlerError
from mo_gateway.message import Message

from .building import Text

LONGEST = 1600  # characters of a text that is filled in

#: What every template knows.
FIELDS = (
    "msisdn",
    "keyword",
    "parm",
    "text",
    "operator",
    "shortcode",
    "country",
    "reference",
    "sent_at",
    "received_at",
)


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with nothing in it but filters of texts and numbers."""

    intercepted_binops = frozenset(("*", "**"))  # with which a few letters make gigabytes

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if isinstance(left, str | list | tuple) or isinstance(right, str | list | tuple) or operator == "**":
            raise TemplateError("a template does not multiply texts")
        return super().call_binop(context, operator, left, right)


_ENVIRONMENT = _Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
_ENVIRONMENT.globals.clear()
for _name in ("attr", "center", "format", "indent", "map", "pprint", "random", "tojson", "wordwrap", "xmlattr"):
    _ENVIRONMENT.filters.pop(_name, None)


class Template:
    """A text in which fields are filled in."""

    def __init__(self, source: str, *, extra: Sequence[str] = ()) -> None:
        """Raise ValueError where it is no template or names what there is not; `extra` are names beside FIELDS."""
        known = {*FIELDS, "words", *extra}
        try:
            tree = _ENVIRONMENT.parse(source)
            unknown = meta.find_undeclared_variables(tree) - known
            borrowed = list(meta.find_referenced_templates(tree))
            self._template = _ENVIRONMENT.from_string(source)
        except TemplateError as exc:
            raise ValueError(f"it is no template: {exc}") from exc
        if borrowed:
            raise ValueError("it is no template: it takes in no other one")
        if unknown:
            raise ValueError(f"a template has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")

    def render(self, message: Message, **extra: Any) -> str:
        """Fill in a message's fields; or raise HandlerError."""
        fields = {name: getattr(message, name) for name in FIELDS}
        try:
            pieces, length = [], 0
            for piece in self._template.generate(**fields, words=message.parm.split(), **extra):
                length += len(piece)
                if length > LONGEST:
                    raise HandlerError(f"a text that was filled in is longer than {LONGEST} characters")
                pieces.append(piece)
        except HandlerError:
            raise
        except Exception as exc:  # noqa: BLE001 - a template may fail in any way, and its message may be quoted
            raise HandlerError(f"a template cannot be filled in: {type(exc).__name__}") from None
        return "".join(pieces)


class TemplateText(Text):
    """A text in a routes file in which fields are filled in; loaded as a `Template`."""

    def __init__(self, *, extra: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(longest=LONGEST, **kwargs)
        self._extra = tuple(extra)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        source = super()._deserialize(value, attr, data, **kwargs)
        try:
            return Template(source, extra=self._extra)
        except ValueError as exc:
            raise ValidationError(str(exc)) from exc


#: What factories take where a text is filled in.
Source = str | Template


def template_of(source: Source | None, *, extra: Sequence[str] = ()) -> Template | None:
    """Give the template of a text; or raise ValueError."""
    return Template(source, extra=extra) if isinstance(source, str) else source


def templates_of(sources: Mapping[str, Source] | None) -> dict[str, Template]:
    """Give the templates of several texts."""
    return {
        name: source if isinstance(source, Template) else Template(source)
        for name, source in (sources or {}).items()
    }

"""Texts in which a message's fields are filled in: Jinja, in its sandbox.

What a phone sent is only ever a value: it is never read as a template. A template has `if`, one `for` at a time,
and filters and methods whose results are about as long as what goes in, so that no SMS makes one run for long.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, UndefinedError, meta, nodes
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from marshmallow import ValidationError

from mo_gateway.errors import HandlerError
from mo_gateway.message import Message
from mo_gateway.reply import Reply

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

KNOWN_FILTERS = (
    *("capitalize", "default", "first", "int", "join", "last", "length", "list", "lower", "replace", "reverse"),
    *("sort", "title", "trim", "truncate", "unique", "upper", "urlencode"),
)

#: Methods with which a few letters make gigabytes.
GROWING = frozenset(
    (
        *("center", "expandtabs", "format", "format_map", "join", "ljust", "replace", "rjust"),
        *("to_bytes", "translate", "zfill"),
    )
)


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with nothing in it that makes much out of little."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if isinstance(left, str | list | tuple) or isinstance(right, str | list | tuple) or operator == "**":
            raise TemplateError("a template does not multiply texts")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in GROWING and super().is_safe_attribute(obj, attr, value)


def _written(value: Any) -> Any:
    """Give what is written for a value: nothing for None, such as the reference of a message that has none."""
    if callable(value) and not isinstance(value, Undefined):
        raise TemplateError("a method is called with brackets")
    return "" if value is None else value


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a result that is too long, before another filter makes a longer one of it."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if len(result) > LONGEST:
            raise TemplateError("a text in it is too long")
        return result

    return call


_ENVIRONMENT = _Environment(
    undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, finalize=_written
)
_ENVIRONMENT.globals.clear()
_ENVIRONMENT.filters = {name: FILTERS[name] for name in KNOWN_FILTERS}
_ENVIRONMENT.filters.update({name: _bounded(FILTERS[name]) for name in ("join", "replace")})


class Template:
    """A text in which fields are filled in."""

    def __init__(self, source: str, *, extra: Sequence[str] = ()) -> None:
        """Raise ValueError where it is no template or names what there is not; `extra` are names beside FIELDS."""
        known = {*FIELDS, "words", *extra}
        try:
            tree = _ENVIRONMENT.parse(source)
            if fault := _fault(tree):
                raise ValueError(f"it is no template: {fault}")
            unknown = meta.find_undeclared_variables(tree) - known
            self._template = _ENVIRONMENT.from_string(source)
        except TemplateSyntaxError as exc:
            where = f" (in its line {exc.lineno})" if "\n" in source.strip() else ""
            raise ValueError(f"it is no template: {(exc.message or '').removesuffix('.')}{where}") from exc
        except TemplateError as exc:
            raise ValueError(f"it is no template: {exc}") from exc
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
        except UndefinedError:
            raise HandlerError("a template asks for what this message does not have, such as words[0]") from None
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


def answer_with(template: Template | None, message: Message, **extra: Any) -> Reply | None:
    """Give the answer to a message; None where there is no template, or nothing in it once it is filled in."""
    body = template.render(message, **extra).strip() if template else ""
    return Reply(body) if body else None


def _fault(tree: nodes.Template) -> str | None:
    """Say what a template holds that none may, or None."""
    for statement in tree.find_all(nodes.Stmt):
        if not isinstance(statement, nodes.Output | nodes.If | nodes.For):
            return f"it may hold if and for, and no {type(statement).__name__.lower()}"
    for loop in tree.find_all(nodes.For):
        if loop.recursive or loop.find(nodes.For):
            return "a for stands in no other for"
    for attribute in tree.find_all(nodes.Getattr):
        if attribute.attr.startswith("_") or attribute.attr in GROWING:
            return f"it may not use .{attribute.attr}"
    return "it has no self" if any(name.name == "self" for name in tree.find_all(nodes.Name)) else None

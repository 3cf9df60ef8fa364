"""The routes file: TOML in, handlers out; or every fault, each with its file and line.

`[[route]]` leads messages to a handler, `[[answer]]` takes the answers to a question;
`[[every_message]]` sees all.
Each of them has one table that is named like a built-in handler, and says what that one does.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import OneOf
from rapidfuzz.process import extractOne

from mo_gateway.errors import ConfigError
from mo_gateway.patterns import Pattern
from mo_gateway.plugin import ANY_WORD, Form, Handler, Keyword, Terms
from mo_gateway.reply import is_msisdn
from mo_gateway.words import fold, is_first_word

from . import email, forward, publish, reply, store, subscribe, unsubscribe, vote
from .building import Handling, Moment, Name, OneOrMore, Options, Surroundings, Switch, Text
from .lines import Lines

BUILT_IN: Mapping[str, ModuleType] = {
    "reply": reply,
    "forward": forward,
    "publish": publish,
    "vote": vote,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "email": email,
    "store": store,
}

MOST_FAULTS = 50  # that are told of one file
SHORTEST_LIKENESS = 70  # of 100, for a key that may have been meant
MSISDNS = "MSISDNs: 6 to 15 digits, country code first, without +"

_POSITION = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a file."""

    path: Sequence[str | int]  #: keys, and places in lists
    rule: str  #: what was wrong, or what would be right


class Named(Options):
    """What every entry may have."""

    name = Name()


class RouteOptions(Named):
    """The keys of a `[[route]]`, beside the table of its handler."""

    keyword = OneOrMore()
    aliases = OneOrMore(load_default=())
    pattern = Text()
    shortcode = OneOrMore(load_default=(None,))
    countries = OneOrMore(load_default=())
    operators = OneOrMore(load_default=())
    senders = OneOrMore(load_default=())
    senders_file = Text(load_default=None)
    form = fields.String(
        load_default="any",
        validate=OneOf([form.value for form in Form], error='"any", "alone" or "with text"'),
        error_messages={"invalid": '"any", "alone" or "with text"'},
    )
    since = Moment(data_key="from", load_default=None)
    until = Moment(load_default=None)
    priority = fields.Integer(strict=True, load_default=0, error_messages={"invalid": "a whole number"})
    always = Switch(load_default=False)

    @validates_schema
    def _check(self, values: Mapping[str, Any], **_kwargs: Any) -> None:
        if ("keyword" in values) == ("pattern" in values):
            raise ValidationError("a route has a keyword or a pattern: one of them", "keyword")
        for key in ("keyword", "aliases"):
            for word in values.get(key, ()):
                if word != ANY_WORD and not is_first_word(word):
                    raise ValidationError(f"{word!r} is not one word that an SMS can begin with", key)
        try:
            Pattern(values.get("pattern", ""))
        except ValueError as exc:
            raise ValidationError(str(exc), "pattern") from exc
        _check_each(values, "countries", r"[A-Z]{3}", 'ISO 3166-1 alpha-3 codes, such as "BEL"')
        _check_each(values, "operators", r"[0-9]{5}", 'five digits, such as "20601"')
        _check_each(values, "shortcode", r"[0-9]{1,20}", 'digits in quotes, such as "4414"')
        if not all(map(is_msisdn, values["senders"])):
            raise ValidationError(MSISDNS, "senders")


class AnswerOptions(Named):
    """The keys of an `[[answer]]`: its name is what a question expects."""

    name = Name(required=True)


#: What a file may hold, and the keys of each.
ENTRIES: Mapping[str, type[Options]] = {
    "route": RouteOptions,
    "answer": AnswerOptions,
    "every_message": Named,
}


def handlers_in_file(path: Path, surroundings: Surroundings) -> list[Handler]:
    """Read a routes file; or raise one ConfigError with a sentence for each fault, its file and line before it."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Notepad puts a mark before it
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path}: it cannot be read ({exc}).") from exc
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(_syntax_error(path, text, exc)) from exc
    except (ValueError, RecursionError) as exc:  # a number of thousands of digits; a thousand brackets
        raise ConfigError(f"{path}: it cannot be read ({exc}).") from exc
    reading = _Reading(path, Lines(text, content), surroundings)
    handlers = list(reading.handlers(content))
    if reading.faults:
        raise ConfigError("\n".join(reading.sentences()))
    return handlers


class _Reading:
    """One reading of one file, and what is wrong with it."""

    def __init__(self, path: Path, lines: Lines, surroundings: Surroundings) -> None:
        self.faults: list[Fault] = []
        self._path = path
        self._lines = lines
        self._surroundings = surroundings
        self._names: set[str] = set()

    def handlers(self, content: Mapping[str, Any]) -> Iterator[Handler]:
        """Give the handlers of all entries that are right; the others are in `faults`."""
        for kind, entries in content.items():
            if kind not in ENTRIES:
                self._wrong([kind], f"there is no such key{_meant(kind, ENTRIES)}")
            elif not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                self._wrong([kind], f"it is written [[{kind}]]")
            else:
                found = (self._handler([kind, at], entry) for at, entry in enumerate(entries))
                yield from (handler for handler in found if handler)

    def sentences(self) -> Iterator[str]:
        """Give each fault in words, in the order of the file."""
        placed = [(self._lines.of(fault.path), fault) for fault in self.faults[:MOST_FAULTS]]
        for line, fault in sorted(placed, key=lambda one: one[0]):
            what = ".".join(str(step) for step in fault.path if isinstance(step, str))
            yield f"{self._path}:{line}: {what}: {fault.rule}."
        if len(self.faults) > MOST_FAULTS:
            yield f"{self._path}: {len(self.faults) - MOST_FAULTS} more."

    def _handler(self, at: Sequence[str | int], entry: Mapping[str, Any]) -> Handler | None:
        """Make the handler of one entry, or note what is wrong with it."""
        kind = str(at[0])
        does = [name for name in BUILT_IN if name in entry]
        rest = {key: value for key, value in entry.items() if key not in does}
        options = self._loaded(at, ENTRIES[kind](), rest, {*ENTRIES[kind]().fields, *BUILT_IN})
        if len(does) != 1:
            found = f"there are {' and '.join(does)}" if does else "there is none"
            self._wrong(at, f"it has one table that says what it does, such as [{kind}.reply], and {found}")
            return None
        function = self._function([*at, does[0]], entry[does[0]])
        keywords = self._keywords(at, options) if options and kind == "route" else ()
        if options is None or function is None or keywords is None:
            return None
        name = options.get("name") or _usual_name(does[0], keywords)
        if name in self._names:
            self._wrong(at, f"there is another {name}: give one of them a name of its own")
        self._names.add(name)
        return Handler(
            name=name,
            place=f"{self._path}:{self._lines.of(at)}",
            function=function,
            keywords=keywords,
            answers=(name,) if kind == "answer" else (),
            observes=kind == "every_message",
        )

    def _function(self, at: Sequence[str | int], table: Any) -> Handling | None:
        """Make what an entry's own table asks for."""
        built_in = BUILT_IN[str(at[-1])]
        options = self._loaded(at, built_in.Options(), table, set(built_in.Options().fields))
        if options is None:
            return None
        try:
            function: Handling = built_in.build(options, self._surroundings)
        except ValidationError as exc:
            self._all_wrong(at, exc.messages_dict, set())
        except (ConfigError, ValueError) as exc:
            self._wrong(at, str(exc).removesuffix("."))
        else:
            return function
        return None

    def _keywords(self, at: Sequence[str | int], options: Mapping[str, Any]) -> tuple[Keyword, ...] | None:
        """Make the keywords of a route, one for each word and shortcode."""
        try:
            senders = self._senders(options)
        except ConfigError as exc:
            self._wrong([*at, "senders_file"], str(exc))
            return None
        since, until = (self._surroundings.moment(options[key]) for key in ("since", "until"))
        if since and until and since >= until:
            self._wrong([*at, "until"], "it ends before it begins")
            return None
        terms = Terms(
            senders=senders,
            operators=frozenset(options["operators"]),
            countries=frozenset(options["countries"]),
            form=Form(options["form"]),
            since=since,
            until=until,
        )
        is_pattern = "pattern" in options
        words = (options["pattern"],) if is_pattern else (*options["keyword"], *options["aliases"])
        return tuple(
            Keyword(
                word,
                shortcode,
                is_pattern=is_pattern,
                always=options["always"],
                terms=terms,
                priority=options["priority"],
            )
            for word in words
            for shortcode in options["shortcode"]
        )

    def _senders(self, options: Mapping[str, Any]) -> frozenset[str]:
        if options["senders_file"] is None:
            return frozenset(options["senders"])
        listed = self._surroundings.lines_of(options["senders_file"])
        wrong = next((number for number, line in listed.items() if not is_msisdn(line)), None)
        if wrong:
            raise ConfigError(f"{options['senders_file']}:{wrong}: {MSISDNS}")
        return frozenset((*options["senders"], *listed.values()))

    def _loaded(
        self, at: Sequence[str | int], schema: Schema, table: Any, known: set[str]
    ) -> dict[str, Any] | None:
        """Load a table, or note what is wrong with it."""
        try:
            values: dict[str, Any] = schema.load(table)
        except ValidationError as exc:
            self._all_wrong(at, exc.messages_dict, known)
            return None
        return values

    def _all_wrong(self, at: Sequence[str | int], messages: Mapping[Any, Any], known: set[str]) -> None:
        for key, what in messages.items():
            if isinstance(what, Mapping):
                self._all_wrong([*at, key], what, known)
                continue
            path = at if key == "_schema" else [*at, key]
            for message in what:
                meant = _meant(str(key), known) if message == Options.error_messages["unknown"] else ""
                self._wrong(path, str(message).removesuffix(".") + meant)

    def _wrong(self, path: Sequence[str | int], rule: str) -> None:
        self.faults.append(Fault(tuple(path), rule))


def _usual_name(built_in: str, keywords: Sequence[Keyword]) -> str:
    """Name a handler that has no name: `vote:song@4414`."""
    if not keywords:
        return built_in
    first = keywords[0]
    word = "any" if first.word == ANY_WORD else fold(first.word) if not first.is_pattern else "pattern"
    return f"{built_in}:{word}{'@' + first.shortcode if first.shortcode else ''}"


def _meant(key: str, known: Iterable[str]) -> str:
    """Say which key may have been meant."""
    found = extractOne(key, sorted(known), score_cutoff=SHORTEST_LIKENESS)
    return f"; {found[0]} was meant, perhaps" if found else ""


def _check_each(values: Mapping[str, Any], key: str, pattern: str, rule: str) -> None:
    if not all(value is None or re.fullmatch(pattern, value) for value in values[key]):
        raise ValidationError(rule, key)


def _syntax_error(path: Path, text: str, exc: tomllib.TOMLDecodeError) -> str:
    match = _POSITION.fullmatch(str(exc))
    said, line = (match[1], match[2]) if match else (str(exc), None)
    number = line or max(1, text.rstrip("\n").count("\n") + 1)
    return f"{path}:{number}: this is not TOML: {said[:1].lower()}{said[1:]}."

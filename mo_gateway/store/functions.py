"""SQL functions of the reports that mean the same on PostgreSQL and on SQLite, to the last digit."""

from datetime import date
from typing import Any

from sqlalchemy import Boolean, Date, Float, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from .types import UtcDateTime

# The classes are in lower case since they read as the SQL functions that they are.


class in_hex(FunctionElement[str]):  # noqa: N801
    """Bytes as hex digits in lower case."""

    type = Text()
    inherit_cache = True


@compiles(in_hex, "postgresql")
def _hex_on_postgresql(element: in_hex, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"encode({compiler.process(element.clauses, **kwargs)}, 'hex')"


@compiles(in_hex, "sqlite")
def _hex_on_sqlite(element: in_hex, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"lower(hex({compiler.process(element.clauses, **kwargs)}))"


class ascii_lower(FunctionElement[str]):  # noqa: N801
    """A text with the letters A to Z in lower case, and no others: SQLite knows no more."""

    type = Text()
    inherit_cache = True


@compiles(ascii_lower, "postgresql")
def _lower_on_postgresql(element: ascii_lower, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f'lower({compiler.process(element.clauses, **kwargs)} COLLATE "C") COLLATE "default"'


@compiles(ascii_lower, "sqlite")
def _lower_on_sqlite(element: ascii_lower, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"lower({compiler.process(element.clauses, **kwargs)})"


class like_number(FunctionElement[bool]):  # noqa: N801
    """Whether a text has eight digits in a row: it may be a phone number."""

    type = Boolean()
    inherit_cache = True


@compiles(like_number, "postgresql")
def _number_on_postgresql(element: like_number, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"({compiler.process(element.clauses, **kwargs)} ~ '[0-9]{{8}}')"


@compiles(like_number, "sqlite")
def _number_on_sqlite(element: like_number, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"({compiler.process(element.clauses, **kwargs)} GLOB '*{'[0-9]' * 8}*')"


class seconds_between(FunctionElement[float]):  # noqa: N801
    """The time from one moment to another, in seconds, to the millisecond."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "postgresql")
def _between_on_postgresql(element: seconds_between, compiler: SQLCompiler, **kwargs: Any) -> str:
    begin, end = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"round(extract(epoch FROM {end} - {begin}), 3)::double precision"


@compiles(seconds_between, "sqlite")
def _between_on_sqlite(element: seconds_between, compiler: SQLCompiler, **kwargs: Any) -> str:
    begin, end = (compiler.process(one, **kwargs) for one in element.clauses)
    # whole seconds as integers, so that no digit is lost and none rounded up; then what stands behind the point
    whole = f"(strftime('%s', substr({end}, 1, 19)) - strftime('%s', substr({begin}, 1, 19)))"
    return f"round({whole} + (substr({end}, 20) + 0.0) - (substr({begin}, 20) + 0.0), 3)"


class local_date(FunctionElement[date]):  # noqa: N801
    """The date of a moment, in a zone that is so many seconds ahead of UTC."""

    type = Date()
    inherit_cache = True


@compiles(local_date, "postgresql")
def _date_on_postgresql(element: local_date, compiler: SQLCompiler, **kwargs: Any) -> str:
    moment, ahead = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"(({moment} AT TIME ZONE 'UTC') + make_interval(secs => {ahead}))::date"


@compiles(local_date, "sqlite")
def _date_on_sqlite(element: local_date, compiler: SQLCompiler, **kwargs: Any) -> str:
    moment, ahead = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"date(substr({moment}, 1, 19), {ahead} || ' seconds')"  # more digits would be rounded up


class hour_of(FunctionElement[Any]):  # noqa: N801
    """The moment at which the UTC hour of a moment began."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(hour_of, "postgresql")
def _hour_on_postgresql(element: hour_of, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"date_trunc('hour', {compiler.process(element.clauses, **kwargs)}, 'UTC')"


@compiles(hour_of, "sqlite")
def _hour_on_sqlite(element: hour_of, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"(substr({compiler.process(element.clauses, **kwargs)}, 1, 13) || ':00:00.000000')"


class before_colon(FunctionElement[str]):  # noqa: N801
    """What stands before the first colon of a text; all of it where there is none."""

    type = Text()
    inherit_cache = True


@compiles(before_colon, "postgresql")
def _before_on_postgresql(element: before_colon, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"split_part({compiler.process(element.clauses, **kwargs)}, ':', 1)"


@compiles(before_colon, "sqlite")
def _before_on_sqlite(element: before_colon, compiler: SQLCompiler, **kwargs: Any) -> str:
    text = compiler.process(element.clauses, **kwargs)
    return f"substr({text}, 1, instr({text} || ':', ':') - 1)"

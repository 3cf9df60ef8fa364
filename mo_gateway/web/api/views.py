"""The answers of the API."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from flask import Response, request
from marshmallow import Schema, ValidationError
from sqlalchemy import RowMapping

from mo_gateway.about import NOT_LISTED, about_message
from mo_gateway.checks.silence import silences
from mo_gateway.condition import REFUSED_WITHIN, as_dict
from mo_gateway.masking import masked, without_number
from mo_gateway.store import reading
from mo_gateway.store.overview import overview
from mo_gateway.store.selection import Filter
from mo_gateway.store.types import is_row_number
from mo_gateway.web.source import Source

from . import document, problems
from .problems import Fault
from .schemas import Message, Messages, Query, Status

#: Where a text may quote the sender's number.
QUOTING = ("keyword", "keyword_folded", "parm", "reference")


def messages(source: Source) -> Response:
    """Give messages, newest first."""
    asked = _asked(source)
    limit, before = asked.pop("limit"), asked.pop("before", None)
    keyword = asked.pop("keyword", None)
    keywords = () if keyword is None else (keyword,)
    chosen = Filter(states=tuple(asked.pop("state", ())), keywords=keywords, **asked)
    with source.looking() as conn:
        ids = reading.latest_ids(conn, chosen, before=before, limit=limit)
        rows = reading.latest(conn, replace(chosen, ids=tuple(ids)), limit=None) if ids else []
    answer = {"messages": _by_message(rows), "before": ids[-1] if len(ids) == limit else None}
    return _json(Messages(), answer)


def message(source: Source, number: str) -> Response:
    """Give everything that is known of one message."""
    with source.looking() as conn:
        found = about_message(conn, int(number), reveal=False) if is_row_number(number) else None
    if found is None:
        return problems.problem(404, "There is no message of this number.")
    return _json(Message(), found)


def status(source: Source) -> Response:
    """Give what waits and what went wrong, counted."""
    now = source.clock()
    with source.looking() as conn:
        found = overview(conn, refused_since=now - REFUSED_WITHIN)
        silent = silences(conn, source.settings, now)
    return _json(Status(), as_dict(found, silent, source.loss_clock.first_refusal()))


def openapi(source: Source) -> Response:
    """Give the document of this API and of the callback."""
    return Response(json.dumps(document.document(source.settings)), content_type="application/json")


def _asked(source: Source) -> dict[str, Any]:
    """Read the query; or raise a Fault that names every parameter that is bad."""
    given = {
        name: values if name == "state" else values[0]
        for name, values in request.args.lists()
        if name == "state" or len(values) == 1
    }
    faults = {
        name: [f"may be given once, not {len(values)} times"]
        for name, values in request.args.lists()
        if name not in given
    }
    try:
        found: dict[str, Any] = Query(source.settings.timezone, source.clock()).load(given)
    except ValidationError as exc:
        faults |= {name: _rules(rules) for name, rules in exc.messages_dict.items()}
    if faults:
        raise Fault(problems.bad_query(faults))
    return found


def _rules(found: Any) -> list[str]:
    """Give the rules that were broken, of a list those of its values."""
    return found if isinstance(found, list) else [rule for rules in found.values() for rule in rules]


def _by_message(rows: Iterable[RowMapping]) -> list[dict[str, Any]]:
    """Give each message once, with its handlings below it."""
    return [_listed(list(handlings)) for _, handlings in groupby(rows, key=lambda row: row["id"])]


def _listed(handlings: list[RowMapping]) -> dict[str, Any]:
    row = handlings[0]
    msisdn = row["msisdn"]

    def without(values: RowMapping, *names: str) -> dict[str, Any]:
        return {**values, **{name: values[name] and without_number(values[name], msisdn) for name in names}}

    shown = {name: value for name, value in without(row, *QUOTING).items() if name not in NOT_LISTED}
    below = [without(handling, "error") for handling in reversed(handlings)]
    return {**shown, "msisdn": masked(msisdn), "handlings": below}


def _json(schema: Schema, answer: Mapping[str, Any]) -> Response:
    return Response(json.dumps(schema.dump(answer)), content_type="application/json")

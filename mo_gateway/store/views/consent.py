"""Views of who is on which list, and who wants no more: the proof of consent."""

from sqlalchemy import Text, case, cast, exists, func, literal, null, select, union_all

from mo_gateway.store.tables import mo_subscription, opt_out
from mo_gateway.store.types import UtcDateTime

from .view import View, column, person

_ON = mo_subscription.c
_LATER = mo_subscription.alias("later")
_NEWER = exists().where(_LATER.c.list == _ON.list, _LATER.c.person_key == _ON.person_key, _LATER.c.id > _ON.id)
_IS_ON = _ON.until.is_(None)

SUBSCRIPTIONS = View(
    name="report_subscriptions",
    grain="one person on one list, as it stands now",
    rows=select(_ON.id).where(~_NEWER),
    columns=(
        column("list", _ON.list, "Name of the list."),
        person(_ON.person_key),
        column("state", case((_IS_ON, "on"), else_="left"), "on or left."),
        column("since_at", func.coalesce(_ON.until, _ON.since), "When they joined, or left."),
        column("joined_at", _ON.since, "When they last joined."),
        column(
            "caused_by_message_id",
            case((_IS_ON, _ON.message_id), else_=_ON.until_message_id),
            "The message that proves it.",
        ),
        column("source", _ON.shortcode, "The shortcode that they joined on."),
    ),
    question="SELECT list, state, count(*) AS people FROM report_subscriptions GROUP BY list, state ORDER BY list",
    order=("list", "person_key"),
)

_OUT = opt_out.c

_EVENTS = union_all(
    select(
        _OUT.id.label("opt_out_id"),
        literal("stop").label("event"),
        _OUT.person_key.label("person_key"),
        _OUT.shortcode.label("shortcode"),
        _OUT.keyword.label("keyword"),
        _OUT.word.label("word"),
        _OUT.since.label("at"),
        _OUT.message_id.label("message_id"),
        _OUT.confirmed_at.label("confirmed_at"),
    ),
    select(
        _OUT.id,
        literal("start"),
        _OUT.person_key,
        _OUT.shortcode,
        _OUT.keyword,
        cast(null(), Text),
        _OUT.until,
        _OUT.until_message_id,
        cast(null(), UtcDateTime()),
    ).where(_OUT.until.is_not(None)),
).subquery("events")

OPT_OUTS = View(
    name="report_opt_outs",
    grain="one STOP, or one START that undid it",
    rows=select(_EVENTS),
    columns=(
        column("opt_out_id", _EVENTS.c.opt_out_id, "Number of the opt-out: the same of its STOP and its START."),
        column("event", _EVENTS.c.event, "stop or start."),
        person(_EVENTS.c.person_key),
        column("shortcode", _EVENTS.c.shortcode, "Where it was said; NULL = for all shortcodes."),
        column(
            "scope", case((_EVENTS.c.keyword.is_(None), "all"), else_="list"), "all, or list: one keyword only."
        ),
        column("list", _EVENTS.c.keyword, "The keyword, folded; NULL of all."),
        column("word", _EVENTS.c.word, "The word that was sent, or who entered it.", is_personal=True),
        column("at", _EVENTS.c.at, "When it was recorded."),
        column(
            "message_id", _EVENTS.c.message_id, "The message that proves it; NULL of what was entered by hand."
        ),
        column("confirmed_at", _EVENTS.c.confirmed_at, "When its confirmation was sent."),
    ),
    question="SELECT shortcode, event, count(*) AS people FROM report_opt_outs"
    " WHERE at >= '2026-11-01' GROUP BY shortcode, event ORDER BY shortcode",
    order=("opt_out_id", "event"),
)

"""Polls as they stand, and the votes behind each total: what is counted, late, early, double and unreadable."""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    select,
    tuple_,
)

from .keywords import Own
from .report_tables import report_poll
from .tables import mo_message, mo_vote

#: How a vote stands; `counted` is one a person.
STANDINGS = ("counted", "double", "late", "early", "unreadable")

_POLL, _VOTE = report_poll.c, mo_vote.c


def standings(conn: Connection) -> Sequence[RowMapping]:
    """Give all polls that anybody has voted in: votes of each standing, and when that was counted."""
    figures = ("votes", "rejected_double", "rejected_late", "rejected_early", "unreadable")
    query = select(
        _POLL.poll,
        *(func.sum(_POLL[name]).label(name) for name in figures),
        func.min(_POLL.counted_at).label("counted_at"),
    )
    return conn.execute(query.group_by(_POLL.poll).order_by(_POLL.poll)).mappings().all()


def options(conn: Connection, poll: str) -> Sequence[RowMapping]:
    """Give the options of a poll with their votes, the most frequent first."""
    query = select(report_poll).where(_POLL.poll == poll)
    return conn.execute(query.order_by(_POLL.votes.desc(), _POLL.option)).mappings().all()


def words(conn: Connection) -> dict[str, set[tuple[str, str]]]:
    """Give, by poll, the shortcode and the folded word of its first and of its newest vote."""
    found: dict[str, set[tuple[str, str]]] = {}
    for end in (func.min, func.max):
        vote = select(end(_VOTE.message_id)).where(_VOTE.poll == _POLL.poll).correlate(report_poll)
        polls = select(_POLL.poll, vote.scalar_subquery().label("message_id")).group_by(_POLL.poll).subquery()
        columns = (polls.c.poll, mo_message.c.shortcode, func.coalesce(mo_message.c.keyword_folded, ""))
        for poll, shortcode, word in conn.execute(
            select(*columns).join(mo_message, mo_message.c.id == polls.c.message_id)
        ):
            found.setdefault(poll, set()).add((shortcode, word))
    return found


def votes(
    conn: Connection,
    poll: str,
    *,
    option: str | None,
    standing: str | None,
    own: Own,
    before: int | None,
    limit: int,
) -> Sequence[RowMapping]:
    """Give votes with their standing, those of the newest messages first; `before` is a message's number."""
    conditions = _conditions(_last_counts(conn, poll))
    stands = case(*((condition, literal(name)) for name, condition in conditions.items()))
    columns = (_VOTE.message_id, _VOTE.option, _VOTE.voted_at, stands.label("standing"))
    query = select(*columns).where(_VOTE.poll == poll)
    if option is not None:
        query = query.where(_VOTE.option == option)
    if standing is not None:
        query = query.where(conditions.get(standing, false()))  # for what is late, nobody looks at other votes
    if before is not None:
        query = query.where(_VOTE.message_id < before)
    if own is not None:
        is_own = exists().where(mo_message.c.id == _VOTE.message_id, mo_message.c.keyword_folded.in_(own))
        query = query.where(is_own)
    return conn.execute(query.order_by(_VOTE.message_id.desc()).limit(limit)).mappings().all()


def _last_counts(conn: Connection, poll: str) -> bool:
    newest = select(_VOTE.last_counts).where(_VOTE.poll == poll).order_by(_VOTE.id.desc()).limit(1)
    return bool(conn.scalar(newest))


def _conditions(last_counts: bool) -> dict[str, ColumnElement[bool]]:
    """Give, by standing, what is true of a vote that stands so; another vote of its person may come before it."""
    other = mo_vote.alias("other").c
    moment, others = tuple_(_VOTE.voted_at, _VOTE.message_id), tuple_(other.voted_at, other.message_id)
    comes_first = others > moment if last_counts else others < moment
    of_person = and_(other.poll == _VOTE.poll, other.person_key == _VOTE.person_key)
    is_valid = and_(_VOTE.timing == "in time", _VOTE.option.is_not(None))
    is_beaten = exists().where(of_person, other.timing == "in time", other.option.is_not(None), comes_first)
    return {
        "late": _VOTE.timing == "late",
        "early": _VOTE.timing == "early",
        "unreadable": and_(_VOTE.timing == "in time", _VOTE.option.is_(None)),
        "counted": and_(is_valid, ~is_beaten),
        "double": and_(is_valid, is_beaten),
    }

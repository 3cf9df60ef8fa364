"""Views of polls: each person's vote, and the totals."""

from sqlalchemy import BigInteger, Float, and_, case, cast, func, select

from mo_gateway.store.functions import in_hex
from mo_gateway.store.report_tables import report_poll
from mo_gateway.store.tables import mo_vote

from .view import View, column

_NEWEST_IDS = select(mo_vote.c.poll, func.max(mo_vote.c.id).label("id")).group_by(mo_vote.c.poll).subquery("ids")
_NEWEST = mo_vote.alias("newest")  #: it says which of a person's votes counts in its poll

_VOTE = mo_vote.c
_IS_VALID = case((and_(_VOTE.timing == "in time", _VOTE.option.is_not(None)), 1), else_=0)
_OF_PERSON = (_VOTE.poll, _VOTE.person_key)
_IN_TIME_ORDER = (_VOTE.voted_at, _VOTE.message_id)
_FROM_THE_FIRST = func.row_number().over(partition_by=_OF_PERSON, order_by=(_IS_VALID.desc(), *_IN_TIME_ORDER))
_FROM_THE_LAST = func.row_number().over(
    partition_by=_OF_PERSON, order_by=(_IS_VALID.desc(), _VOTE.voted_at.desc(), _VOTE.message_id.desc())
)
_IN_TIME = cast(func.row_number().over(partition_by=_OF_PERSON, order_by=_IN_TIME_ORDER), BigInteger)

_PLACED = (
    select(
        _VOTE.poll,
        _VOTE.option,
        _VOTE.person_key,
        _VOTE.voted_at,
        _VOTE.message_id,
        _VOTE.timing,
        _IS_VALID.label("is_valid"),
        case((_NEWEST.c.last_counts, _FROM_THE_LAST), else_=_FROM_THE_FIRST).label("place"),
        (_IN_TIME - 1).label("earlier"),
    )
    .select_from(mo_vote)
    .join(_NEWEST_IDS, _NEWEST_IDS.c.poll == _VOTE.poll)
    .join(_NEWEST, _NEWEST.c.id == _NEWEST_IDS.c.id)
    .subquery("placed")
)

VOTES = View(
    name="report_votes",
    grain="poll × person: the vote that counts, or one of those that do not where none does",
    rows=select(_PLACED).where(_PLACED.c.place == 1),
    columns=(
        column("poll", _PLACED.c.poll, "Name of the poll."),
        column("option", _PLACED.c.option, "What was voted for; NULL = the text names no option."),
        column(
            "person_key", in_hex(_PLACED.c.person_key), "Keyed hash of the number, in hex: equal for one person."
        ),
        column("voted_at", _PLACED.c.voted_at, "When it was sent, by the provider's clock."),
        column("message_id", _PLACED.c.message_id, "The message that votes."),
        column("is_counted", _PLACED.c.is_valid == 1, "Whether it counts: it came in time and names an option."),
        column("is_late", _PLACED.c.timing == "late", "Whether it came too late."),
        column("earlier_votes", _PLACED.c.earlier, "How many votes they had sent before this one."),
    ),
    question="SELECT option, voted_at, is_counted, earlier_votes FROM report_votes"
    " WHERE poll = 'song' AND person_key = '0123456789abcdef0123456789abcdef'",
    order=("poll", "person_key"),
)

_POLL = report_poll.c
_OF_POLL = func.sum(_POLL.votes).over(partition_by=_POLL.poll)

TOTALS = View(
    name="report_vote_totals",
    grain="poll × option",
    rows=select(report_poll),
    columns=(
        column("poll", _POLL.poll, "Name of the poll."),
        column(
            "option",
            case((_POLL.option != "", _POLL.option)),
            "What was voted for; NULL = the texts name no option.",
        ),
        column("votes", _POLL.votes, "Votes that count: one a person."),
        column(
            "share",
            func.coalesce(cast(_POLL.votes, Float) / cast(func.nullif(_OF_POLL, 0), Float), 0.0),
            "Of all votes that count.",
            unit="0 to 1",
        ),
        column("unique_people", _POLL.unique_people, "Different people who sent it, counted or not."),
        column("rejected_late", _POLL.rejected_late, "Votes that came too late."),
        column("rejected_early", _POLL.rejected_early, "Votes that came too early."),
        column("rejected_double", _POLL.rejected_double, "Votes of people whose other vote counts."),
        column("unreadable", _POLL.unreadable, "Votes in time that name no option."),
        column("counted_at", _POLL.counted_at, "What was there at that moment is counted here."),
    ),
    question="SELECT option, votes, share FROM report_vote_totals WHERE poll = 'song' ORDER BY votes DESC",
    order=("poll", "option"),
)

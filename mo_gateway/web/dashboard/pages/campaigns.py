"""Campaigns: how it is going, by date and by hour, and each poll with the votes behind its totals."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from mo_gateway.handlers.ballot import Ballot
from mo_gateway.handlers.vote import ballot_of
from mo_gateway.store import campaigns as store
from mo_gateway.store import polls
from mo_gateway.store.campaigns import Campaign
from mo_gateway.store.dates import midnight
from mo_gateway.store.exports import Choice
from mo_gateway.store.views.counts import DAILY
from mo_gateway.store.views.votes import TOTALS
from mo_gateway.web.dashboard import files
from mo_gateway.web.dashboard.asked import is_word, row_asked, words_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.tables import Table, all_rows
from mo_gateway.web.dashboard.texts import gettext as _
from mo_gateway.words import fold

ROWS = 100
DAYS = 7  # that the list counts
WINDOWS = (7, 30, 92)  # days that a campaign is shown for
ANY = "any"  # stands for any shortcode in an address
LATE = timedelta(minutes=1)  # counting that is so far behind is told

#: What a file of votes has.
VOTES = {"poll": "text", "message_id": "number", "option": "text", "standing": "text", "voted_at": "moment"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll as it stands."""

    name: str
    options: Sequence[Any] = ()  #: rows of options with their votes; none where nobody has voted
    ballot: Ballot | None = None  #: of the routes of today

    def total(self, figure: str) -> int:
        """Add up a figure of all options."""
        return sum(row[figure] for row in self.options)


def show_all(visit: Visit) -> ResponseReturnValue:
    """Show all campaigns and all polls."""
    since = visit.first_of(DAYS)
    with visit.looking() as conn:
        found = store.campaigns(conn, visit.own_keywords)
        counted = store.totals(conn, since)
        until = store.counted_until(conn)
        standings = polls.standings(conn)
        of_polls = polls.words(conn)
    return visit.page(
        "campaigns.html",
        campaigns=[(one, store.total_of(one, counted)) for one in found],
        polls=[(row, _campaign_of(row["poll"], of_polls, found)) for row in standings],
        is_own=visit.own_keywords is not None,
        since=since,
        **_age(visit, until),
    )


def show(visit: Visit, shortcode: str, keyword: str) -> ResponseReturnValue:
    """Show one campaign."""
    window = row_asked(request.args, "days")
    window = window if window in WINDOWS else WINDOWS[0]
    since = visit.first_of(window)
    with visit.looking() as conn:
        found = _find(visit, conn, shortcode, keyword)
        if found is None:
            return _no_campaign(keyword)
        days = store.days(conn, found, since)
        hours = store.hours(conn, found, now=visit.now)
        last_at, until = store.last_at(conn, found), store.counted_until(conn)
        of_polls = _polls(visit, conn, found)
    return visit.page(
        "campaign.html",
        campaign=found,
        place=found.shortcode or ANY,
        days=[{**row, "starts_at": midnight(visit.desk.settings.timezone, row["local_date"])} for row in days],
        hours=hours,
        one_hour=timedelta(hours=1),
        last_at=last_at,
        window=window,
        windows=WINDOWS,
        since=since,
        polls=of_polls,
        forms=files.FORMS,
        **_age(visit, until),
    )


def save(visit: Visit) -> ResponseReturnValue:
    """Send the dates of one campaign as a file."""
    shortcode, keyword = request.args.get("shortcode", ANY), request.args.get("keyword", "")
    window = row_asked(request.args, "days")
    with visit.looking() as conn:
        found = _find(visit, conn, shortcode, keyword)
    if found is None:
        return _no_campaign(keyword)
    zone = visit.desk.settings.timezone
    chosen = Choice(
        view=DAILY,
        zone=zone,
        since=midnight(zone, visit.first_of(window if window in WINDOWS else WINDOWS[0])),
        only={
            "keyword": list(found.words),
            "is_test": [False],
            **({"shortcode": [found.shortcode]} if found.shortcode else {}),
        },
    )
    return files.answer(visit, chosen, [found.shortcode or ANY, found.name])


def save_poll(visit: Visit) -> ResponseReturnValue:
    """Send the totals of one poll as a file."""
    poll = request.args.get("poll", "")
    with visit.looking() as conn:
        is_there = _may_see(visit, conn, poll)
    if not is_there:
        return _no_poll(poll)
    chosen = Choice(view=TOTALS, zone=visit.desk.settings.timezone, only={"poll": [poll]})
    return files.answer(visit, chosen, [poll])


def show_votes(visit: Visit) -> ResponseReturnValue:
    """Show the votes behind a total of a poll."""
    poll, before = request.args.get("poll", ""), row_asked(request.args, "before")
    chosen = words_asked(request.args, "option", "standing")
    with visit.looking() as conn:
        if not _may_see(visit, conn, poll):
            return _no_poll(poll)
        rows = polls.votes(
            conn,
            poll,
            option=chosen.get("option"),
            standing=chosen.get("standing"),
            own=visit.own_keywords,
            before=before,
            limit=ROWS + 1,
        )
        options = [row["option"] for row in polls.options(conn, poll) if row["option"]]
    return visit.page(
        "votes.html",
        poll=poll,
        rows=rows[:ROWS],
        more=rows[ROWS - 1]["message_id"] if len(rows) > ROWS else None,
        chosen=chosen,
        options=options,
        standings=polls.STANDINGS,
        forms=files.FORMS,
    )


def save_votes(visit: Visit) -> ResponseReturnValue:
    """Send all of these votes."""
    poll, chosen = request.args.get("poll", ""), words_asked(request.args, "option", "standing")
    with visit.looking() as conn:
        if not _may_see(visit, conn, poll):
            return _no_poll(poll)
    table = Table(
        name="votes",
        columns=VOTES,
        rows=partial(_votes, poll=poll, chosen=chosen, own=visit.own_keywords),
        named=[poll, *chosen.values()],
        only={"poll": [poll], **{name: [value] for name, value in chosen.items()}},
        zone=visit.desk.settings.timezone,
    )
    return files.send(visit, table)


def _votes(
    conn: Connection, _is_whole: bool, *, poll: str, chosen: dict[str, str], own: tuple[str, ...] | None
) -> Generator[Sequence[object]]:
    option, standing = chosen.get("option"), chosen.get("standing")
    for row in all_rows(
        lambda below, limit: polls.votes(
            conn, poll, option=option, standing=standing, own=own, before=below, limit=limit
        ),
        "message_id",
    ):
        told = {**row, "poll": poll}
        yield [told[name] for name in VOTES]


def _find(visit: Visit, conn: Connection, shortcode: str, keyword: str) -> Campaign | None:
    word = fold(keyword)
    if not is_word(word) or not is_word(shortcode):
        return None
    return store.find(conn, None if shortcode == ANY else shortcode, word, visit.own_keywords)


def _no_campaign(keyword: str) -> ResponseReturnValue:
    return sentence(404, _("There is no campaign %(keyword)s here.") % {"keyword": keyword})


def _no_poll(poll: str) -> ResponseReturnValue:
    return sentence(404, _("There is no poll %(poll)s here: nobody has voted in it.") % {"poll": poll})


def _may_see(visit: Visit, conn: Connection, poll: str) -> bool:
    """Tell whether there is such a poll for this user: a manager sees those of the own keywords."""
    if not is_word(poll) or not polls.options(conn, poll):
        return False
    own = visit.own_keywords
    return own is None or any(word in own for _shortcode, word in polls.words(conn).get(poll, ()))


def _campaign_of(
    poll: str, of_polls: dict[str, set[tuple[str, str]]], found: Iterable[Campaign]
) -> Campaign | None:
    """Find the campaign whose words the votes of a poll begin with."""
    votes = of_polls.get(poll, set())
    return next((one for one in found if _takes(one, votes)), None)


def _takes(campaign: Campaign, votes: Iterable[tuple[str, str]]) -> bool:
    return any(word in campaign.words and campaign.shortcode in (None, shortcode) for shortcode, word in votes)


def _polls(visit: Visit, conn: Connection, campaign: Campaign) -> list[Poll]:
    """Give the polls of a campaign: those of its votes, and those that its routes have a ballot for."""
    ballots = {ballot.poll: ballot for ballot in _ballots(visit, campaign)}
    voted = [poll for poll, votes in polls.words(conn).items() if _takes(campaign, votes)]
    return [
        Poll(name=name, options=polls.options(conn, name), ballot=ballots.get(name))
        for name in sorted({*ballots, *voted})
    ]


def _ballots(visit: Visit, campaign: Campaign) -> Iterator[Ballot]:
    """Give the ballots of a campaign's routes; none where the routes cannot be loaded, which Keywords tells."""
    routes, _fault = visit.routes()
    for route in routes or ():
        ballot = ballot_of(route.handler.function)
        if ballot and route.handler.name == campaign.handler:
            yield ballot


def _age(visit: Visit, until: datetime | None) -> dict[str, object]:
    """Say up to when there are figures, and how far the counting is behind."""
    behind = visit.now - until if until else timedelta()
    return {"until": until, "minutes_behind": int(behind.total_seconds()) // 60 if behind > LATE else 0}

"""`status`: how the gateway stands, in a line, and what to do next."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from mo_gateway.checks.silence import in_words, silences
from mo_gateway.condition import REFUSED_WITHIN, as_dict, next_command
from mo_gateway.gateway.clock import utc_now
from mo_gateway.loss_clock import LossClock, lost_from
from mo_gateway.masking import one_line
from mo_gateway.moments import age
from mo_gateway.store import reading
from mo_gateway.store.overview import Overview, ProviderStanding, overview
from mo_gateway.store.standing import ALL

from . import output
from .order import counted
from .setup import settings_from_environment


@click.command()
@output.json_option
def status(as_json: bool) -> None:
    """Say what waits, what went wrong, when the last message came, and what to do next.

    The exit code is 0 whatever it says; `doctor` is the command that judges.
    """
    settings = settings_from_environment()
    now = utc_now()
    refused_at = LossClock(settings.refusals_file).first_refusal()
    if refused_at and not as_json:  # first: it is most often the database that does not answer
        click.echo(_loss(refused_at, settings.timezone))
    with reading.opened(settings) as engine, engine.begin() as conn:
        found = overview(conn, refused_since=now - REFUSED_WITHIN)
        silent = silences(conn, settings, now)
    if as_json:
        output.print_json(as_dict(found, silent, refused_at))
        return
    click.echo(_in_a_line(found, now, settings.timezone))
    for sentence in _problems(found):
        click.echo(sentence)
    for one in silent:
        sentence = in_words(one, now)
        click.echo(f"{sentence[0].upper()}{sentence[1:]}. Next: mo-gateway doctor")


def _in_a_line(found: Overview, now: datetime, zone: ZoneInfo) -> str:
    oldest = age(now - found.oldest_waiting_at) if found.oldest_waiting_at else output.NOTHING
    parts = [
        f"Waiting {found.waiting} (oldest {oldest})",
        f"failed {found.failed}",
        f"dead {found.dead}",
        f"unrouted {found.unrouted}",
        f"rejected, not replayed {found.rejected}",
        f"replies queued {found.replies_queued}, failed {found.replies_failed}, unknown {found.replies_unknown}",
        f"refused in the last hour {found.refused}",
        f"last message {_when(found.last_message_at, now, zone)}",
    ]
    return " · ".join(parts)


def _when(moment: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    if moment is None:
        return output.NOTHING
    local = moment.astimezone(zone)
    is_today = local.date() == now.astimezone(zone).date()
    return f"{local:%H:%M:%S}{'' if is_today else f' on {local:%Y-%m-%d}'} ({age(now - moment)} ago)"


def _loss(refused_at: datetime, zone: ZoneInfo) -> str:
    since, lost = (output.cell(moment, zone) for moment in (refused_at, lost_from(refused_at)))
    return f"Callbacks are refused since {since}. The first is lost at {lost}. Next: mo-gateway doctor"


def _problems(found: Overview) -> Iterator[str]:
    """Say each thing that somebody may have to act on, with the command to begin with."""
    for problem in found.problems:
        shared = " share one cause" if problem.count > 1 else ""
        cause = one_line(f"{problem.handler or 'no handler'} {problem.cause}")
        yield f"{problem.count} {problem.state}{shared}: {cause}. Next: {next_command(problem)}"
    if found.unrouted:
        yield f"{found.unrouted} unrouted: no handler is for them. Next: mo-gateway messages --state unrouted"
    if found.rejected:
        yield f"{found.rejected} rejected and kept: a field was bad. Next: mo-gateway replay --rejected --dry-run"
    for standing in found.standing:
        yield _in_words(standing)
    for state, n in (("failed", found.replies_failed), ("unknown", found.replies_unknown)):
        if n:
            what = "may have gone out, and nobody knows" if state == "unknown" else "did not go out"
            yield f"{counted(n, 'reply')} {state}: {what}. Next: mo-gateway replies list --state {state}"
    if found.refused:
        yield f"{found.refused} refused in the last hour; the provider sends them again. Next: mo-gateway doctor"


def _in_words(standing: ProviderStanding) -> str:
    """Say why the replies of a provider wait."""
    whose = "All replies" if standing.provider == ALL else f"Replies by {standing.provider}"
    if standing.paused_at:
        option = "" if standing.provider == ALL else f" --provider {standing.provider}"
        return f"{whose} are paused. Next: mo-gateway replies resume{option}"
    return f"{whose} are held after trouble: {one_line(standing.error or '')}. Next: mo-gateway doctor"

"""`send`: one SMS by hand, on the same way that replies go."""

from time import monotonic, sleep

import click
from sqlalchemy import Engine, RowMapping

from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.sending import reply_rules
from mo_gateway.gsm import doubling
from mo_gateway.keys import person_key
from mo_gateway.masking import one_line, without_numbers
from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.reply import Reply, VCard
from mo_gateway.settings import Settings
from mo_gateway.store import audit, outbox, reading, replies
from mo_gateway.store.audit import Deed
from mo_gateway.store.engine import READ_ONLY, WRITABLE
from mo_gateway.store.outbox import Origin, Rules

from . import output, types
from .actor import at_the_terminal
from .filters import read_later
from .setup import settings_from_environment

LOOK_AGAIN_AFTER = 0.2  # seconds
PATIENCE = 60.0  # seconds
LONGEST_WHY = 200  # characters
SHOWN = ("id", "state", "suppressed_reason", "error_code", "error")  # as JSON


@click.command()
@click.argument("text", default="", type=types.text)
@click.option("--to", type=types.msisdn, metavar="MSISDN", help="Who gets it: digits, country code first.")
@click.option("--group", type=types.text, help="Who gets it: a group in the address book of 1601SMS.")
@click.option("--sender", type=types.text, help="What the handset shows.  [default: MO_GATEWAY_REPLY_SENDER]")
@click.option(
    "--provider", type=click.Choice(tuple(SCHEMAS)), help="Who sends it.  [default: the one that is set]"
)
@click.option("--at", metavar="WHEN", help="Not before: 30m, 2h, 7d from now, a date, or an ISO time.")
@click.option("--udh", default="", metavar="HEX", help="User data header of a binary message.")
@click.option("--data", default="", metavar="HEX", help="Content of a binary message.")
@click.option("--vcard", type=types.text, metavar="NAME", help="A visiting card of NAME, instead of a text.")
@click.option("--mobile", default="", type=types.text, help="The card's mobile number.")
@click.option("--phone", default="", type=types.text, help="The card's telephone number.")
@click.option("--email", default="", type=types.text, help="The card's e-mail address.")
@click.option("--fax", default="", type=types.text, help="The card's fax number.")
@click.option("--wait", is_flag=True, help="Wait until it is known what became of it, at most a minute.")
@output.json_option
@click.pass_context
def send(
    ctx: click.Context,
    /,
    text: str,
    to: str | None,
    group: str | None,
    sender: str | None,
    provider: str | None,
    at: str | None,
    udh: str,
    data: str,
    vcard: str | None,
    wait: bool,
    as_json: bool,
    **card: str,
) -> None:
    """Queue one SMS that answers nothing; the running gateway sends it as it sends replies.

    STOP, pause and all limits hold for it too. Exit code 6 = with --wait, it is not known to be sent.

    \b
    mo-gateway send --to 32412345678 --sender 4414 "Your parcel is here" --wait
    """
    if not (to or group):
        raise click.UsageError("Say who gets it: --to MSISDN, or --group.")
    if any(card.values()) and not vcard:
        raise click.UsageError("A visiting card has a name: --vcard NAME.")
    if at and wait:
        raise click.UsageError("--wait is for what is sent at once: leave it out, or --at.")
    settings = settings_from_environment()
    reply = _reply(
        text,
        to=to,
        sender=sender or settings.reply_sender or None,
        provider=_provider(provider, settings),
        at=None if at is None else read_later(at, settings.timezone, utc_now()),
        vcard=VCard(name=vcard, **card) if vcard else None,
        udh=udh,
        data=data,
        group=group,
    )
    with reading.opened(settings) as engine:
        with engine.execution_options(**WRITABLE).begin() as conn:
            origin, rules = Origin(shortcode=reply.sender or ""), reply_rules(settings)
            (reply_id,) = outbox.add(conn, [reply], origin, rules, now=utc_now())
            audit.add(conn, at_the_terminal(), _deed(reply, reply_id, rules), utc_now())
        if not as_json:
            click.echo(f"Reply {reply_id} is queued.")
        row = _settled(engine, reply_id) if wait else _row(engine, reply_id)
    if dearer := doubling(outbox.body_of(reply, rules)):
        click.echo(f"It costs more than it need: {dearer}.", err=True)
    if as_json:
        output.print_json({name: row[name] for name in SHOWN})
    elif wait:
        click.echo(_in_words(row))
    if wait and row["state"] == "queued":
        click.echo("Is `mo-gateway run` at work, and can it send by this provider?", err=True)
    ctx.exit(6 if wait and row["state"] != "sent" else 0)


def _reply(text: str, **values: object) -> Reply:
    try:
        reply = Reply(text, **values)  # type: ignore[arg-type] # the options have these types
    except ValueError as exc:
        raise click.UsageError(f"{exc}.") from exc
    if not reply.sender:
        raise click.UsageError("Say what the handset shows: --sender, or MO_GATEWAY_REPLY_SENDER.")
    return reply


def _deed(reply: Reply, reply_id: int, rules: Rules) -> Deed:
    """Say what was ordered for the trail; not what it says."""
    given = {"sender": reply.sender, "provider": reply.provider, "group": reply.group}
    details = {name: without_numbers(value) for name, value in given.items() if value}
    return Deed(
        action="send",
        subject=f"reply {reply_id}",
        person_key=person_key(rules.person_secret, reply.to) if reply.to else None,
        details={**details, **({"at": reply.at.isoformat()} if reply.at else {})},
    )


def _provider(given: str | None, settings: Settings) -> str:
    """Choose who sends it: as said, as set, or the only one there is."""
    only = next(iter(settings.providers)) if len(settings.providers) == 1 else ""
    chosen = given or settings.reply_provider or only
    if not chosen:
        raise click.UsageError("Say who sends it: --provider, or MO_GATEWAY_REPLY_PROVIDER.")
    return chosen


def _settled(engine: Engine, reply_id: int) -> RowMapping:
    """Wait until a reply is neither queued nor being sent, but not for ever; give its row."""
    give_up = monotonic() + PATIENCE
    while True:
        row = _row(engine, reply_id)
        if row["due_at"] is None or monotonic() > give_up:
            return row
        sleep(LOOK_AGAIN_AFTER)


def _row(engine: Engine, reply_id: int) -> RowMapping:
    with engine.execution_options(**READ_ONLY).begin() as conn:
        row = replies.one(conn, reply_id)
    assert row is not None, "replies are never deleted here"
    return row


def _in_words(row: RowMapping) -> str:
    why = output.without_number(row["suppressed_reason"] or row["error"] or "", row["msisdn"], reveal=False)
    shown = one_line(output.shortened(why, LONGEST_WHY))
    return (
        f"Reply {row['id']} is {output.reply_state(row['state'], row['due_at'])}{f': {shown}' if shown else ''}."
    )

"""The command line: data on stdout, talk on stderr, exit codes that say who must act.

0 fine · 1 error · 2 usage · 3 looked and found problems · 4 a setting or the schema is wrong · 5 the database
does not answer · 6 not known to be sent · 7 some of a batch failed · 130 interrupted.
"""

import os
import sys
from io import TextIOWrapper
from typing import Any

import click
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from mo_gateway.errors import ConfigError, MoGatewayError, SchemaError

from . import (
    audit,
    completion,
    credit,
    db,
    doctor,
    export,
    fake,
    forget,
    init,
    lists,
    messages,
    new_plugin,
    openapi,
    optouts,
    person,
    prune,
    replay,
    replies,
    reports,
    routes_file,
    routing,
    run,
    scheduled,
    send,
    show,
    silence,
    simulate,
    status,
    texts,
    token,
    trigger,
    unmatched,
    user,
    votes,
)


class Commands(click.Group):
    """The group; it turns errors raised on purpose into one sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(130)
        except (ConfigError, SchemaError) as exc:
            _complain(str(exc))
            ctx.exit(4)
        except OperationalError as exc:
            _complain(f"The database does not answer: {' '.join(str(exc.orig).split())}")
            ctx.exit(5)
        except (MoGatewayError, SQLAlchemyError) as exc:
            _complain(" ".join(str(exc).split()))
            ctx.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mo_gateway")
def main() -> None:
    """Receives inbound SMS from Spryng, stores them durably, answers TRUE, and runs keyword handlers.

    Start with `mo-gateway run`: it prints the callback URL to give to Spryng.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 gets escapes, not an error
    if os.getcwd() not in sys.path:  # noqa: PTH109 - as text, as it stands in sys.path
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - handlers lie where the gateway is started


for command in (
    init.init,
    run.run,
    run.work,
    run.serve,
    db.db,
    trigger.trigger,
    simulate.simulate,
    simulate.verdict,
    routing.routes,
    routing.explain,
    routes_file.check,
    routes_file.reload,
    routes_file.rehearse,
    unmatched.unmatched,
    votes.votes,
    lists.lists,
    texts.explain_text,
    new_plugin.new_plugin,
    messages.messages,
    show.show,
    status.status,
    silence.silence,
    doctor.doctor,
    replies.replies,
    reports.reports,
    export.export,
    send.send,
    optouts.optouts,
    scheduled.scheduled,
    credit.credit,
    fake.fake,
    replay.replay,
    user.user,
    person.person,
    forget.forget,
    prune.prune,
    audit.audit,
    token.token,
    openapi.openapi,
    completion.completion,
):
    main.add_command(command)


def _complain(sentence: str) -> None:
    click.secho(sentence, err=True, fg="red")

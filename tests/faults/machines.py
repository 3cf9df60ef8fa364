"""Two machines with PostgreSQL: one takes writes, the other has each commit before it returns.

What an operator does with them is in `docs/more-than-one-machine.md`, word for word; a test compares.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.postgres import DURABLE, PostgresServer
from tests.postgres_programs import open_home
from tests.waiting import until

#: A commit returns when one of these has it on its disk too: whoever is not the primary.
BOTH = "ANY 1 (one, two)"

REQUIRE = "ALTER SYSTEM SET synchronous_standby_names = '{}'"
RELOAD = "SELECT pg_reload_conf()"

#: How a standby is copied from its primary, with what it needs to follow it.
COPYING = ("--write-recovery-conf", "--create-slot", "--slot=standby", "--checkpoint=fast")

DATABASE = "gateway"


class Machines:
    """A primary and its synchronous standby, which change places at every failover."""

    def __init__(self) -> None:
        home = open_home()
        one, two = (PostgresServer(home, {**DURABLE, "cluster_name": name}) for name in ("one", "two"))
        self.primary, self.standby = one, two
        self._in_the_url = (one, two)

    @property
    def url(self) -> str:
        """The database on whichever of the two takes writes."""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self._in_the_url)
        return f"postgresql://postgres@{hosts}/{DATABASE}"

    @property
    def url_of_standby(self) -> str:
        """The same database where it can only be read."""
        return f"postgresql://postgres@127.0.0.1:{self.standby.port}/{DATABASE}"

    def start(self) -> None:
        """Start the primary, make the database there, and give it its standby."""
        self.primary.start()
        self.primary.create_database(DATABASE)
        self.require(BOTH)  # first, so that the standby's settings are a copy of it
        self.build_standby()

    def build_standby(self) -> None:
        """Make the other machine a copy of the primary that follows it; what it had is gone."""
        primary, standby = self.primary, self.standby
        shutil.rmtree(standby.data)
        standby.home.run(
            "pg_basebackup",
            f"--dbname=host=127.0.0.1 port={primary.port} user=postgres",
            f"--pgdata={standby.data}",
            *COPYING,
            "--no-sync",  # quick; the tests end processes, not hosts
        )
        standby.start()
        self.wait_for_standby()

    def wait_for_standby(self) -> None:
        """Wait until the standby follows."""
        follows = (
            "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND application_name IN ('one', 'two')"
        )
        until(lambda: self.primary.execute(follows), "the standby to follow")

    def require(self, standbys: str) -> None:
        """Let no commit return before one of these standbys has it; none = go on alone."""
        self.primary.execute(REQUIRE.format(standbys))
        self.primary.execute(RELOAD)
        shown = "SHOW synchronous_standby_names"
        until(lambda: self.primary.execute(shown) == [(standbys,)], "the setting to be in force")

    def promote(self) -> None:
        """Let the standby take writes; the primary that was must be fenced, and is the next standby."""
        self.standby.home.run("pg_ctl", "promote", "-D", self.standby.data)
        self.primary, self.standby = self.standby, self.primary

    def stuck(self) -> list[int]:
        """Give the primary's processes that wait for a standby."""
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        return [pid for (pid,) in self.primary.execute(waiting)]

    def cancel(self) -> int:
        """End their waits as an administrator does who means well, and give how many there were.

        PostgreSQL calls each a success, with a warning.
        """
        return sum(self.primary.execute(f"SELECT pg_cancel_backend({pid})") == [(True,)] for pid in self.stuck())

    def stored(self, parm: str) -> int:
        """Count the messages with a text, on the primary."""
        ((count,),) = self.primary.execute(f"SELECT count(*) FROM mo_message WHERE parm = '{parm}'", DATABASE)
        return int(count)

    def close(self) -> None:
        """End both."""
        self.primary.close()
        self.standby.close()


@contextmanager
def two_machines() -> Iterator[Machines]:
    """Give a primary with its synchronous standby, and an empty database."""
    machines = Machines()
    try:
        machines.start()
        yield machines
    finally:
        machines.close()

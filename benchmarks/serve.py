"""Serves one of the compared designs: `python -m benchmarks.serve naive --database URL`.

It is the gateway's own server around another application: the same gunicorn with the same worker class,
threads, limits and pinning. Like `mo-gateway run` it prints its callback URL once it listens.
"""

from functools import partial
from typing import Any

import click
from sqlalchemy import make_url

from mo_gateway.supervisor import bound_socket
from mo_gateway.web.server import OPTIONS, PINNING, Server

from . import bare, naive


@click.command()
@click.argument("design", type=click.Choice(["bare", "naive"]))
@click.option("--database", default="sqlite://", help="Where the naive design stores messages.")
@click.option("--workers", default=1, help="Server processes.")
@click.option("--pin/--no-pin", default=False, help="Keep each process on one CPU.")
def main(design: str, database: str, workers: int, *, pin: bool) -> None:
    """Serve until SIGTERM comes."""
    listener = bound_socket("127.0.0.1:0")
    click.echo(f"http://127.0.0.1:{listener.getsockname()[1]}/spryng/mo/{naive.SECRET}")
    options: dict[str, Any] = {"bind": f"fd://{listener.fileno()}", "workers": workers, "loglevel": "warning"}
    if pin:
        options |= PINNING
    Server(partial(_application, design, database), options).run()


def _application(design: str, database: str) -> Any:
    if design == "bare":
        return bare.app
    return naive.create_app(make_url(database), threads=OPTIONS["threads"])


if __name__ == "__main__":
    main()

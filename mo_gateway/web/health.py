"""Is it alive, is it ready, and what does it count: for load balancers and Prometheus."""

from threading import Lock

import structlog
from flask import Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from mo_gateway.errors import MoGatewayError, StorageError
from mo_gateway.gateway import Gateway
from mo_gateway.scrape import Scrape
from mo_gateway.store import schema, sqlite
from mo_gateway.store.engine import READ_ONLY
from mo_gateway.store.failures import in_one_line

from . import access

log = structlog.get_logger()


def register(app: Flask, gateway: Gateway) -> None:
    """Add the three views."""
    looking = Lock()
    scrape = Scrape(gateway.settings, gateway.engine, gateway.metrics, gateway.clock)

    @app.get("/healthz")
    def healthz() -> Response:
        """Say that this process lives, whatever became of the database."""
        return Response("OK\n", mimetype="text/plain")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """Say whether messages can be stored now."""
        if not looking.acquire(blocking=False):  # a hung database must not take a thread for each that asks
            return jsonify(ready=False, reason="another look at the database has no answer yet"), 503
        try:
            _check_storage(gateway)
        except (MoGatewayError, SQLAlchemyError, OSError) as exc:
            log.warning("not ready", error=in_one_line(exc))
            return jsonify(ready=False, reason=_reason(exc)), 503
        finally:
            looking.release()
        return jsonify(ready=True), 200

    @app.get("/metrics")
    def metrics() -> Response:
        """Show those who may see them the counters of this host and what the database says."""
        if not access.is_from(request.remote_addr or "", gateway.settings.metrics_networks):
            return Response("Forbidden.\n", 403, mimetype="text/plain")
        return Response(scrape.text(), content_type=CONTENT_TYPE_LATEST)


def _check_storage(gateway: Gateway) -> None:
    """Raise unless the schema is as new as this program, the database can be written to and commits come through.

    It does not take its place in line for the lock of SQLite, so that it can tell when that moves no more.
    """
    waiting, deadline = gateway.waiting_for(), gateway.settings.commit_deadline
    if waiting > deadline:
        raise StorageError(f"a commit has taken {waiting.total_seconds():.0f} s already")
    with gateway.engine.execution_options(**READ_ONLY).connect() as conn:
        schema.check_not_older(conn)
        conn.rollback()
        if conn.dialect.name == "sqlite":
            sqlite.check_writable(conn)
        elif conn.scalar(text("SELECT current_setting('transaction_read_only')")) == "on":
            raise StorageError("the database is read-only: a standby?")


def _reason(exc: Exception) -> str:
    return str(exc) if isinstance(exc, MoGatewayError) else "the database does not answer"

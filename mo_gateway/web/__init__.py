"""HTTP: Flask around the steps; the only place where errors become status codes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from mo_gateway import logs
from mo_gateway.errors import ConfigError
from mo_gateway.gateway import Gateway
from mo_gateway.gateway.clock import utc_now
from mo_gateway.provider_settings import SCHEMAS
from mo_gateway.settings import Settings, load_settings
from mo_gateway.store.engine import open_engine

from . import api, dashboard, health, wsgi
from .answers import OF_EVERY_ANSWER
from .dashboard.desk import Desk, desk_of

EXTENSION = "mo_gateway"


def create_app(gateway: Gateway) -> Flask:
    """Make the Flask application of a gateway."""
    app = _with_pages(desk_of(gateway.settings, gateway.engine, gateway.clock))
    app.extensions[EXTENSION] = gateway
    health.register(app, gateway)
    providers = {f"/{name}": wsgi.callback(gateway, name) for name in SCHEMAS}
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, providers)  # type: ignore[method-assign]
    return _behind_proxies(app, gateway.settings)


def create_dashboard() -> Flask:
    """Make an application of the dashboard and the read API alone, by the settings of the environment.

    `gunicorn 'mo_gateway.web:create_dashboard()'` serves the pages apart, so that they cannot starve the intake.
    """
    with faults_in_words():
        settings = load_settings(os.environ)
    logs.configure(settings.log_format, settings.secrets)
    app = _with_pages(desk_of(settings, open_engine(settings, may_idle=True), utc_now))
    return _behind_proxies(app, settings)


@contextmanager
def faults_in_words() -> Iterator[None]:
    """End a server whose settings are wrong with one clear sentence for each, and no traceback."""
    try:
        yield
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there may be no log yet
        sys.exit(4)  # gunicorn's own code for an application that cannot be loaded: it does not try again


def _with_pages(desk: Desk) -> Flask:
    """Make an application of what every one has: the dashboard, the read API, and how it answers."""
    app = Flask(__name__, static_folder=None)
    dashboard.register(app, desk)
    api.register(app, desk)
    app.after_request(_add_headers)
    app.register_error_handler(500, _internal_error)
    return app


def _behind_proxies(app: Flask, settings: Settings) -> Flask:
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0)  # type: ignore[method-assign]
    return app


def _add_headers(response: Response) -> Response:
    for name, value in OF_EVERY_ANSWER:
        response.headers.setdefault(name, value)
    return response


def _internal_error(_error: Exception) -> Response:
    return Response("Something went wrong here; the request may be repeated.\n", 500, mimetype="text/plain")

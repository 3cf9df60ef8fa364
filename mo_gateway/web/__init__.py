"""HTTP: Flask around the steps; the only place where errors become status codes."""

from flask import Flask, Response
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from mo_gateway.gateway import Gateway
from mo_gateway.provider_settings import SCHEMAS

from . import health, wsgi
from .answers import OF_EVERY_ANSWER

EXTENSION = "mo_gateway"


def create_app(gateway: Gateway) -> Flask:
    """Make the Flask application of a gateway."""
    app = Flask(__name__, static_folder=None)
    app.extensions[EXTENSION] = gateway
    health.register(app, gateway)
    app.after_request(_add_headers)
    app.register_error_handler(500, _internal_error)
    providers = {f"/{name}": wsgi.callback(gateway, name) for name in SCHEMAS}
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, providers)  # type: ignore[method-assign]
    if gateway.settings.trusted_proxies:
        hops = gateway.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=0)  # type: ignore[method-assign]
    return app


def _add_headers(response: Response) -> Response:
    response.headers.update(OF_EVERY_ANSWER)
    return response


def _internal_error(_error: Exception) -> Response:
    return Response("Something went wrong here; the request may be repeated.\n", 500, mimetype="text/plain")

"""The WSGI application, for `gunicorn wsgi:app`; handlers run apart from it, in `mo-gateway work`."""

import os
import sys

from mo_gateway import logs
from mo_gateway.errors import ConfigError
from mo_gateway.gateway import open_gateway
from mo_gateway.settings import load_settings
from mo_gateway.web import create_app

try:
    settings = load_settings(os.environ)
    logs.configure(settings.log_format, settings.secrets)
    app = create_app(open_gateway(settings))
except ConfigError as error:
    print(error, file=sys.stderr)  # noqa: T201 - one clear sentence instead of a traceback
    sys.exit(4)  # gunicorn's own code for an application that cannot be loaded: it does not try again

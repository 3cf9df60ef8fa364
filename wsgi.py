"""The WSGI application, for `gunicorn wsgi:app`; handlers run apart from it, in `mo-gateway work`."""

import os

from mo_gateway import logs
from mo_gateway.gateway import open_gateway
from mo_gateway.settings import load_settings
from mo_gateway.web import create_app, faults_in_words

with faults_in_words():
    settings = load_settings(os.environ)
    logs.configure(settings.log_format, settings.secrets)
    app = create_app(open_gateway(settings))

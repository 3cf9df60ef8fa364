"""What `gunicorn wsgi:app` reads by itself: how `mo-gateway run` serves, and first a look at the settings."""

import os

from mo_gateway.settings import load_settings
from mo_gateway.web import faults_in_words
from mo_gateway.web.server import OPTIONS

globals().update(OPTIONS)


def on_starting(_server: object) -> None:
    """Say what is wrong before there are processes: where two find it at once, gunicorn ends with another code."""
    with faults_in_words():
        load_settings(os.environ)

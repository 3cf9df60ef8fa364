"""What `gunicorn wsgi:app` reads by itself: the settings that `mo-gateway run` serves with."""

from mo_gateway.web.server import OPTIONS

globals().update(OPTIONS)

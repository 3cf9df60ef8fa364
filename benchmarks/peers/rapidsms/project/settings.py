"""Django's settings, as RapidSMS's documentation writes them, with as little beside it as can be."""

import os

SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "project.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"  # as RapidSMS's own migrations have it

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rapidsms",
    "rapidsms.backends.database",
    "rapidsms.contrib.handlers",
    "rapidsms.contrib.messagelog",
]
INSTALLED_BACKENDS = {"spryng": {"ENGINE": "rapidsms.backends.database.DatabaseBackend"}}
RAPIDSMS_HANDLERS = ["project.handler.DoNothing"]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["DATABASE_HOST"],
        "PORT": os.environ["DATABASE_PORT"],
        "NAME": os.environ["DATABASE_NAME"],
        "USER": os.environ["DATABASE_USER"],
    }
}

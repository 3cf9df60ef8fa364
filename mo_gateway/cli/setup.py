"""What most commands begin with: settings from the environment, logs, the database."""

import os

import structlog

from mo_gateway import logs
from mo_gateway.settings import Settings, load_settings, unknown_variables

log = structlog.get_logger()


def settings_from_environment() -> Settings:
    """Read the settings and set up the logs."""
    settings = load_settings(os.environ)
    logs.configure(settings.log_format, settings.secrets)
    for name in unknown_variables(os.environ):
        log.warning("not a setting of this program: a slip of the pen?", variable=name)
    return settings

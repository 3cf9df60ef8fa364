"""Are the settings right, and the handlers that they name?"""

from collections.abc import Mapping
from pathlib import Path

from mo_gateway.errors import ConfigError
from mo_gateway.gateway.routes import open_routes
from mo_gateway.settings import PREFIX, SECRET_FILE, Settings, load_settings, unknown_variables

from . import Finding, Verdict


def check_settings(environ: Mapping[str, str]) -> tuple[Settings | None, list[Finding]]:
    """Read the settings; None where they cannot be used."""
    kept = Path(SECRET_FILE).absolute()
    was_there = kept.exists()  # reading the settings makes one
    try:
        settings = load_settings(environ)
    except ConfigError as exc:
        return None, [Finding("settings", Verdict.WRONG, line) for line in str(exc).splitlines()]
    slips = [
        Finding("settings", Verdict.WRONG, f"{name} is not a setting of this program: a slip of the pen?")
        for name in unknown_variables(environ)
    ]
    right = Finding("settings", Verdict.RIGHT, "all that are set are known and can be used")
    return settings, [*(slips or [right]), _secret(settings, environ, kept, was_there=was_there)]


def check_handlers(settings: Settings) -> list[Finding]:
    """Import the handlers and put their routes together."""
    try:
        routes = list(open_routes(settings))
    except ConfigError as exc:
        return [Finding("handlers", Verdict.WRONG, line) for line in str(exc).splitlines()]
    if not routes:
        text = "there are none, and messages stay unrouted; MO_GATEWAY_HANDLERS names modules that hold some"
        return [Finding("handlers", Verdict.OPEN, text)]
    handlers = {route.handler.name for route in routes}
    return [Finding("handlers", Verdict.RIGHT, f"{len(handlers)}, with {len(routes)} routes and no clash")]


def _secret(settings: Settings, environ: Mapping[str, str], kept: Path, *, was_there: bool) -> Finding:
    if not settings.callback_secret:
        return Finding("secret", Verdict.OPEN, "none is asked for: whoever may connect may post messages")
    name = f"{PREFIX}CALLBACK_SECRET"
    source = next((variable for variable in (name, f"{name}_FILE") if environ.get(variable)), None)
    if source:
        accepted = len(settings.callback_secret)
        return Finding(
            "secret", Verdict.RIGHT, f"set in {source}{f', {accepted} are accepted' if accepted > 1 else ''}"
        )
    if was_there:
        return Finding("secret", Verdict.RIGHT, f"made by this program and kept in {kept}")
    text = f"made just now and kept in {kept}: is this the directory that the gateway is started in?"
    return Finding("secret", Verdict.OPEN, text)

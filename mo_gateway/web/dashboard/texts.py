"""The words of the pages, ready for translation: catalogues of gettext lie in `locale`, by language.

States, roles and the names of actions stay as they are in the database, in every language.
"""

from gettext import GNUTranslations, NullTranslations, translation
from pathlib import Path

from flask import Flask

LOCALE = Path(__file__).parent / "locale"

_catalogue: NullTranslations | GNUTranslations = translation("mo_gateway", LOCALE, ["en"], fallback=True)


def gettext(message: str) -> str:
    """Give a text in the language of the pages."""
    return _catalogue.gettext(message)


def ngettext(one: str, several: str, n: int) -> str:
    """Give a text that depends on a count."""
    return _catalogue.ngettext(one, several, n)


def register(app: Flask) -> None:
    """Give the templates `_` and `{% trans %}`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined] # of the extension

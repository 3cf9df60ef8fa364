"""The words of the pages, ready for translation: catalogues of gettext lie in `locale`, by language.

States, roles and the names of actions stay as they are in the database, in every language. What is read by people
outside, the proof card, is in the language that is asked for; its words are in `translations.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import GNUTranslations, NullTranslations, translation
from pathlib import Path

from flask import Flask

from .languages import ENGLISH, Language

LOCALE = Path(__file__).parent / "locale"

_catalogue: NullTranslations | GNUTranslations = translation("mo_gateway", LOCALE, ["en"], fallback=True)
_language: ContextVar[Language] = ContextVar("language", default=ENGLISH)


@contextmanager
def written_in(language: Language) -> Iterator[None]:
    """Write all that is written within in this language, as far as there are words for it."""
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)


def language_now() -> Language:
    """Give the language that is written in."""
    return _language.get()


def gettext(message: str) -> str:
    """Give a text in the language of the pages, or of the card."""
    return language_now().texts.get(message) or _catalogue.gettext(message)


def ngettext(one: str, several: str, n: int) -> str:
    """Give a text that depends on a count."""
    return _catalogue.ngettext(one, several, n)


def register(app: Flask) -> None:
    """Give the templates `_` and `{% trans %}`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined] # of the extension

"""The texts of pages and macros, in the language of the request.

A language is a gettext catalogue in ``translations/<language>/LC_MESSAGES``.
"""

from __future__ import annotations

import gettext as gnu
from collections.abc import Callable
from functools import cache
from pathlib import Path

from flask import Response
from flask import after_this_request
from flask import current_app
from flask import has_app_context
from flask import has_request_context
from flask import request

from ..errors import ServiceError
from ..errors import UserTokenUnavailable

FOLDER = Path(__file__).parents[1] / "translations"
DOMAIN = "chatvisor"
_ENGLISH = "en"
_CHOSEN = "flask_chatvisor.language"


class Catalogue(gnu.GNUTranslations):
    """One language's texts."""

    #: Returns the plural form of a number.
    plural: Callable[[int], int]

    def forms(self, one: str, many: str) -> list[str]:
        """List all plural forms, in the order of the catalogue's rule."""
        found = {self.plural(n): self.ngettext(one, many, n) for n in range(200)}
        return [found[form] for form in sorted(found)]


def gettext(message: str, **values: object) -> str:
    """Translate a message into the request's language.

    :param values: for placeholders like ``%(name)s``.
    """
    # Pages have many texts; looking up the language here saves a call for each.
    known = request and request.environ.get(_CHOSEN)
    text = catalogue(known or language()).gettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, number: int) -> str:
    """Translate a message about a number, which is its ``%(number)s``."""
    text = catalogue(language()).ngettext(one, many, number)
    return text % {"number": number}


def told(error: ServiceError | UserTokenUnavailable) -> tuple[str, str]:
    """Return an error's message and remedy in the request's language."""
    return gettext(error.template, **error.values), gettext(error.remedy)


def language() -> str:
    """Choose the language of the request: Flask-Babel's, or else the browser's."""
    if not has_app_context():
        return _ENGLISH
    if "babel" in current_app.extensions:
        from flask_babel import get_locale

        return _first_known((str(get_locale()),))
    if not has_request_context():
        return _ENGLISH
    if _CHOSEN not in request.environ:
        accepted = [tag for tag, quality in request.accept_languages if quality]
        request.environ[_CHOSEN] = _first_known(tuple(accepted))
        after_this_request(_varies)
    return str(request.environ[_CHOSEN])


def _first_known(wanted: tuple[str, ...]) -> str:
    known = _languages()
    for tag in (tag.lower().replace("_", "-") for tag in wanted):
        for name in (tag, tag.partition("-")[0]):
            if name in known:
                return known[name]
    return _ENGLISH


@cache
def _languages() -> dict[str, str]:
    """Map lower-case language tags to the available languages, as HTML names them."""
    found = FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    tags = [_ENGLISH, *(path.parents[1].name.replace("_", "-") for path in found)]
    return {tag.lower(): tag for tag in tags}


@cache
def catalogue(language: str) -> gnu.NullTranslations:
    """Load a language's texts; none for English, whose texts are in the sources."""
    path = FOLDER / language.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.mo"
    if not path.exists():
        return gnu.NullTranslations()
    with path.open("rb") as file:
        return Catalogue(file)


def _varies(response: Response) -> Response:
    """Prevent caches from mixing up languages."""
    response.vary.add("Accept-Language")
    return response

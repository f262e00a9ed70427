"""Whether a page is tagged, and where: cheap conditions first, the user last."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request
from flask import Response

from ..config import Settings
from ..current import this_app
from ..state import state_of
from . import announcement
from . import markup
from .announcement import Announcement
from .announcement import Reason
from .caching import is_for_shared_caches
from .place import body_end
from .place import script_at

#: The attribute that marks a view as exempt.
EXEMPT = "_chatvisor_exempt"
#: The key in a request's environment that says that a template has placed the tag.
PLACED = "flask_chatvisor.placed"

# Statuses of intended pages. On an error page, loading the user may have failed.
_GOOD = frozenset({200, 201, 202, 203})


@dataclass(slots=True)
class Plan:
    """Where to put the tag, and its content."""

    at: int
    who: Announcement


class Page:
    """One response on its way out."""

    def __init__(self, request: Request, response: Response) -> None:
        self.request: Request = request
        self.response: Response = response
        self._app = this_app()
        self.settings: Settings = state_of(self._app).settings
        self.headers: dict[str, str] = {
            name.lower(): value for name, value in response.headers
        }

    def plan(self) -> Plan | Reason:
        """Decide where the tag goes, or why there is none."""
        reason = self._why_not_here() or self.why_not_this()
        if reason is not None:
            return reason
        for_everyone = self.is_for_everyone()
        if not for_everyone and announcement.is_nobody(self.request):
            return Reason.ANONYMOUS
        body = self.response.get_data()
        # From the end, which is faster; text of the page may have the mark, too.
        if body.rfind(markup.MARK) >= 0 and script_at(body, markup.BEGIN) is not None:
            return Reason.ALREADY_TAGGED
        at = body_end(body)
        if at is None:
            return Reason.NO_BODY
        if for_everyone:
            return Plan(at, announcement.NOTHING)
        who = announcement.announce(self.request)
        return who.reason if who.reason and who.silent else Plan(at, who)

    def is_exempt(self) -> bool:
        """Return whether its view is marked as exempt."""
        view = self._app.view_functions.get(self.request.endpoint or "")
        return getattr(view, EXEMPT, False)

    def why_not_this(self) -> Reason | None:
        """Return why this response cannot have a tag, regardless of its body."""
        response = self.response
        if response.status_code not in _GOOD:
            return Reason.STATUS
        if response.mimetype != "text/html":
            return Reason.NOT_HTML
        if response.is_streamed or response.direct_passthrough:
            return Reason.STREAMED
        if "content-encoding" in self.headers:
            return Reason.ENCODED
        disposition = self.headers.get("content-disposition", "")
        if disposition.lower().startswith("attachment"):
            return Reason.ATTACHMENT
        return None if _is_document(self.request) else Reason.NOT_A_DOCUMENT

    def is_for_everyone(self) -> bool:
        """Return whether this page may reach other people, or never be shown."""
        if self.settings.identity_delivery == "fetch":
            return True
        # A prefetched page may never be shown, so it must not use up a due reset.
        if "prefetch" in self.request.environ.get("HTTP_SEC_PURPOSE", ""):
            return True
        return is_for_shared_caches(self.headers)

    def _why_not_here(self) -> Reason | None:
        if not self.settings.enabled:
            return Reason.DISABLED
        if PLACED in self.request.environ:
            return Reason.MANUAL
        if not self.settings.auto_inject:
            return Reason.AUTO_OFF
        return Reason.EXEMPT if self.is_exempt() else None


def _is_document(request: Request) -> bool:
    environ = request.environ
    upgrade = environ.get("HTTP_UPGRADE", "").lower()
    if "HTTP_HX_REQUEST" in environ or upgrade == "websocket":
        return False
    destination = environ.get("HTTP_SEC_FETCH_DEST")
    if destination is not None:
        return bool(destination == "document")
    return "HTTP_X_REQUESTED_WITH" not in environ

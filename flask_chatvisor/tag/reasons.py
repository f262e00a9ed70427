"""Why a page is not tagged."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """Why a page is not tagged: the closed list."""

    DISABLED = "disabled"
    AUTO_OFF = "auto-off"
    MANUAL = "manual"
    EXEMPT = "exempt"
    ANONYMOUS = "anonymous"
    NOT_A_VISITOR = "not-a-visitor"
    AGENT = "agent"
    NO_CONSENT = "no-consent"
    NOT_HTML = "not-html"
    STATUS = "status"
    STREAMED = "streamed"
    ENCODED = "encoded"
    ATTACHMENT = "attachment"
    NOT_A_DOCUMENT = "not-a-document"
    NO_BODY = "no-body"
    ALREADY_TAGGED = "already-tagged"
    ERROR = "error"

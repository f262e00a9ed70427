"""The operations of the REST API, as typed calls."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from ..contract.api import SCOPES
from ..contract.matching import Selection
from ..contract.users import ActiveUser
from ..contract.users import UserPage
from ..contract.users import UserToken
from ..errors import BadAnswer
from ..errors import ServiceError
from ..errors import say
from .transport import TOO_LARGE
from .transport import Answer
from .transport import Transport

EVERYBODY = Selection()

#: Users on a page that no service's answer should be too large for.
SMALL_PAGE = 125


class Client:
    """Asks the service; it knows neither Flask nor the current agent.

    :param transport: has the base URL, the token and the time-outs.
    :param paths: of ``list``, ``status``, ``user_token`` and ``revoke``, where set.
    """

    def __init__(self, transport: Transport, paths: Mapping[str, str]) -> None:
        self.transport = transport
        self._paths = paths

    def can(self, operation: str) -> bool:
        """Return whether the path of an operation is set."""
        return operation in self._paths

    def active_users(self, selection: Selection = EVERYBODY) -> UserPage:
        """List active users. A page too large for one answer is asked for in halves.

        A backend that does not support ``queries`` lists all users; see
        :attr:`.UserPage.queries`.

        :raises ServiceError: a subclass, if anything goes wrong.
        """
        try:
            return self._list(selection)
        except BadAnswer as error:
            is_large = error.template == TOO_LARGE.message
            size, odd = divmod(selection.page_size, 2)
            if not is_large or odd or selection.page_size <= SMALL_PAGE:
                raise
        second = selection._replace(page=2 * selection.page, page_size=size)
        first = self.active_users(second._replace(page=second.page - 1))
        results = first.results + self.active_users(second).results
        return msgspec.structs.replace(first, results=results, page=selection.page)

    def _list(self, selection: Selection) -> UserPage:
        texts = ("q", "label", "assigned", "sort")
        given = {name: getattr(selection, name) for name in texts}
        given |= {"waiting": int(selection.waiting), "inCall": int(selection.in_call)}
        params: dict[str, t.Any] = {key: value for key, value in given.items() if value}
        params["query"] = [*selection.queries]
        params |= {"pageNumber": selection.page, "pageSize": selection.page_size}
        return self.transport.get(self._path("list"), params).read(UserPage)

    def status(self, query: str) -> ActiveUser | None:
        """Find one active user by id, e-mail or visitorId; ``None`` if not active.

        :raises ServiceError: a subclass, if anything goes wrong.
        """
        # Dots alone would change the path, and an empty query would be the list.
        if query in ("", ".", ".."):
            return None
        path = self._path("status").replace("{query}", quote(query, safe=""))
        try:
            answer = self.transport.get(path)
        except BadAnswer as error:
            if error.status == 404:
                return None
            raise
        # The vendor's own API answers with an object without visitorId.
        if not answer.read(_Anybody).visitor_id:
            return None
        return answer.read(ActiveUser)

    def user_token(
        self,
        email: str,
        name: str,
        *,
        ttl: int,
        visitor_id: str | None = None,
        scope: Iterable[str] = SCOPES,
    ) -> UserToken:
        """Mint a user token for an agent.

        :param ttl: its life in seconds, 1 to 3600.
        :param visitor_id: bind it to this visitor, for one call.
        :raises ServiceError: a subclass, if anything goes wrong.
        """
        wanted: dict[str, t.Any] = {"email": email, "name": name, "ttl": ttl}
        wanted["scope"] = list(scope)
        if visitor_id is not None:
            wanted["visitorId"] = visitor_id
        # Minting has no side effects, so a second try does no harm.
        answer = self.transport.post(self._path("user_token"), wanted, repeatable=True)
        return answer.read(UserToken)

    def revoke(self, email: str, visitor_id: str | None = None) -> None:
        """Refuse an agent's tokens from before, and end the agent's calls.

        :param visitor_id: only for this visitor.
        :raises ServiceError: a subclass, if anything goes wrong.
        """
        wanted = {"email": email}
        if visitor_id is not None:
            wanted["visitorId"] = visitor_id
        self.transport.post(self._path("revoke"), wanted, repeatable=True)

    def probe(self) -> Answer:
        """Send the smallest request that needs the token.

        :raises ServiceError: a subclass, if anything goes wrong.
        """
        answer = self.transport.get(self._path("list"), {"pageSize": 1})
        answer.read(UserPage)
        return answer

    def _path(self, name: str) -> str:
        if name not in self._paths:
            raise ServiceError(
                say("The path of the service's '%(name)s' operation is not set."),
                name=name,
                remedy=f"CHATVISOR_API_PATHS[{name!r}] = …",
            )
        return self._paths[name]


class _Anybody(msgspec.Struct, rename="camel"):
    visitor_id: t.Any = None

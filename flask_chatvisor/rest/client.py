"""The operations of the REST API, as typed calls."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from urllib.parse import quote

from ..errors import BadAnswer
from ..errors import ServiceError
from ..errors import say
from .models import ActiveUser
from .models import UserPage
from .models import UserToken
from .transport import Answer
from .transport import Transport

#: The longest page that the service hands out.
MAX_PAGE_SIZE = 1000
#: The most users that it finds at once.
MAX_QUERIES = 100


class Client:
    """Asks the service; knows neither Flask nor who the agent is.

    :param transport: carries base URL, token and time-outs.
    :param paths: of ``list``, ``status`` and ``user_token``, as far as they are known.
    """

    def __init__(self, transport: Transport, paths: Mapping[str, str]) -> None:
        self.transport = transport
        self._paths = paths

    def can(self, operation: str) -> bool:
        """Tell whether the path of an operation is known."""
        return operation in self._paths

    def active_users(
        self,
        *,
        queries: Sequence[str] = (),
        q: str = "",
        label: str = "",
        assigned: str = "",
        waiting: bool = False,
        in_call: bool = False,
        sort: str = "",
        page: int = 1,
        page_size: int = 50,
    ) -> UserPage:
        """List active users.

        :param queries: only those whom one of these names: ids, e-mails or visitorIds,
            at most 100. A backend that cannot do this lists everybody; see
            :attr:`.UserPage.queries`.
        :param q: text that name, e-mail or id contain.
        :param assigned: an agent's e-mail, or ``none``.
        :param waiting: only those who wait for an agent.
        :param in_call: only those who are in a call.
        :param sort: ``name``, ``email``, ``since``, ``lastSeen`` or ``page``, with
            ``-`` in front for descending.
        :param page: counts from 1.
        :param page_size: at most 1000.
        :raises ServiceError: one of its subclasses, for whatever goes wrong.
        """
        filters = {"q": q, "label": label, "assigned": assigned, "sort": sort}
        params: dict[str, t.Any] = {key: text for key, text in filters.items() if text}
        flags = {"waiting": waiting, "inCall": in_call}
        params |= {key: 1 for key, is_set in flags.items() if is_set}
        params |= {"query": [*queries], "pageNumber": page, "pageSize": page_size}
        return UserPage.from_json(self._get("list", params))

    def status(self, query: str) -> ActiveUser | None:
        """Find one active user by id, e-mail or visitorId; ``None`` if not active.

        :raises ServiceError: one of its subclasses, for whatever goes wrong.
        """
        # Dots alone would climb up the path, and nothing at all is the list.
        if query in ("", ".", ".."):
            return None
        path = self._path("status").replace("{query}", quote(query, safe=""))
        try:
            data = self.transport.get(path).json()
        except BadAnswer as error:
            if error.status == 404:
                return None
            raise
        # The vendor's own calls answer an object without visitorId.
        if isinstance(data, dict) and not data.get("visitorId"):
            return None
        return ActiveUser.from_json(data)

    def user_token(
        self,
        email: str,
        name: str,
        *,
        ttl: int,
        visitor_id: str | None = None,
        scope: Iterable[str] = ("list", "call", "presence"),
    ) -> UserToken:
        """Have a user token minted for an agent.

        :param ttl: its life in seconds, 1 to 3600.
        :param visitor_id: bind it to one visitor: good for one call.
        :raises ServiceError: one of its subclasses, for whatever goes wrong.
        """
        wanted: dict[str, t.Any] = {"email": email, "name": name, "ttl": ttl}
        wanted["scope"] = list(scope)
        if visitor_id is not None:
            wanted["visitorId"] = visitor_id
        # Minting leaves nothing behind, so a second try does no harm.
        answer = self.transport.post(self._path("user_token"), wanted, repeatable=True)
        return UserToken.from_json(answer.json())

    def probe(self) -> Answer:
        """Make the smallest request that needs the token.

        :raises ServiceError: one of its subclasses, for whatever goes wrong.
        """
        answer = self.transport.get(self._path("list"), {"pageSize": 1})
        UserPage.from_json(answer.json())
        return answer

    def _get(self, name: str, params: Mapping[str, t.Any] | None = None) -> t.Any:
        return self.transport.get(self._path(name), params).json()

    def _path(self, name: str) -> str:
        if name not in self._paths:
            raise ServiceError(
                say("No path of the service's operation '%(name)s' is known."),
                name=name,
                remedy=f"CHATVISOR_API_PATHS[{name!r}] = …",
            )
        return self._paths[name]

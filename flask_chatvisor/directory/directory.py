"""Active users as the server sees them: a short cache, one request in flight, policy.

However many agents' pages ask, each distinct question reaches the service once per
``CHATVISOR_CACHE_SECONDS``. While it is down, the last list is served for a minute.
"""

from __future__ import annotations

import datetime as dt
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass

from ..config import Settings
from ..contract.api import MAX_PAGE_SIZE
from ..contract.matching import Selection
from ..contract.matching import fold_email
from ..contract.matching import in_order
from ..contract.matching import is_meant
from ..contract.matching import meant
from ..contract.times import timestamp
from ..contract.users import ActiveUser
from ..contract.users import UserPage
from ..errors import ServiceError
from ..errors import SetupError
from ..identity import Agent
from ..identity import Loaders
from ..rest.client import EVERYBODY
from ..rest.client import Client
from .answers import PATIENCE
from .answers import Cache
from .flights import Answer
from .paging import batched
from .paging import load_all

T = t.TypeVar("T")

_IN_BROWSER = (
    "CHATVISOR_DIRECTORY is 'browser', so only CV.user.list and CV.user.status in"
    " the agent's page can see active users. To list them on the server, set"
    " CHATVISOR_DIRECTORY = 'server' and the service's CHATVISOR_API_PATHS."
)
_WHO_ASKS = (
    "A policy decides which active users an agent may see, but no agent is known"
    " here. Call this in a view behind @chatvisor.agent_required, or pass agent=."
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the active users that an agent may see.

    :ivar total: the number of users on all pages.
    :ivar page: counts from 1.
    :ivar as_of: the list includes every change before this moment.
    :ivar trouble: why the list is out of date; ``None`` if it is current.
    """

    users: tuple[ActiveUser, ...]
    total: int
    page: int
    page_size: int
    as_of: dt.datetime
    trouble: ServiceError | None = None

    def to_json(self) -> dict[str, t.Any]:
        """Return the JSON of the extension's routes; ``trouble`` only if it is set."""
        data = {
            "users": [user.to_json() for user in self.users],
            "total": self.total,
            "page": self.page,
            "pageSize": self.page_size,
            "asOf": timestamp(self.as_of.timestamp()),
        }
        return data | _trouble_json(self.trouble)


class Statuses(t.NamedTuple):
    """Several users by query; ``None`` for a query that matches no active user.

    :ivar as_of: the result includes every change before this moment.
    """

    users: Mapping[str, ActiveUser | None]
    as_of: dt.datetime


class Directory:
    """Looks up the active users of one application.

    :param who_asks: finds the agent that a policy is applied to.
    :param revoke: takes an agent, by e-mail, out of a visitor's call; must not wait.
    :param clock: epoch seconds, for display only.
    :param monotonic: monotonic seconds, for the age of answers.
    :param patience: seconds after which a request to the service is overdue. Until it
        ends, no other thread waits for the service.
    """

    def __init__(
        self,
        client: Client,
        settings: Settings,
        loaders: Loaders,
        *,
        who_asks: Callable[[], Agent | None] = lambda: None,
        revoke: Callable[[str, str], None] = lambda email, visitor_id: None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self._client = client
        self._settings = settings
        self._loaders = loaders
        self._who_asks = who_asks
        self._revoke = revoke
        self._clock = clock
        self._monotonic = monotonic
        self._cache = Cache(settings.cache_seconds, monotonic, patience=patience)

    def now(self) -> dt.datetime:
        """The time by the directory's clock."""
        return _moment(self._clock())

    def active_users(
        self,
        *,
        agent: Agent | None = None,
        q: str = "",
        label: str = "",
        assigned: str = "",
        waiting: bool = False,
        in_call: bool = False,
        sort: str = "name",
        page: int = 1,
        page_size: int = 50,
        tick: int | None = None,
    ) -> Listing:
        """List the active users that an agent may see.

        While the service is down, its last list is returned for a minute; ``trouble``
        then says what is wrong.

        :param agent: the agent who asks; defaults to the signed-in agent.
        :param q: text to find in the name, e-mail or id.
        :param assigned: an agent's e-mail, or ``none``.
        :param waiting: only users who are waiting for an agent.
        :param in_call: only users who are in a call.
        :param sort: one of :data:`SORTS`; ``-`` in front means descending. Users who
            are waiting for an agent always come first.
        :param page: counts from 1.
        :param page_size: at most 1000.
        :param tick: the service's tick that led to this request. Answers fetched for
            earlier ticks are not used, unless the service is down.
        :raises ServiceError: a subclass, if the service cannot answer.
        :raises SetupError: if only the browser can list active users.
        """
        selection = Selection(
            q=q,
            label=label,
            assigned=assigned,
            waiting=waiting,
            in_call=in_call,
            sort=sort,
            page=page,
            page_size=page_size,
        )
        if not self._available():
            return Listing((), 0, page, page_size, self.now())
        allows = self._policy(agent)
        if allows is None:
            return self._page(selection, tick)
        answer = self._everyone(selection, tick)
        allowed = list(filter(allows, answer.value.in_order(sort)))
        start = (page - 1) * page_size
        shown = tuple(allowed[start : start + page_size])
        return self._listing(shown, len(allowed), selection, answer)

    def status(
        self, query: str, *, agent: Agent | None = None, tick: int | None = None
    ) -> ActiveUser | None:
        """Find one active user by id, e-mail or visitorId; ``None`` if not active.

        A user that the policy hides from the agent counts as not active. The answer
        is never out of date, because it decides who is called.

        :param agent: the agent who asks; defaults to the signed-in agent.
        :param tick: as in :meth:`active_users`.
        :raises ServiceError: a subclass, if the service cannot answer.
        :raises SetupError: if only the browser can find active users.
        """
        if not self._available():
            return None
        allows = self._policy(agent)
        user: ActiveUser | None = self._cache.get(
            ("status", query), lambda: self._client.status(query), tick=tick, keep=False
        ).value
        if user is None:
            return None

        def fits(one: ActiveUser) -> bool:
            return is_meant(query, one) and (allows is None or allows(one))

        if fits(user):
            return user
        # Another user has the same name, or this user is here a second time under
        # a tag that the agent may see.
        others: _Everyone = _current(self._everyone(Selection(q=query), tick))
        chosen = meant(query, filter(fits, others.users))
        if chosen is None or chosen.visitor_id == query:
            return chosen
        # Lists have no tabs and pages.
        return self.status(chosen.visitor_id, agent=agent, tick=tick) or chosen

    def statuses(
        self,
        queries: Iterable[str],
        *,
        agent: Agent | None = None,
        tick: int | None = None,
    ) -> Statuses:
        """Find several active users in one request, each like :meth:`status`.

        If the backend cannot do that, its whole list is fetched.

        :param agent: the agent who asks; defaults to the signed-in agent.
        :param tick: as in :meth:`active_users`.
        :raises ServiceError: a subclass, if the service cannot answer.
        :raises SetupError: if only the browser can find active users.
        """
        asked = sorted(set(queries))
        if not self._available():
            return Statuses(dict.fromkeys(asked), self.now())
        allows = self._policy(agent)
        found: dict[str, ActiveUser | None] = {}
        asked_at = self._monotonic()
        for some in batched(asked):
            answer = self._named(some, tick)
            users = [one for one in answer.value if not allows or allows(one)]
            found |= {query: meant(query, users) for query in some}
            asked_at = min(asked_at, answer.asked_at)
        return Statuses(found, self._time_of(asked_at))

    def unfiltered(self, selection: Selection | None = None) -> tuple[ActiveUser, ...]:
        """List all active users for an operator, without policy or cache.

        :raises ServiceError: a subclass, if the service cannot answer.
        :raises SetupError: if only the browser can list active users.
        """
        if not self._available():
            return ()
        return load_all(self._client, selection or EVERYBODY)

    def ask(self, question: Callable[[Client], T]) -> T:
        """Send the service another request; fails at once while the service hangs.

        :raises ServiceError: a subclass, if the service cannot answer.
        """
        return t.cast(T, self._cache.ask(lambda: question(self._client)))

    def _time_of(self, moment: float) -> dt.datetime:
        """Convert monotonic seconds to a time of the clock."""
        return self.now() - dt.timedelta(seconds=self._monotonic() - moment)

    def _available(self) -> bool:
        if self._settings.directory == "browser":
            raise SetupError(_IN_BROWSER)
        return self._settings.enabled

    def _policy(self, agent: Agent | None) -> Callable[[ActiveUser], bool] | None:
        policy = self._loaders.policy
        if policy is None:
            return None
        asking = agent or self._who_asks()
        if asking is None:
            raise SetupError(_WHO_ASKS)

        def allows(user: ActiveUser) -> bool:
            allowed = bool(policy(asking, user))
            if not allowed and _is_with(asking, user):
                self._revoke(asking.email, user.visitor_id)
            return allowed

        return allows

    def _page(self, selection: Selection, tick: int | None) -> Listing:
        answer = self._cache.get(
            selection, lambda: self._client.active_users(selection), tick=tick
        )
        found: UserPage = answer.value
        return self._listing(found.results, found.total, selection, answer)

    def _named(self, queries: tuple[str, ...], tick: int | None) -> Answer:
        """Load all users that match one of these queries, and maybe others."""
        answer = self._cache.get(
            ("statuses", queries),
            lambda: self._client.active_users(
                Selection(queries=queries, page_size=MAX_PAGE_SIZE)
            ),
            tick=tick,
            keep=False,
        )
        found: UserPage = answer.value
        if found.queries or found.total <= len(found.results):
            return answer._replace(value=found.results)
        # The backend listed everybody instead: load that list once for all queries.
        everyone = self._everyone(EVERYBODY, tick)
        return everyone._replace(value=_current(everyone).users)

    def _listing(
        self,
        users: tuple[ActiveUser, ...],
        total: int,
        selection: Selection,
        answer: Answer,
    ) -> Listing:
        as_of = self._time_of(answer.asked_at)
        page, size = selection.page, selection.page_size
        return Listing(users, total, page, size, as_of, answer.trouble)

    def _everyone(self, selection: Selection, tick: int | None) -> Answer:
        # Sorted and paged here, so that all orders and pages share one loaded list.
        whole = selection._replace(sort="name", page=1, page_size=MAX_PAGE_SIZE)
        return self._cache.get(
            ("everyone", whole),
            lambda: _Everyone(load_all(self._client, whole)),
            tick=tick,
        )


class _Everyone:
    """A whole list, sorted once for all agents who want the same order."""

    def __init__(self, users: tuple[ActiveUser, ...]) -> None:
        self.users = users
        self._orders: dict[str, list[ActiveUser]] = {}

    def in_order(self, sort: str) -> list[ActiveUser]:
        if sort not in self._orders:
            self._orders[sort] = in_order(self.users, sort)
        return self._orders[sort]


def _is_with(agent: Agent, user: ActiveUser) -> bool:
    other = user.in_call.agent if user.in_call else None
    return other is not None and fold_email(other.email) == fold_email(agent.email)


def _current(answer: Answer) -> t.Any:
    """Return the answer's value unless it is out of date."""
    if answer.trouble is not None:
        raise answer.trouble
    return answer.value


def _trouble_json(trouble: ServiceError | None) -> dict[str, t.Any]:
    if trouble is None:
        return {}
    said = {"detail": trouble.message, "remedy": trouble.remedy}
    return {"trouble": {"code": trouble.code, **said}}


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)

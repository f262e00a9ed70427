"""Active users as the server sees them: a short cache, one request in flight, policy.

However many agents' pages ask, the service is asked once per distinct question and
``CHATVISOR_CACHE_SECONDS``. While it is down, a list is for a minute what it was last.
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
    "CHATVISOR_DIRECTORY is 'browser': the server cannot see active users, only"
    " CV.user.list and CV.user.status in the agent's page can. Set"
    " CHATVISOR_DIRECTORY = 'server' and the service's CHATVISOR_API_PATHS to list"
    " them here."
)
_WHO_ASKS = (
    "A policy decides which active users an agent may see, and nobody says which"
    " agent asks. Call it in a view behind @chatvisor.agent_required, or pass agent=."
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the active users that an agent may see.

    :ivar total: how many there are on all pages together.
    :ivar page: counts from 1.
    :ivar as_of: no change before this moment is missing.
    :ivar trouble: why the list is an old one; ``None`` if it is not.
    """

    users: tuple[ActiveUser, ...]
    total: int
    page: int
    page_size: int
    as_of: dt.datetime
    trouble: ServiceError | None = None

    def to_json(self) -> dict[str, t.Any]:
        """Write it as the extension's JSON routes do; ``trouble`` only if there is."""
        data = {
            "users": [user.to_json() for user in self.users],
            "total": self.total,
            "page": self.page,
            "pageSize": self.page_size,
            "asOf": timestamp(self.as_of.timestamp()),
        }
        return data | _trouble_json(self.trouble)


class Statuses(t.NamedTuple):
    """Several users, by what they were asked for; ``None`` where nobody is active.

    :ivar as_of: no change before this moment is missing.
    """

    users: Mapping[str, ActiveUser | None]
    as_of: dt.datetime


class Directory:
    """Looks active users up, for one application.

    :param who_asks: finds the agent for whom a policy is asked.
    :param clock: epoch seconds; for what is shown alone.
    :param monotonic: seconds that only ever grow: how old an answer is.
    :param patience: seconds after which a request to the service is overdue: until it
        is over, nobody else waits for the service.
    """

    def __init__(
        self,
        client: Client,
        settings: Settings,
        loaders: Loaders,
        *,
        who_asks: Callable[[], Agent | None] = lambda: None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self._client = client
        self._settings = settings
        self._loaders = loaders
        self._who_asks = who_asks
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

        While the service is down, the list is for a minute the last that it gave;
        then its ``trouble`` says what is wrong.

        :param agent: who asks; the signed-in agent if left out.
        :param q: text that name, e-mail or id contain.
        :param assigned: an agent's e-mail, or ``none``.
        :param waiting: only those who wait for an agent.
        :param in_call: only those who are in a call.
        :param sort: one of :data:`SORTS`; ``-`` in front means descending. Who waits
            for an agent comes first in any case.
        :param page: counts from 1.
        :param page_size: at most 1000.
        :param tick: of the service, at which this is asked: nothing that was fetched
            for an earlier one will do, unless the service is down.
        :raises ServiceError: one of its subclasses, for trouble with the service.
        :raises SetupError: if only the browser can list them.
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

        One that the policy keeps from the agent is as good as not active. Old news is
        not given: by this it is decided who is called.

        :param agent: who asks; the signed-in agent if left out.
        :param tick: as in :meth:`active_users`.
        :raises ServiceError: one of its subclasses, for trouble with the service.
        :raises SetupError: if only the browser can ask.
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
        # Somebody else is called so too, or the user is here a second time, as
        # someone whom the agent may see.
        others: _Everyone = _current(self._everyone(Selection(q=query), tick))
        chosen = meant(query, filter(fits, others.users))
        if chosen is None or chosen.visitor_id == query:
            return chosen
        # A list knows no tabs and pages.
        return self.status(chosen.visitor_id, agent=agent, tick=tick) or chosen

    def statuses(
        self,
        queries: Iterable[str],
        *,
        agent: Agent | None = None,
        tick: int | None = None,
    ) -> Statuses:
        """Find several active users, each as :meth:`status` does, in one request.

        A backend that cannot find several at once is asked for its whole list.

        :param agent: who asks; the signed-in agent if left out.
        :param tick: as in :meth:`active_users`.
        :raises ServiceError: one of its subclasses, for trouble with the service.
        :raises SetupError: if only the browser can ask.
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
        """List everybody, for those who run the application: no policy, no cache.

        :raises ServiceError: one of its subclasses, for trouble with the service.
        :raises SetupError: if only the browser can list them.
        """
        if not self._available():
            return ()
        return load_all(self._client, selection or EVERYBODY)

    def ask(self, question: Callable[[Client], T]) -> T:
        """Ask the service something else; at once an error while it hangs.

        :raises ServiceError: one of its subclasses, for trouble with the service.
        """
        return t.cast(T, self._cache.ask(lambda: question(self._client)))

    def _time_of(self, moment: float) -> dt.datetime:
        """Say by the clock when something was that is known by its age."""
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
        return lambda user: bool(policy(asking, user))

    def _page(self, selection: Selection, tick: int | None) -> Listing:
        answer = self._cache.get(
            selection, lambda: self._client.active_users(selection), tick=tick
        )
        found: UserPage = answer.value
        return self._listing(found.results, found.total, selection, answer)

    def _named(self, queries: tuple[str, ...], tick: int | None) -> Answer:
        """Load everybody whom one of these names, and maybe others too."""
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
        # The backend lists everybody instead: once for all who ask for somebody.
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
        # Sorted and cut here, so that all orders and pages share what was loaded.
        whole = selection._replace(sort="name", page=1, page_size=MAX_PAGE_SIZE)
        return self._cache.get(
            ("everyone", whole),
            lambda: _Everyone(load_all(self._client, whole)),
            tick=tick,
        )


class _Everyone:
    """A whole list. Many agents ask for the same order: it is sorted once."""

    def __init__(self, users: tuple[ActiveUser, ...]) -> None:
        self.users = users
        self._orders: dict[str, list[ActiveUser]] = {}

    def in_order(self, sort: str) -> list[ActiveUser]:
        if sort not in self._orders:
            self._orders[sort] = in_order(self.users, sort)
        return self._orders[sort]


def _current(answer: Answer) -> t.Any:
    """Take what was answered, if it is no old news."""
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

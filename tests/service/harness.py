"""A service's core with a clock in the hand, and clients that keep what they got."""

from __future__ import annotations

import asyncio
import functools
import itertools
import typing as t
from collections.abc import Coroutine
from collections.abc import Iterable
from functools import partial

import msgspec

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.api import SCOPES
from flask_chatvisor.contract.matching import Selection
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.contract.users import Profile
from flask_chatvisor.contract.users import UserRow
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Access
from flask_chatvisor.service.core import Core
from flask_chatvisor.service.engine import MemoryEngine
from flask_chatvisor.service.hub.calls import ringing
from flask_chatvisor.service.hub.effects import Invitation
from flask_chatvisor.service.protocol import PageRef
from flask_chatvisor.service.records.active_user import profile
from flask_chatvisor.service.records.call import Call
from flask_chatvisor.service.settings import Settings

API_TOKEN = "api-token-of-the-tests-32-bytes!!"
IDENTITY_KEY = "identity-key-of-the-tests-32-bytes!"
START = 1_700_000_000.0
MARY = AgentRef(name="Mary Major", email="mary@example.com")
ADAM = AgentRef(name="Adam Minor", email="adam@example.com")
JOHN = {"id": "1", "email": "john@example.com", "firstname": "John"}
JANE = {"id": "2", "email": "jane@example.com", "firstname": "Jane"}
HOME = PageRef(title="Home", path="/")

M = t.TypeVar("M", bound=p.Message)
T = t.TypeVar("T")
_server_messages = msgspec.json.Decoder(p.ServerMessage)


class Client:
    """One connection to the hub."""

    def __init__(self, world: World, *, acks: bool = True) -> None:
        self.world = world
        self.acks = acks
        self.address = ""
        self.inbox: list[p.ServerMessage] = []
        self.closed: p.Close | None = None
        #: What a tab shows of its visitor's call.
        self.shown: p.OwnCall | None = None

    def push(self, text: str) -> bool:
        """Take what the service sends."""
        self.world.hear(self, _server_messages.decode(text))
        return True

    def close(self, code: int, reason: str) -> None:
        """Be hung up on."""
        if self.closed is None:
            self.closed = p.Close(code)
            self.world.gone.append((self.address, code))

    def say(self, message: p.ClientMessage) -> None:
        """Send a message, which passes through JSON as in real life."""
        self.world.say(self, message)

    def leave(self, code: int = 1001) -> None:
        self.world.leave(self, code)

    def got(self, kind: type[M]) -> list[M]:
        """Everything of a kind that was received and not yet looked at."""
        found: list[M] = [one for one in self.inbox if isinstance(one, kind)]
        self.inbox = [one for one in self.inbox if not isinstance(one, kind)]
        return found

    def last(self, kind: type[M]) -> M:
        """The latest message of a kind."""
        found: list[M] = [one for one in self.inbox if isinstance(one, kind)]
        assert found, f"no {kind.__name__} among {self.inbox}"
        return found[-1]


class Tab(Client):
    """A visitor's tab."""

    visitor_id = ""
    secret = ""


class World:
    """A hub, its clock, and everybody who is connected to it."""

    #: What keeps the visits; the tests of the hub run with several.
    make_engine: t.ClassVar[type[MemoryEngine]] = MemoryEngine

    def __init__(self, **settings: t.Any) -> None:
        self.settings = Settings(
            **{"api_tokens": (API_TOKEN,), "url": "https://help.example.com"} | settings
        )
        numbers = itertools.count(1)
        self.access = Access(self.settings, random=lambda: f"id{next(numbers)}")
        self.events: list[dict[str, t.Any]] = []
        self.engine = type(self).make_engine()
        self.core = Core(
            self.settings,
            self.access,
            self.engine,
            clock=lambda: self.now,
            on_event=self.events.append,
            keeps_time=False,
        )
        self.now = START
        self.clients: dict[str, Client] = {}
        self.gone: list[tuple[str, int]] = []
        #: The public address of whoever connects from now on.
        self.public: str | None = None

    def run(self, work: Coroutine[t.Any, t.Any, T]) -> T:
        """Have something done, and whatever follows from it."""
        try:
            return _loop().run_until_complete(work)
        finally:
            while self.gone:
                address, code = self.gone.pop(0)
                self.clients.pop(address, None)
                _loop().run_until_complete(self.core.clients.closed(address, code))

    # --- who is there

    def client(self, *, acks: bool = True) -> Client:
        return self._connect(Client(self, acks=acks))

    def tab(
        self,
        tag: t.Any = None,
        *,
        like: Tab | None = None,
        page: PageRef = HOME,
        visible: bool = True,
        acks: bool = True,
    ) -> Tab:
        """Open a tab: a new visitor's, or another one of the same visitor."""
        tab = self._connect(Tab(self, acks=acks))
        who, secret = (like.visitor_id, like.secret) if like else (None, None)
        tab.say(p.HelloVisitor(page, visible, who, secret))
        if tag is not None:
            tab.say(p.Tag(tag))
        return tab

    def agent(self, agent: AgentRef = MARY, *, ttl: int = 3600) -> Client:
        client = self.client()
        client.say(p.HelloAgent(self.user_token(agent, ttl=ttl)))
        return client

    def window(
        self, url: str, *, acks: bool = True, window_id: str | None = None
    ) -> Client:
        """Open a call window by its URL."""
        client = self.client(acks=acks)
        client.say(_hello(url, window_id))
        return client

    def windows_at_once(self, url: str, count: int) -> list[Client]:
        """Open several call windows by one URL at the same moment."""
        clients = [self.client() for _ in range(count)]
        hello, receive = _hello(url), self.core.clients.receive
        self.run(_together(receive(one.address, hello) for one in clients))
        return clients

    def user_token(self, agent: AgentRef = MARY, **claims: t.Any) -> str:
        values: dict[str, t.Any] = {"scope": SCOPES, "now": self.now}
        values |= {"ttl": 3600, "email": agent.email, "name": agent.name} | claims
        return tokens.sign_user(API_TOKEN, **values)

    # --- what they do

    def call(self, tab: Tab, agent: AgentRef = MARY) -> Invitation:
        """Have an agent request a call."""
        request = partial(ringing.request, agent=agent)
        invitation = self.run(self.core.runner.turn(tab.visitor_id, request))
        assert invitation is not None
        return invitation

    def revoke(self, email: str = MARY.email, visitor_id: str | None = None) -> int:
        """Have the application revoke an agent; return how many calls it ended."""
        return self.run(self.core.clients.revoke(email, visitor_id, self.now))

    def calls_at_once(
        self, tab: Tab, agents: Iterable[AgentRef]
    ) -> list[Invitation | BaseException | None]:
        """Have several agents request a call at the same moment."""
        turn = self.core.runner.turn
        jobs = [partial(ringing.request, agent=agent) for agent in agents]
        return self.run(_together(turn(tab.visitor_id, job) for job in jobs))

    def ringing(self, tab: Tab) -> Client:
        """Have Mary call; her window is returned, connected."""
        return self.window(self.call(tab).url)

    def accepted(self, tab: Tab) -> tuple[Client, Client]:
        """Have Mary call and the visitor accept: the windows of both."""
        agent = self.ringing(tab)
        return agent, self.window(tab.last(p.Ring).url)

    def live(self, tab: Tab) -> tuple[Client, Client]:
        """Have a call until the agent sees a picture: the windows of both."""
        agent, visitor = self.accepted(tab)
        visitor.say(p.Share())
        agent.say(p.LiveMessage())
        return agent, visitor

    def help(self, tab: Tab) -> Client:
        """Have a customer ask for help: the window in which it waits."""
        tab.say(p.ConferenceStart(1))
        return self.window(tab.last(p.Conference).url)

    def say(self, client: Client, message: p.ClientMessage) -> None:
        decoded = p.decode(p.encode(t.cast(p.ServerMessage, message)))
        if client.closed is None:
            self.run(self.core.clients.receive(client.address, decoded))

    def hear(self, client: Client, message: p.ServerMessage) -> None:
        client.inbox.append(message)
        if isinstance(message, p.Welcome | p.OwnCallMessage):
            client.shown = message.call
        if isinstance(client, Tab) and isinstance(message, p.Welcome):
            client.visitor_id, client.secret = message.visitor_id, message.secret
        ack_id = getattr(message, "ack_id", None)
        if client.acks and ack_id is not None:
            self.core.connections.repeats.acknowledge(client.address, ack_id)

    def leave(self, client: Client, code: int) -> None:
        if self.clients.pop(client.address, None) is not None:
            self.run(self.core.clients.closed(client.address, code))

    def wait(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due meanwhile."""
        end = self.now + seconds
        while (due := self.core.keeper.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            self.run(self.core.keeper.advance())
        self.now = end

    # --- what there is to see

    def users(self, **selection: t.Any) -> list[UserRow]:
        """The active users, as they are listed."""
        return list(self.core.directory.select(Selection(**selection))[1])

    def find(self, query: str) -> Profile | None:
        """One active user, with tabs and pages."""
        row = self.core.directory.find(query)
        if row is None:
            return None
        return profile(self.run(self.engine.load(row.visitor_id)))

    def call_of(self, call_id: str) -> Call | None:
        visitor_id = self.run(self.engine.visitor_of(call_id))
        if visitor_id is None:
            return None
        return self.run(self.engine.load(visitor_id)).calls.get(call_id)

    def state(self, call_id: str) -> str:
        call = self.call_of(call_id)
        assert call is not None
        return f"{call.state}:{call.reason}" if call.reason else str(call.state)

    def kinds(self) -> list[str]:
        """The events that the application got."""
        return [event["type"].removeprefix("call.") for event in self.events]

    def _connect(self, client: t.Any) -> t.Any:
        client.address = self.core.connections.open(client, self.public)
        self.clients[client.address] = client
        return client


def _hello(url: str, window_id: str | None = None) -> p.HelloCall:
    call_id, _, ticket = url.rpartition("/call/")[2].partition("#")
    return p.HelloCall(call_id, ticket=ticket, window_id=window_id)


async def _together(
    works: Iterable[Coroutine[t.Any, t.Any, T]],
) -> list[T | BaseException]:
    return await asyncio.gather(*works, return_exceptions=True)


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def john(world: World) -> Profile:
    """The active user that most tests use."""
    user = world.find("john@example.com")
    assert user is not None
    return user


def shown(tab: Client) -> p.OwnCall:
    """The call that a tab shows."""
    assert tab.shown is not None
    return tab.shown


def end_of(window: Client) -> str | None:
    """The reason that a call window heard last."""
    return window.last(p.CallStateMessage).reason


def ticks(agent: Client) -> list[int]:
    """The numbers of the ticks that were received and not yet looked at."""
    return [tick.n for tick in agent.got(p.Tick)]

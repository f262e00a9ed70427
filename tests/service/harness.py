"""A hub with a clock in the hand, and clients that remember what they were sent."""

from __future__ import annotations

import itertools
import typing as t

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.api import SCOPES
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access import Access
from flask_chatvisor.service.hub import Hub
from flask_chatvisor.service.outbox import HangUp
from flask_chatvisor.service.outbox import Send
from flask_chatvisor.service.protocol import Page
from flask_chatvisor.service.rooms import Invitation
from flask_chatvisor.service.settings import Settings
from flask_chatvisor.service.store import MemoryStore

API_TOKEN = "api-token-of-the-tests"
IDENTITY_KEY = "identity-key-of-the-tests"
START = 1_700_000_000.0
MARY = AgentRef(name="Mary Major", email="mary@example.com")
ADAM = AgentRef(name="Adam Minor", email="adam@example.com")
JOHN = {"id": "1", "email": "john@example.com", "firstname": "John"}
JANE = {"id": "2", "email": "jane@example.com", "firstname": "Jane"}
HOME = Page(title="Home", path="/")

M = t.TypeVar("M", bound=p.Message)


class Client:
    """One connection to the hub."""

    def __init__(self, world: World, address: int, *, acks: bool = True) -> None:
        self.world = world
        self.address = address
        self.acks = acks
        self.inbox: list[p.ServerMessage] = []
        self.closed: p.Close | None = None
        #: What a tab shows of its visitor's call.
        self.shown: p.OwnCall | None = None

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

    def __init__(self, **settings: t.Any) -> None:
        self.settings = Settings(
            **{"api_tokens": (API_TOKEN,), "url": "https://help.example.com"} | settings
        )
        numbers = itertools.count(1)
        self.store = MemoryStore()
        self.access = Access(self.settings, random=lambda: f"id{next(numbers)}")
        self.hub = Hub(self.settings, self.store, self.access)
        self.now = START
        self.clients: dict[int, Client] = {}
        self.events: list[dict[str, t.Any]] = []
        self._addresses = itertools.count(1)

    # --- who is there

    def client(self, *, acks: bool = True) -> Client:
        return self._connect(Client(self, next(self._addresses), acks=acks))

    def tab(
        self,
        tag: t.Any = None,
        *,
        like: Tab | None = None,
        page: Page = HOME,
        visible: bool = True,
        acks: bool = True,
    ) -> Tab:
        """Open a tab: a new visitor's, or another one of the same visitor."""
        tab = self._connect(Tab(self, next(self._addresses), acks=acks))
        who, secret = (like.visitor_id, like.secret) if like else (None, None)
        tab.say(p.HelloVisitor(page, visible, who, secret))
        welcome = tab.last(p.Welcome)
        tab.visitor_id, tab.secret = welcome.visitor_id, welcome.secret
        if tag is not None:
            tab.say(p.Tag(tag))
        return tab

    def agent(self, agent: AgentRef = MARY, *, ttl: int = 3600) -> Client:
        client = self.client()
        client.say(p.HelloAgent(self.user_token(agent, ttl=ttl)))
        return client

    def window(self, url: str, *, acks: bool = True) -> Client:
        """Open a call window by its URL."""
        call_id, _, ticket = url.rpartition("/call/")[2].partition("#")
        client = self.client(acks=acks)
        client.say(p.HelloCall(call_id, ticket=ticket))
        return client

    def user_token(self, agent: AgentRef = MARY, **claims: t.Any) -> str:
        values: dict[str, t.Any] = {"scope": SCOPES, "now": self.now}
        values |= {"ttl": 3600, "email": agent.email, "name": agent.name} | claims
        return tokens.sign_user(API_TOKEN, **values)

    # --- what they do

    def call(self, tab: Tab, agent: AgentRef = MARY) -> Invitation:
        """Have an agent request a call."""
        try:
            return self.hub.request_call(self.now, agent, tab.visitor_id)
        finally:
            self.pump()

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
            self.hub.receive(self.now, client.address, decoded)
            self.pump()

    def leave(self, client: Client, code: int) -> None:
        if self.clients.pop(client.address, None) is not None:
            self.hub.disconnect(self.now, client.address, code)
            self.pump()

    def wait(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due meanwhile."""
        end = self.now + seconds
        while (due := self.hub.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.hub.advance(self.now)
            self.pump()
        self.now = end

    def pump(self) -> None:
        while effects := self.hub.drain():
            for effect in effects:
                if isinstance(effect, Send):
                    self._deliver(effect)
                elif isinstance(effect, HangUp):
                    self._hang_up(effect)
                else:
                    self.events.append(effect.event)

    def state(self, call_id: str) -> str:
        call = self.store.call(call_id)
        assert call is not None
        return f"{call.state}:{call.reason}" if call.reason else str(call.state)

    def kinds(self) -> list[str]:
        """What the application was told of."""
        return [event["type"].removeprefix("call.") for event in self.events]

    def _connect(self, client: t.Any) -> t.Any:
        self.clients[client.address] = client
        return client

    def _deliver(self, effect: Send) -> None:
        client = self.clients.get(effect.address)
        if client is None:
            return
        client.inbox.append(effect.message)
        if isinstance(effect.message, p.Welcome | p.OwnCallMessage):
            client.shown = effect.message.call
        ack_id = getattr(effect.message, "ack_id", None)
        if client.acks and ack_id is not None:
            self.hub.receive(self.now, client.address, p.Ack(ack_id))

    def _hang_up(self, effect: HangUp) -> None:
        client = self.clients.pop(effect.address, None)
        if client is not None:
            client.closed = effect.code
            self.hub.disconnect(self.now, effect.address, effect.code)

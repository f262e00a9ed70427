"""Whatever clients send and whenever they go, the hub stands and tells nobody else."""

from __future__ import annotations

import contextlib
import typing as t

import msgspec
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import rule

from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.hub.showing import own_call
from flask_chatvisor.service.protocol import PageRef
from flask_chatvisor.service.records.visit import Visit

from .engines import ContestedEngine
from .harness import ADAM
from .harness import MARY
from .harness import Client
from .harness import Tab
from .harness import World

TEXTS = st.text(max_size=5)
PAGES = st.builds(PageRef, title=TEXTS, path=TEXTS)
TAGS = st.sampled_from(
    [{}, {"id": "1", "externalToken": "token-of-a-page"}, {"id": "2"}, None, "x"]
)
NUMBERS = st.integers(0, 3)
UIDS = st.sampled_from(["1", "u1", "u2"])
ANY_MESSAGE: st.SearchStrategy[p.ClientMessage] = st.one_of(
    st.builds(p.HelloVisitor, page=PAGES),
    st.builds(p.HelloAgent, token=TEXTS),
    st.builds(p.HelloCall, call_id=st.text(min_size=1, max_size=3)),
    st.builds(p.Ack, ack_id=st.integers(0, 50)),
    st.builds(p.Tag, tag=TAGS),
    st.builds(p.Reset),
    st.builds(p.PageMessage, page=PAGES, visible=st.booleans()),
    st.builds(p.Stop, call_id=st.text(min_size=1, max_size=3)),
    st.builds(p.ConferenceStart, request_id=NUMBERS, uid=st.none() | UIDS),
    st.builds(p.ConferenceJoin, request_id=NUMBERS, uid=UIDS),
    st.builds(p.QueueStatus, request_id=NUMBERS, uid=UIDS),
    st.builds(p.AgentsMessage, request_id=NUMBERS),
    st.builds(p.Share),
    st.builds(p.LiveMessage),
    st.builds(p.Offer, sdp=TEXTS),
    st.builds(p.Answer, sdp=TEXTS),
    st.builds(p.Candidate, candidate=TEXTS),
    st.builds(p.Restart),
    st.builds(p.Ping),
    st.builds(
        p.End,
        reason=st.sampled_from(
            ["visitor-ended", "agent-ended", "share-cancelled", "failed"]
        ),
    ),
)
FOR_TABS = (
    p.Welcome
    | p.Ring
    | p.Unring
    | p.OwnCallMessage
    | p.Conference
    | p.Joined
    | p.Queue
    | p.AgentsOnline
    | p.Refused
)
FOR_AGENTS = p.AgentWelcome | p.Tick
FOR_WINDOWS = p.CallWelcome | p.CallStateMessage | p.Pong | p.Peer | p.Candidate
FOR_AGENTS_WINDOWS = FOR_WINDOWS | p.VisitorPage | p.Offer
FOR_VISITORS_WINDOWS = FOR_WINDOWS | p.Answer | p.Restart
FITTING: dict[str, t.Any] = {
    "tab": FOR_TABS,
    "agent": FOR_AGENTS,
    "agent-window": FOR_AGENTS_WINDOWS,
    "visitor-window": FOR_VISITORS_WINDOWS,
}


class SuspiciousWorld(World):
    """Looks at every message: may this client have it?"""

    make_engine = ContestedEngine

    def __init__(self) -> None:
        super().__init__()
        self.roles: dict[str, str] = {}
        self.calls: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self.visitors: dict[str, str] = {}

    def hear(self, client: Client, message: p.ServerMessage) -> None:
        address = client.address
        self._learn(address, message)
        assert isinstance(message, FITTING[self.roles[address]])
        assert b"token-of-a-page" not in p.encode(message)
        call_id = getattr(message, "call_id", None)
        if call_id is not None:
            if visitor_id := self.engine._owners.get(call_id):
                self.visitors[call_id] = visitor_id
            mine = self.owners.get(address) == self.visitors[call_id]
            assert mine or self.calls.get(address) == call_id
        super().hear(client, message)

    def _learn(self, address: str, message: p.ServerMessage) -> None:
        if isinstance(message, p.Welcome):
            self.roles[address] = "tab"
            self.owners[address] = message.visitor_id
        elif isinstance(message, p.AgentWelcome):
            self.roles[address] = "agent"
        elif isinstance(message, p.CallWelcome):
            self.roles[address] = f"{message.role}-window"
            self.calls[address] = message.call_id


class HubMachine(RuleBasedStateMachine):
    """Visitors and agents who do all they can think of, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = SuspiciousWorld()
        self.urls: list[str] = []
        self.keys: list[p.HelloCall] = []

    def pick(self, data: st.DataObject, kind: type[Client] = Client) -> t.Any:
        found = [one for one in self.world.clients.values() if isinstance(one, kind)]
        return data.draw(st.sampled_from(found)) if found else None

    @rule(data=st.data(), tag=TAGS, acks=st.booleans(), new=st.booleans())
    def open_tab(self, data: st.DataObject, tag: t.Any, acks: bool, new: bool) -> None:
        like = None if new else self.pick(data, Tab)
        self.world.tab(tag, like=like, acks=acks)

    @rule(agent=st.sampled_from([MARY, ADAM]), ttl=st.sampled_from([1, 3600]))
    def open_agents_page(self, agent: AgentRef, ttl: int) -> None:
        self.world.agent(agent, ttl=ttl)

    @rule(data=st.data(), agent=st.sampled_from([MARY, ADAM]))
    def request_call(self, data: st.DataObject, agent: AgentRef) -> None:
        tab = self.pick(data, Tab)
        if tab is None:
            return
        with contextlib.suppress(Refusal):
            self.urls.append(self.world.call(tab, agent).url)

    @rule(data=st.data(), acks=st.booleans())
    def open_window(self, data: st.DataObject, acks: bool) -> None:
        self.collect()
        if self.urls:
            self.world.window(data.draw(st.sampled_from(self.urls)), acks=acks)

    @rule(data=st.data(), shares=st.booleans())
    def make_a_call(self, data: st.DataObject, shares: bool) -> None:
        tab = self.pick(data, Tab)
        if tab is None:
            return
        with contextlib.suppress(Refusal):
            call = self.world.call(tab)
            agent = self.world.window(call.url)
            rings = [one for one in tab.got(p.Ring) if one.call_id == call.call_id]
            if rings and shares:
                self.world.window(rings[-1].url).say(p.Share())
                agent.say(p.LiveMessage())

    @rule(data=st.data())
    def come_back(self, data: st.DataObject) -> None:
        self.collect()
        if self.keys:
            self.world.client().say(data.draw(st.sampled_from(self.keys)))

    @rule(data=st.data())
    def decline(self, data: st.DataObject) -> None:
        tab = self.pick(data, Tab)
        rings = tab.got(p.Ring) if tab else []
        if rings:
            tab.say(p.Decline(rings[-1].call_id))

    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        tab = self.pick(data, Tab)
        if tab is not None and tab.shown is not None:
            tab.say(p.Stop(tab.shown.call_id))

    @rule(agent=st.sampled_from([MARY, ADAM]))
    def revoke(self, agent: AgentRef) -> None:
        self.world.revoke(agent.email)
        for visit in self.world.engine._visits.values():
            assert agent.email not in visit.agents

    @rule(data=st.data(), message=ANY_MESSAGE)
    def say_anything(self, data: st.DataObject, message: p.ClientMessage) -> None:
        client = self.pick(data)
        if client is not None:
            client.say(message)

    @rule(data=st.data(), steps=st.integers(1, 3))
    def go_on_with_a_call(self, data: st.DataObject, steps: int) -> None:
        course: list[tuple[str, p.ClientMessage]] = [
            ("visitor", p.Share()),
            ("agent", p.LiveMessage()),
            ("agent", p.End("agent-ended")),
        ]
        for role, message in course[:steps]:
            for client in list(self.world.clients.values()):
                if self.world.roles.get(client.address) == f"{role}-window":
                    client.say(message)

    @rule(data=st.data(), code=st.sampled_from([1000, 1001, 1005, 1006, 4503]))
    def leave(self, data: st.DataObject, code: int) -> None:
        client = self.pick(data)
        if client is not None:
            client.leave(code)

    @rule(seconds=st.sampled_from([0.1, 1.9, 4.9, 5.1, 8.1, 21, 31, 46, 301]))
    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(q=TEXTS, data=st.data())
    def look_around(self, q: str, data: st.DataObject) -> None:
        self.world.find(q)

    def collect(self) -> None:
        for client in self.world.clients.values():
            for message in client.inbox:
                if isinstance(message, p.Ring | p.Conference):
                    self.urls.append(message.url)
                if isinstance(message, p.CallWelcome):
                    key = p.HelloCall(message.call_id, secret=message.secret)
                    self.keys.append(key)

    def visits(self) -> list[Visit]:
        return list(self.world.engine._visits.values())

    @invariant()
    def a_visitor_is_in_one_call_at_most(self) -> None:
        for visit in self.visits():
            running = [call for call in visit.calls.values() if not call.ended]
            assert len(running) <= 1
            assert not running or visit.visitor is not None

    @invariant()
    def who_talks_has_an_agent(self) -> None:
        for visit in self.visits():
            for call in visit.calls.values():
                assert not call.relays or call.agent is not None

    @invariant()
    def every_tab_shows_where_its_visitors_call_stands(self) -> None:
        for visit in self.visits():
            for address in visit.visitor.tabs if visit.visitor else ():
                client = self.world.clients[address]
                shown = client.shown and msgspec.structs.replace(
                    client.shown, position=None
                )
                assert shown == own_call(visit, visit.call)

    @invariant()
    def who_waits_is_in_no_call(self) -> None:
        for visit in self.visits():
            if visit.waiting_since is not None:
                assert visit.call is None or visit.call.state == "waiting"

    @invariant()
    def everybody_who_is_gone_leaves_in_the_end(self) -> None:
        for visit in self.visits():
            if visit.visitor is not None and not visit.visitor.tabs:
                call = visit.call
                held = call and (call.relays or call.is_seated("visitor"))
                assert held or visit.visitor.leaves_at is not None

    @invariant()
    def the_list_has_those_who_are_tagged_and_here(self) -> None:
        tagged = {
            visit.id for visit in self.visits() if visit.visitor and visit.visitor.tag
        }
        listed = {row.visitor_id for row in self.world.users(page_size=1000)}
        assert listed == tagged

    def teardown(self) -> None:
        for client in list(self.world.clients.values()):
            client.leave(1006)
        self.world.wait(3600)
        assert self.visits() == []
        assert len(self.world.core.directory) == 0
        assert not self.world.engine._owners
        assert not self.world.engine._calls
        assert self.world.engine._since == {}
        assert len(self.world.engine._waiting) == 0
        assert self.world.core.keeper.next_due() is None


HubMachine.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestHub = HubMachine.TestCase

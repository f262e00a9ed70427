"""Which ICE candidates pass between the windows of a call."""

from __future__ import annotations

import typing as t

import pytest

from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.sockets.candidates import RATE

from ..harness import JOHN
from ..harness import Client
from ..harness import World

#: As browsers write them.
CHROMIUM = (
    "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0"
    " rport 0 generation 0 ufrag EEtu network-cost 999"
)
HIDDEN = (
    "candidate:0 1 UDP 2122252543 4ea2d3e5-9a5b-4c0a-8d8e-2f2b3c4d5e6f.local 50123 typ"
    " host"
)
LAN = "candidate:1 1 udp 2122260223 192.168.1.5 54321 typ host generation 0"
IPV6 = "candidate:2 1 udp 2122260223 2001:db8::7 54321 typ host"
NAT64 = "candidate:4 1 udp 1677729535 64:ff9b::203.0.113.7 46154 typ srflx"
RELAY = "candidate:3 1 udp 1 192.0.2.9 50000 typ relay raddr 192.0.2.1 rport 9"
#: Nobody's browser has to see these.
DROPPED = {
    "tcp": "candidate:9 1 tcp 1518280447 192.0.2.1 9 typ host tcptype passive",
    "tcp as udp": "candidate:9 1 udp 1518280447 192.0.2.1 9 typ host tcptype passive",
    "loopback": "candidate:9 1 udp 1 127.0.0.1 22 typ host",
    "all of loopback": "candidate:9 1 udp 1 127.9.9.9 22 typ host",
    "mapped loopback": "candidate:9 1 udp 1 ::ffff:127.0.0.1 22 typ host",
    "loopback 6": "candidate:9 1 udp 1 ::1 22 typ srflx raddr 0.0.0.0 rport 0",
    "unspecified": "candidate:9 1 udp 1 0.0.0.0 22 typ host",
    "link-local": "candidate:9 1 udp 1 169.254.169.254 80 typ host",
    "link-local 6": "candidate:9 1 udp 1 fe80::1 80 typ host",
    "multicast": "candidate:9 1 udp 1 239.255.255.250 1900 typ host",
    "broadcast": "candidate:9 1 udp 1 255.255.255.255 1900 typ host",
    "a name": "candidate:9 1 udp 1 router.corp.example 80 typ host",
    "a number": "candidate:9 1 udp 1 2130706433 80 typ host",
    "no address": "candidate:9 1 udp 1 80 typ host",
    "nothing else": "candidate:9",
    "compatible loopback": "candidate:9 1 udp 1 ::127.0.0.1 22 typ host",
    "mapped link-local": "candidate:9 1 udp 1 ::ffff:169.254.169.254 80 typ host",
    "compatible link-local": "candidate:9 1 udp 1 ::169.254.169.254 80 typ host",
    "NAT64 loopback": "candidate:9 1 udp 1 64:ff9b::7f00:1 22 typ host",
    "NAT64 link-local": "candidate:9 1 udp 1 64:ff9b::169.254.169.254 80 typ host",
    "NAT64 broadcast": "candidate:9 1 udp 1 64:ff9b::255.255.255.255 80 typ host",
    "mapped multicast": "candidate:9 1 udp 1 ::ffff:239.255.255.250 80 typ host",
    "a printer": "candidate:9 1 udp 1 printer.local 631 typ host",
    "hyphens": f"candidate:9 1 udp 1 {'-' * 36}.local 631 typ host",
    "two lines": f"{LAN}\r\na={LAN}",
    "not ASCII": "candidate:9 1 udp 1 192.0.2.1 \uff18\uff10 typ host",
}


def live(**settings: t.Any) -> tuple[Client, Client]:
    """A call that goes on, on a service that is not on loopback."""
    world = World(**settings)
    return world.live(world.tab(JOHN))


def candidates(window: Client) -> list[str]:
    return [one.candidate for one in window.got(p.Candidate)]


@pytest.mark.parametrize("candidate", [CHROMIUM, HIDDEN, LAN, IPV6, NAT64, RELAY, ""])
def test_what_browsers_need_to_meet_passes(candidate: str) -> None:
    agent, visitor = live()
    for here, there in ((visitor, agent), (agent, visitor)):
        here.say(p.Candidate(candidate, "0", 0, "EEtu"))
        assert there.got(p.Candidate) == [p.Candidate(candidate, "0", 0, "EEtu")]


@pytest.mark.parametrize("candidate", DROPPED.values(), ids=DROPPED)
def test_other_candidates_are_dropped_and_the_call_goes_on(candidate: str) -> None:
    agent, visitor = live()
    visitor.say(p.Candidate(candidate))
    visitor.say(p.Offer(f"v=0\r\na={candidate}\r\na=ice-ufrag:x\r\n"))
    assert candidates(agent) == []
    (offer,) = agent.got(p.Offer)
    allowed = f"a={LAN}\r\n" if candidate == DROPPED["two lines"] else ""
    assert offer.sdp.replace(allowed, "") == "v=0\r\na=ice-ufrag:x\r\n"
    agent.say(p.Candidate(LAN))
    assert candidates(visitor) == [LAN]


@pytest.mark.parametrize("break_", ["\n", "\r", "\r\n", "\x0b", "\u2028"])
@pytest.mark.parametrize("before", ["a=", " a=", "A=", "a= ", "a=x "])
def test_no_line_break_hides_a_candidate(break_: str, before: str) -> None:
    agent, visitor = live()
    line = before + DROPPED["loopback"]
    visitor.say(p.Offer(f"v=0{break_}{line}{break_}s=-{break_}"))
    assert agent.last(p.Offer).sdp == f"v=0{break_}s=-{break_}"


def test_descriptions_pass_unchanged_apart_from_dropped_candidates() -> None:
    agent, visitor = live()
    kept = f"v=0\r\ns=-\r\na={CHROMIUM}\r\na={RELAY}\r\na=end-of-candidates\r\n"
    visitor.say(p.Offer(kept))
    assert agent.last(p.Offer).sdp == kept
    agent.say(p.Answer(kept))
    assert visitor.last(p.Answer).sdp == kept


def test_only_so_many_candidates_of_a_call_pass() -> None:
    world = World()
    agent, visitor = world.live(world.tab(JOHN))
    for _ in range(RATE.burst + 10):
        visitor.say(p.Candidate(LAN))
    assert len(candidates(agent)) == RATE.burst
    world.wait(1)
    for _ in range(RATE.burst):
        visitor.say(p.Candidate(LAN))
    assert len(candidates(agent)) == RATE.per_second


@pytest.mark.parametrize("description", [p.Offer, p.Answer])
@pytest.mark.parametrize("returns", [False, True])
def test_nothing_that_a_window_sends_makes_them_more(
    description: type[p.Offer | p.Answer], returns: bool
) -> None:
    world = World()
    agent, visitor = world.live(world.tab(JOHN))
    sender, other = (visitor, agent) if description is p.Offer else (agent, visitor)
    for _ in range(10):
        if returns:
            hello = sender.last(p.CallWelcome)
            sender.leave()
            sender = world.client()
            sender.say(p.HelloCall(hello.call_id, secret=hello.secret))
        sender.say(description(f"a={LAN}\r\n" * 60))
    sent = [one.sdp.count("candidate:") for one in other.got(description)]
    assert sum(sent) == RATE.burst


def test_on_loopback_loopback_is_where_everybody_is() -> None:
    agent, visitor = live(url="http://127.0.0.1:5081")
    visitor.say(p.Candidate(DROPPED["loopback"]))
    assert candidates(agent) == [DROPPED["loopback"]]


def test_with_the_relay_policy_only_relays_pass_and_name_no_one() -> None:
    turn = ({"urls": "turn:t.example.com"},)
    agent, visitor = live(ice_servers=turn, ice_policy="relay")
    assert agent.last(p.CallWelcome).ice_policy == "relay"
    for candidate in (CHROMIUM, HIDDEN, LAN, IPV6, RELAY):
        visitor.say(p.Candidate(candidate))
    anonymous = RELAY.replace("raddr 192.0.2.1", "raddr 0.0.0.0")
    assert candidates(agent) == [anonymous]
    agent.say(p.Answer(f"v=0\r\na={LAN}\r\na={RELAY}\r\n"))
    assert visitor.last(p.Answer).sdp == f"v=0\r\na={anonymous}\r\n"


def test_without_a_policy_all_ways_are_allowed() -> None:
    agent, _ = live()
    assert agent.last(p.CallWelcome).ice_policy == "all"

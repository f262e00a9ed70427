"""What the application learns of calls."""

from __future__ import annotations

from flask_chatvisor.service import protocol as p

from ..harness import JOHN
from ..harness import World


def test_a_whole_call_is_told(world: World) -> None:
    tab = world.tab(JOHN)
    agent, _ = world.live(tab)
    world.wait(12.5)
    agent.say(p.End("agent-ended"))
    assert world.kinds() == ["requested", "started", "ended"]
    assert world.events[0] == {
        "type": "call.requested",
        "callId": tab.last(p.Ring).call_id,
        "visitorId": tab.visitor_id,
        "userId": "1",
        "agent": {"name": "Mary Major", "email": "mary@example.com"},
        "reason": None,
        "at": "2023-11-14T22:13:20.000Z",
        "duration": None,
    }
    assert world.events[2]["reason"] == "agent-ended"
    assert world.events[2]["duration"] == 12.5


def test_a_call_that_never_was_live_has_no_duration(world: World) -> None:
    tab = world.tab(JOHN)
    world.ringing(tab)
    tab.say(p.Decline(tab.last(p.Ring).call_id))
    assert world.kinds() == ["requested", "ended"]
    assert world.events[1]["duration"] is None


def test_help_is_told_when_it_waits(world: World) -> None:
    tab = world.tab({"id": "9"})
    tab.say(p.ConferenceStart(1))
    assert world.kinds() == []
    window = world.window(tab.last(p.Conference).url)
    assert world.kinds() == ["requested"]
    assert world.events[0]["agent"] is None
    assert world.events[0]["userId"] == "9"
    window.say(p.End("visitor-ended"))
    assert world.kinds() == ["requested", "ended"]


def test_help_that_never_waited_is_not_told(world: World) -> None:
    tab = world.tab(JOHN)
    tab.say(p.ConferenceStart(1))
    world.wait(61)
    assert world.kinds() == []

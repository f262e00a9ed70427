"""Messages on the wire: their names, and what is not let in."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_chatvisor.contract.tag import FIELDS
from flask_chatvisor.contract.users import AgentRef
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.protocol import Close
from flask_chatvisor.service.protocol import ProtocolError
from tests.doubles.cpu import seconds_of


def names(union: t.Any) -> set[str]:
    return {str(one.__struct_config__.tag) for one in t.get_args(union)}


def test_clients_say_what_is_documented() -> None:
    hellos = {"hello-visitor", "hello-agent", "hello-call"}
    tabs = {"tag", "reset", "page", "decline", "stop", "agents", "queue-status"}
    windows = {"share", "live", "end", "offer", "answer", "candidate", "restart"}
    conference = {"conference-start", "conference-join"}
    more = {"ack", "ping"}
    assert names(p.ClientMessage) == hellos | tabs | windows | conference | more


def test_the_service_says_what_is_documented() -> None:
    tabs = {"welcome", "ring", "unring", "own-call", "conference", "joined", "queue"}
    agents = {"agent-welcome", "tick"}
    windows = {"call-welcome", "call-state", "peer", "visitor-page"}
    signals = {"offer", "answer", "candidate", "restart"}
    more = {"agents", "refused", "pong"}
    assert names(p.ServerMessage) == tabs | agents | windows | signals | more


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ('{"type":"ack","ackId":3}', p.Ack(3)),
        ('{"type":"share"}', p.Share()),
        ('{"type":"decline","callId":"c"}', p.Decline("c")),
        ('{"type":"stop","callId":"c"}', p.Stop("c")),
        (
            '{"type":"page","page":{"title":"T","path":"/p"},"visible":false}',
            p.PageMessage(p.PageRef("T", "/p"), False),
        ),
        (
            '{"type":"candidate","candidate":"c","sdpMid":"0","sdpMLineIndex":1,'
            '"usernameFragment":"u"}',
            p.Candidate("c", "0", 1, "u"),
        ),
        (
            '{"type":"candidate","candidate":"","sdpMid":null}',
            p.Candidate(""),
        ),
        (
            '{"type":"conference-join","requestId":1,"uid":"u",'
            '"props":{"firstName":"F","joinedTimestamp":1e12}}',
            p.ConferenceJoin(
                1, "u", p.QueueProps(first_name="F", joined_timestamp=1e12)
            ),
        ),
    ],
)
def test_a_frame_is_read(frame: str, message: p.ClientMessage) -> None:
    assert p.decode(frame) == message
    assert p.decode(frame.encode()) == message


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "nul",
        "null",
        "[]",
        '"x"',
        "{}",
        '{"type":7}',
        '{"type":"welcome","visitorId":"v","secret":"s"}',
        '{"type":"ring"}',
        '{"type":"share","x":1}',
        '{"type":"ack"}',
        '{"type":"ack","ackId":"1"}',
        '{"type":"ack","ackId":-1}',
        '{"type":"ack","ackId":1e300}',
        '{"type":"ack","ackId":' + "9" * 400 + "}",
        '{"type":"decline","callId":""}',
        '{"type":"decline","callId":"' + "x" * 129 + '"}',
        '{"type":"end","reason":"no-answer"}',
        '{"type":"page","page":{"title":"","path":"","query":"x"},"visible":true}',
        '{"type":"decline","callId":"\\ud800"}',
        '{"type":"candidate","candidate":"","sdpMLineIndex":' + "9" * 30 + "}",
        b"\xff\xfe",
        '{"type":"tag","tag":' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
def test_what_is_no_message_is_refused(frame: str | bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        p.decode(frame)
    assert caught.value.code is Close.BAD_MESSAGE
    assert caught.value.detail


#: Tags of the size of a frame that cost much if they are decoded carelessly.
COSTLY = {
    "floats": "1e308",
    "small floats": "1e-308",
    "long floats": "1.7976931348623157e308",
    "integers": "9" * 4000,
    "objects": '{"":{}}',
    "lists": "[" * 100 + "]" * 100,
    "texts": '"\\u00e9"',
}


def filled(one: str, name: str) -> str:
    """A frame with a tag that has as many of these as there is room for."""
    many = ",".join([one] * (60_000 // (len(one) + 1)))
    return f'{{"type":"tag","tag":{{"{name}":[{many}]}}}}'


@pytest.mark.parametrize("name", [*FIELDS, "other"])
@pytest.mark.parametrize("one", COSTLY.values(), ids=COSTLY)
def test_no_frame_costs_more_than_reading_it_once(one: str, name: str) -> None:
    frame = filled(one, name)

    def read() -> None:
        message = p.decode(frame)
        assert isinstance(message, p.Tag)
        message.read(FIELDS)

    assert seconds_of(read) < 2 * seconds_of(lambda: json.loads(frame))


def test_of_a_tag_only_what_is_asked_for_is_decoded() -> None:
    number = "9" * 5000
    message = p.decode(f'{{"type":"tag","tag":{{"id":{number},"email":"e","x":1}}}}')
    assert isinstance(message, p.Tag)
    assert message.read(["email", "gender"]) == {"email": "e"}
    with pytest.raises(ProtocolError):
        message.read(["id"])


def test_of_a_tag_only_so_much_is_read() -> None:
    long = "x" * 10_000
    tag = {"id": long, "labels": [long], "gender": [long], "externalToken": long}
    message = p.decode(json.dumps({"type": "tag", "tag": tag}))
    assert isinstance(message, p.Tag)
    del tag["gender"]
    assert message.read(["labels", "gender", "id", "externalToken"]) == tag


def test_what_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(ProtocolError) as caught:
        p.decode("x" * (p.MAX_FRAME + 1))
    assert caught.value.code is Close.TOO_LARGE


@given(st.text() | st.binary())
def test_reading_garbage_raises_nothing_else(frame: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        p.decode(frame)


def test_a_message_is_written_as_documented() -> None:
    state = p.CallStateMessage(
        ack_id=1,
        state=p.CallState.ENDED,
        reason=p.EndReason.NO_ANSWER,
        agent=AgentRef("Mary", "mary@example.com"),
    )
    assert json.loads(p.encode(state)) == {
        "type": "call-state",
        "ackId": 1,
        "state": "ended",
        "reason": "no-answer",
        "since": None,
        "agent": {"name": "Mary", "email": "mary@example.com"},
        "queuePosition": None,
        "iceServers": None,
    }


@pytest.mark.parametrize(
    "message",
    [
        p.HelloVisitor(p.PageRef(), True, "v", "hush"),
        p.HelloAgent("hush"),
        p.HelloCall("c", ticket="hush", secret="hush"),
        p.Tag({"externalToken": "hush"}),
        p.Welcome("v", "hush"),
        p.Ring("c", AgentRef("n", "e"), "https://h/call/c#hush", ""),
        p.Conference(1, "c", "https://h/call/c#hush"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_secrets_are_not_shown(message: p.Message) -> None:
    assert "hush" not in repr(message)

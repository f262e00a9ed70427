"""Hostile frames and requests for a service: it stands and tells nobody.

An episode is a service with a dozen connections. Everybody knows everything: the ids,
secrets, tickets and tokens of all others. Most frames almost fit their sender, so that
calls get far; the rest are anything.
"""

from __future__ import annotations

import contextlib
import json
import typing as t
from random import Random

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from flask_chatvisor.contract import tokens
from flask_chatvisor.contract.api import PATHS
from flask_chatvisor.contract.matching import SORTS
from flask_chatvisor.contract.tag import FIELDS
from flask_chatvisor.contract.users import UserPage
from flask_chatvisor.service import protocol as p
from flask_chatvisor.service.access.credentials import Refusal
from flask_chatvisor.service.access.limits import Throttle
from flask_chatvisor.service.hub.messages import TAB_RULES
from flask_chatvisor.service.hub.messages import WINDOW_RULES
from flask_chatvisor.service.settings import Limits
from flask_chatvisor.service.web.problems import on_http_error
from flask_chatvisor.service.web.problems import on_refusal
from flask_chatvisor.service.web.rest import Rest
from tests.service.harness import ADAM
from tests.service.harness import API_TOKEN
from tests.service.harness import IDENTITY_KEY
from tests.service.harness import JANE
from tests.service.harness import JOHN
from tests.service.harness import MARY
from tests.service.harness import Client
from tests.service.harness import Tab
from tests.service.harness import World
from tests.service.test_hub_random import FITTING

#: Frames of one episode, and connections that are open at the same time.
LENGTH = 400
MOST = 12
LIMITS = Limits(visitors=3, unverified=5, unverified_places=2, tabs=4)

KINDS: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind for kind in t.get_args(p.ClientMessage)
}
HELLOS = [str(kind.__struct_config__.tag) for kind in t.get_args(p.Hello)]


def _names(kinds: t.Iterable[t.Any]) -> list[str]:
    return [str(kind.__struct_config__.tag) for kind in kinds]


#: What the connections of a role may send.
USUAL = {
    "": HELLOS,
    "tab": [*_names(TAB_RULES), "tag", "agents", "ack"],
    "agent": ["ack"],
    "visitor-window": [*_names(WINDOW_RULES["visitor"]), "ping", "ack"],
    "agent-window": [*_names(WINDOW_RULES["agent"]), "ping", "ack"],
}

NUMBERS = ["0", "-1", "1e308", "1e-308", "1e999", "9" * 30, "9" * 5000, "0.5", "-0"]
ODD = [
    *NUMBERS,
    *("null", "true", "[]", "{}", '""', '"\\ud800"', '"\\u0000"', '"\u202e"', "NaN"),
    '"' + "x" * 2000 + '"',
    '"' + "\U0001f600" * 300 + '"',
    "[" * 300 + "]" * 300,
    "[" * 3000,
    '{"a":' * 200 + "1" + "}" * 200,
    "[" + ",".join(["1e308"] * 500) + "]",
    "{" + ",".join(f'"k{n}":[{n}]' for n in range(200)) + "}",
]


class Fault(Exception):
    """The service did what it must not do."""


class Wire(Client):
    """A connection, and what the service takes it for."""

    world: Episode
    role = ""

    def push(self, text: str) -> bool:
        """Judge what the service sends."""
        self.world.judge_text(text)
        return super().push(text)


class Episode(World):
    """A service, everybody who is connected to it, and all they know.

    :ivar sent: how many frames there have been.
    :ivar last: what happened last, for the report.
    """

    def __init__(self, seed: str) -> None:
        self.chance = Random(seed)
        self.strict = self.chance.random() < 0.5
        keys = (IDENTITY_KEY,) if self.strict or self.chance.random() < 0.5 else ()
        super().__init__(
            identity_keys=keys, require_identity=self.strict, limits=LIMITS
        )
        self.sent = 0
        self.last: list[str] = []
        self.known: dict[str, list[str]] = {
            name: ["x"] for name in ("id", "secret", "call", "ticket", "token")
        }
        #: What belongs together: a visitor and its secret, a call and a key to it.
        self.pairs: dict[str, list[dict[str, str]]] = {
            "hello-visitor": [{}],
            "hello-call": [{}],
        }
        self.minted: list[str] = []
        self.mint()
        rest = Rest(
            self.settings,
            self.access,
            self.core,
            Throttle(self.settings.limits),
            lambda: self.now,
        )
        self.web = Starlette(
            routes=rest.routes(),
            exception_handlers={Refusal: on_refusal, HTTPException: on_http_error},
        )

    def play(self, length: int) -> None:
        """Let everything happen.

        :raises Exception: of any kind, if the service does what it must not do.
        """
        while self.sent < length:
            self.step()
        self.judge_list()
        for client in list(self.clients.values()):
            client.leave(1006)
        self.wait(3 * 3600)
        self.judge_end()

    def step(self) -> None:
        dice = self.chance.random()
        if not self.clients or (dice < 0.1 and len(self.clients) < MOST):
            self.connect()
        elif dice < 0.13:
            self.note("leaves")
            self.any_client().leave(self.chance.choice([1000, 1001, 1006, 4503]))
        elif dice < 0.15:
            self.note("waits")
            times = [0.1, 0.5, 1, 2, 5.1, 8.1, 46, 301, 3000]
            self.wait(self.chance.choices(times, [9, 9, 9, 9, 3, 2, 1, 1, 1])[0])
        elif dice < 0.18:
            self.request_call()
        elif dice < 0.21:
            self.request_list()
        elif dice < 0.3:
            self.go_on()
        elif dice < 0.23:
            self.mint()
            self.judge_list()
        else:
            client = self.any_client()
            self.say_text(client, self.frame(client.role))

    # --- what happens

    def connect(self) -> Wire:
        self.public = self.chance.choice([None, "203.0.113.9", "203.0.113.10"])
        wire = Wire(self, acks=self.chance.random() < 0.7)
        return t.cast(Wire, self._connect(wire))

    def any_client(self) -> Wire:
        return t.cast(Wire, self.chance.choice(list(self.clients.values())))

    def say_text(self, client: Wire, frame: str | bytes) -> None:
        self.note(frame if isinstance(frame, str) else repr(frame))
        self.sent += 1
        self.run(self._receive(client.address, frame))

    async def _receive(self, address: str, frame: str | bytes) -> None:
        # As the endpoint does.
        try:
            await self.core.clients.receive(address, p.decode(frame))
        except p.ProtocolError as error:
            self.core.connections.close(address, error.code, error.detail)

    def go_on(self) -> None:
        """Let a call take its course, or somebody come who may have one."""
        course = {"visitor-window": "share", "agent-window": "live"}
        wires = t.cast(list[Wire], list(self.clients.values()))
        able = [wire for wire in wires if wire.role in course]
        if able and self.chance.random() < 0.6:
            wire = self.chance.choice(able)
            self.say_text(wire, self.message(course[wire.role]))
        elif len(self.clients) < MOST:
            name = self.chance.choice(HELLOS)
            wire = self.connect()
            self.say_text(wire, self.message(name))
            if wire.role == "tab":
                self.say_text(wire, self.message("tag"))

    def request_call(self) -> None:
        tab = t.cast(Tab, self.any_client())
        tab.visitor_id = self.chance.choice(self.known["id"][-4:])
        self.note(f"{tab.visitor_id} is called")
        with contextlib.suppress(Refusal):
            self.learn(self.call(tab, self.chance.choice([MARY, ADAM])).url)

    def request_list(self) -> None:
        pick = self.chance.choice
        texts = ["", "john", "1", "a b c d e f g h i j", "x" * 300, "\x00", "%", *SORTS]
        names = "q label assigned sort waiting inCall pageNumber pageSize query".split()
        query = "&".join(f"{pick(names)}={_quoted(pick(texts))}" for _ in range(3))
        paths = [PATHS["list"], PATHS["list"] + "/" + _quoted(pick(texts))]
        token = pick([API_TOKEN, pick(self.known["token"])])
        path = pick([*paths, PATHS["user_token"], "/rest/v1/call", "/health"])
        method = pick(["GET", "GET", "POST"])
        body = self.value("").encode(errors="surrogatepass")
        self.note(f"{method} {path}?{query} {token}")
        self.wait(0)  # what is due now would be done before the request comes
        status, answer = self.run(self._ask(method, path, query, token, body))
        if status >= 500:
            raise Fault(f"{status} {answer!r}")
        msgspec.json.decode(answer)
        if status != 201:
            self.judge_text(answer.decode())
        if status == 200 and path == PATHS["list"]:
            msgspec.json.decode(answer, type=UserPage)

    async def _ask(
        self, method: str, path: str, query: str, token: str, body: bytes
    ) -> tuple[int, bytes]:
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(errors="replace"),
            "headers": [(b"authorization", f"Bearer {token}".encode("latin-1"))],
        }
        sent: list[t.Any] = []

        async def receive() -> dict[str, t.Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: t.Any) -> None:
            sent.append(message)

        await self.web(scope, receive, send)
        return sent[0]["status"], b"".join(one.get("body", b"") for one in sent)

    def mint(self) -> None:
        """Sign new tokens, good and bad ones."""
        pick, sign = self.chance.choice, tokens.sign_identity
        tag = {**pick([JOHN, JANE]), "x": [1.5, {"y": "z"}]}
        age = pick([-100, 60, 3600])
        forged = sign(tag, "another key", now=self.now, max_age=3600)
        made = [
            sign(tag, IDENTITY_KEY, now=self.now, max_age=age),
            self.user_token(pick([MARY, ADAM]), ttl=pick([-100, 60, 3600])),
            forged,
            forged[:-3],
        ]
        self.minted = made
        self.known["token"] = ["", "a.b.c", *made]

    # --- frames

    def frame(self, role: str) -> str | bytes:
        dice = self.chance.random()
        if dice < 0.01:
            return self.chance.randbytes(self.chance.randrange(50))
        if dice < 0.02:
            return self.chance.choice(ODD)
        usual = USUAL[role] if self.chance.random() < 0.97 else list(KINDS)
        if role.endswith("window") and self.chance.random() < 0.7:
            signal = "offer" if role == "visitor-window" else "answer"
            usual = ["ack", "candidate", signal]
        text = self.message(self.chance.choice(usual))
        return self.mutated(text) if self.chance.random() < 0.03 else text

    def message(self, name: str) -> str:
        fields = [("type", json.dumps(name))]
        pair = self.chance.choice(self.pairs.get(name, [{}])[-4:])
        for field in msgspec.structs.fields(KINDS[name]):
            key = field.encode_name
            if key in pair and self.chance.random() < 0.97:
                fields.append((key, json.dumps(pair[key])))
            elif field.required or (not pair and self.chance.random() < 0.7):
                fields.append((key, self.value(key)))
        return "{" + ",".join(f'"{key}":{one}' for key, one in fields) + "}"

    def value(self, name: str) -> str:
        """JSON for a field, most often of the right kind."""
        pick = self.chance.choice
        if self.chance.random() < 0.01:
            return pick(ODD)
        known = {
            "visitorId": "id",
            "callId": "call",
            "ticket": "ticket",
            "secret": "secret",
            "token": "token",
        }
        if name in known:
            return json.dumps(pick(self.known[known[name]]))
        values: dict[str, t.Any] = {
            "page": lambda: {"title": pick(["", "A"]), "path": pick(["/", "/x?y#z"])},
            "visible": lambda: pick([True, False]),
            "tag": self.tag,
            "uid": lambda: pick(["1", "2", "u"]),
            "props": lambda: {"email": pick(["", "x@example.com"])},
            "windowId": lambda: pick(["w1", "w2"]),
            "reason": lambda: pick([*p.EndReason]),
            "sdp": lambda: "v=0",
            "candidate": lambda: "candidate:1",
            "sdpMid": lambda: "0",
            "usernameFragment": lambda: "u",
        }
        if name == "ackId":
            return str(self.chance.randrange(2000))
        return json.dumps(values.get(name, lambda: self.chance.randrange(4))())

    def tag(self) -> t.Any:
        tag: dict[str, t.Any] = dict(self.chance.choice([{}, JOHN, JANE]))
        if self.chance.random() < 0.8:
            tag["externalToken"] = self.chance.choice(self.known["token"])
        for name in self.chance.sample(FIELDS, 2):
            if self.chance.random() < 0.3:
                with contextlib.suppress(ValueError, RecursionError):
                    tag[name] = json.loads(self.chance.choice(ODD))
        return tag

    def mutated(self, text: str) -> str:
        at, to = sorted(self.chance.choices(range(len(text) + 1), k=2))
        parts = [text[:at] + text[to:], text[:at] + text[at:to] * 2 + text[to:]]
        parts += [text[:at] + self.chance.choice(ODD) + text[at:], text + text]
        return self.chance.choice(parts)

    # --- what is learned and judged

    def note(self, what: str) -> None:
        self.last = [*self.last[-19:], what[:300]]

    def learn(self, url: str) -> None:
        call_id, _, ticket = url.rpartition("/call/")[2].partition("#")
        self.remember("call", call_id)
        self.remember("ticket", ticket)
        self.pair("hello-call", callId=call_id, ticket=ticket)

    def remember(self, kind: str, what: str) -> None:
        self.known[kind] = [*self.known[kind][-9:], what]

    def pair(self, name: str, **fields: str) -> None:
        self.pairs[name] = [*self.pairs[name][-9:], fields]

    def hear(self, client: Client, message: p.ServerMessage) -> None:
        """Judge a message: may this connection have it?"""
        wire = t.cast(Wire, client)
        if isinstance(message, p.Welcome):
            wire.role = "tab"
            self.remember("id", message.visitor_id)
            self.remember("secret", message.secret)
            known = {"visitorId": message.visitor_id, "secret": message.secret}
            self.pair("hello-visitor", **known)
        elif isinstance(message, p.AgentWelcome):
            wire.role = "agent"
        elif isinstance(message, p.CallWelcome):
            wire.role = f"{message.role}-window"
            self.remember("secret", message.secret)
            self.pair("hello-call", callId=message.call_id, secret=message.secret)
        elif isinstance(message, p.Ring | p.Conference):
            self.learn(message.url)
        if not isinstance(message, FITTING[wire.role]):
            raise Fault(f"A {wire.role} got {message!r}.")
        super().hear(client, message)
        client.inbox.clear()

    def judge_text(self, text: str) -> None:
        told = [one for one in (API_TOKEN, IDENTITY_KEY, *self.minted) if one in text]
        if told or '"externalToken"' in text:
            raise Fault(f"A token is told: {text}")

    def judge_list(self) -> None:
        rows = self.users(page_size=1000)
        if self.strict and not all(row.verified for row in rows):
            raise Fault("Somebody is listed who is not verified.")

    def judge_end(self) -> None:
        """Everybody has left: there must be nothing left of them."""
        core, engine = self.core, self.engine
        connections, clients = core.connections, core.clients
        left: dict[str, t.Sized] = {
            "visits": engine._visits,
            "calls": engine._calls,
            "owners of calls": engine._owners,
            "waiting": engine._waiting,
            "times of waiting": engine._since,
            "list": core.directory,
            "connections": connections._wires,
            "addresses": connections._clients,
            "repeats": connections.repeats._kept,
            "clients": clients._known,
            "sessions": clients._visitors._sessions,
            "guests": clients._visitors._guests,
            "windows": clients._windows,
            "places": clients._places._shown,
            "agents' pages": clients._agents._pages,
            "quotas": clients._quotas._unverified,
        }
        if kept := {name: one for name, one in left.items() if len(one)}:
            raise Fault(f"Something is left: {kept}")
        if core.keeper.next_due() is not None:
            raise Fault("Something is due for ever.")


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def fault_of(seed: str, length: int = LENGTH) -> tuple[Episode, Exception | None]:
    """Play an episode; say what went wrong."""
    episode = Episode(seed)
    try:
        episode.play(length)
    except Exception as error:  # whatever it is, it is what we look for
        return episode, error
    return episode, None

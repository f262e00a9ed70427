"""Who may come in, and what a request must not do in passing."""

from __future__ import annotations

import logging
import typing as t

import pytest
from flask import Flask
from flask import Response
from flask import session
from flask.sessions import SecureCookieSessionInterface
from flask.sessions import SessionMixin
from flask_login import login_user
from flask_wtf import CSRFProtect
from werkzeug.routing import Rule

from flask_chatvisor.errors import SetupError
from flask_chatvisor.extension import Chatvisor
from flask_chatvisor.identity import Agent
from flask_chatvisor.signals import agent_denied
from flask_chatvisor.signed_in import current_agent
from flask_chatvisor.testing import FakeService
from flask_chatvisor.web.cross_site import REQUEST_HEADER
from flask_chatvisor.web.guard import agent_required
from tests.conftest import JOHN
from tests.conftest import MARY
from tests.conftest import MakeApp
from tests.conftest import load_agent
from tests.conftest import make_application
from tests.doubles.users import signed_in

OURS = {REQUEST_HEADER: "1"}


@pytest.fixture
def app(service: FakeService, make_app: MakeApp) -> Flask:
    return make_app(**without_prefix(service.config()))


def without_prefix(keys: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key.removeprefix("CHATVISOR_"): value for key, value in keys.items()}


# --- every route of the blueprint


def routes_of_agents(app: Flask) -> list[tuple[Rule, str]]:
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("chatvisor.")
    ]
    return [(rule, method) for rule in rules for method in sorted(rule.methods or ())]


def url_of(rule: Rule) -> str:
    return rule.rule.replace("<path:query>", "john@example.com")


def test_the_routes_of_agents_are_these(app: Flask) -> None:
    routes = {(rule.rule, rule.endpoint) for rule, _ in routes_of_agents(app)}
    assert routes == {
        ("/chatvisor/users", "chatvisor.users"),
        ("/chatvisor/users.json", "chatvisor.users_json"),
        ("/chatvisor/users/<path:query>", "chatvisor.user"),
        ("/chatvisor/users/<path:query>.json", "chatvisor.user_json"),
        ("/chatvisor/start", "chatvisor.how_to_start"),
        ("/chatvisor/calls", "chatvisor.start_call"),
        ("/chatvisor/token", "chatvisor.token"),
    }


def test_a_stranger_gets_into_no_route(app: Flask, service: FakeService) -> None:
    for rule, method in routes_of_agents(app):
        response = app.test_client().open(url_of(rule), method=method, headers=OURS)
        to_sign_in = response.status_code == 302 and "/sign-in" in response.location
        assert response.status_code == 401 or to_sign_in, (rule, method)
    assert service.requests == []


def test_a_customer_gets_into_no_route(app: Flask, service: FakeService) -> None:
    client = signed_in(app, JOHN.id)
    for rule, method in routes_of_agents(app):
        response = client.open(url_of(rule), method=method, headers=OURS)
        assert response.status_code == 403, (rule, method)
    assert service.requests == []


def test_without_an_agent_loader_nobody_gets_into_a_route(service: FakeService) -> None:
    app, _ = make_application(Chatvisor(), **without_prefix(service.config()))
    client = signed_in(app, MARY.id)
    for rule, method in routes_of_agents(app):
        response = client.open(url_of(rule), method=method, headers=OURS)
        assert response.status_code == 403, (rule, method)


def test_where_it_is_off_there_is_no_route(make_app: MakeApp) -> None:
    app = make_app(ENABLED=False)
    for user_id in (MARY.id, JOHN.id):
        client = signed_in(app, user_id)
        for rule, method in routes_of_agents(app):
            response = client.open(url_of(rule), method=method, headers=OURS)
            assert response.status_code == 404, (rule, method)


def test_nothing_of_an_agents_route_is_guessed_at_or_framed(app: Flask) -> None:
    for user_id in (MARY.id, JOHN.id, ""):
        client = signed_in(app, user_id)
        for rule, method in routes_of_agents(app):
            response = client.open(url_of(rule), method=method, headers=OURS)
            assert response.headers["X-Content-Type-Options"] == "nosniff", rule
            assert response.headers["X-Frame-Options"] == "SAMEORIGIN", rule


def test_nothing_of_an_agents_route_is_stored(app: Flask) -> None:
    for user_id in (MARY.id, JOHN.id, ""):
        client = signed_in(app, user_id)
        for rule, method in routes_of_agents(app):
            response = client.open(url_of(rule), method=method, headers=OURS)
            assert response.headers["Cache-Control"] == "no-store", (rule, method)


# --- how the answer says no


def test_a_stranger_is_sent_to_sign_in_and_back(app: Flask) -> None:
    response = app.test_client().get("/chatvisor/users?q=john")
    assert response.status_code == 302
    assert response.location.endswith("?next=%2Fchatvisor%2Fusers%3Fq%3Djohn")


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/chatvisor/users.json", {}),
        ("GET", "/chatvisor/users", {"Accept": "application/json"}),
        ("GET", "/chatvisor/users/1.json", {}),
        ("GET", "/chatvisor/users/1", {"Accept": "application/json, text/html;q=0.9"}),
        ("POST", "/chatvisor/calls", OURS),
        ("POST", "/chatvisor/token", OURS),
        ("POST", "/chatvisor/token", OURS | {"Accept": "text/html"}),
    ],
)
@pytest.mark.parametrize(("user_id", "status"), [("", 401), (JOHN.id, 403)])
def test_programs_get_problem_json(
    app: Flask,
    method: str,
    path: str,
    headers: dict[str, str],
    user_id: str,
    status: int,
) -> None:
    client = signed_in(app, user_id)
    response = client.open(path, method=method, headers=headers)
    problem = response.get_json()
    assert response.status_code == problem["status"] == status
    assert response.mimetype == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "code", "detail"}


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "text/html, */*;q=0.1"])
def test_people_get_a_page(app: Flask, accept: str) -> None:
    client = signed_in(app, JOHN.id)
    response = client.get("/chatvisor/users", headers={"Accept": accept})
    assert response.status_code == 403
    assert response.mimetype == "text/html"


def test_the_applications_own_error_page_is_shown(app: Flask) -> None:
    @app.errorhandler(403)
    def forbidden(error: Exception) -> tuple[str, int]:
        return "Not for you", 403

    assert signed_in(app, JOHN.id).get("/chatvisor/users").text == "Not for you"


def test_who_is_no_agent_is_told_what_is_missing(app: Flask) -> None:
    client = signed_in(app, JOHN.id)
    told = "You are signed in, but not as an agent."
    assert told in client.get("/chatvisor/users").text
    assert told in client.get("/chatvisor/users.json").get_json()["detail"]
    german = client.get("/chatvisor/users", headers={"Accept-Language": "de"})
    assert "nicht als Agent" in german.text


@pytest.mark.parametrize(("debug", "told"), [(True, True), (False, False)])
def test_while_developing_one_is_told_that_there_is_no_agent_loader(
    service: FakeService, debug: bool, told: bool
) -> None:
    app, _ = make_application(Chatvisor(), **without_prefix(service.config()))
    app.debug = debug
    page = signed_in(app, JOHN.id).get("/chatvisor/users").text
    assert ("agent_loader" in page) is told


def failing(*_: t.Any) -> t.NoReturn:
    raise LookupError("secret of the database")


@pytest.mark.parametrize("broken", ["agent_loader", "policy", "user_token_loader"])
def test_the_applications_own_code_that_raises_is_told_in_our_own_words(
    service: FakeService, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    chatvisor = Chatvisor()
    chatvisor.agent_loader(load_agent)
    getattr(chatvisor, broken)(failing)
    app, _ = make_application(chatvisor, **without_prefix(service.config()))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    service.add(id="1", visitor_id="v-1")
    client = signed_in(app, MARY.id)
    asked = [
        client.get("/chatvisor/users.json"),
        client.get("/chatvisor/users/1", headers={"Accept": "application/json"}),
        client.post("/chatvisor/calls", json={"visitorId": "v-1"}, headers=OURS),
        client.post("/chatvisor/token", json={}, headers=OURS),
    ]
    failed = [one for one in asked if one.status_code == 500]
    assert failed
    for response in failed:
        assert response.mimetype == "application/problem+json"
        assert response.get_json()["code"] == "fault"
        assert "log" in response.get_json()["remedy"]
        assert "secret of the database" not in response.text
    assert "secret of the database" in caplog.text


@pytest.mark.parametrize("broken", ["agent_loader", "policy"])
def test_a_page_that_fails_is_our_own(service: FakeService, broken: str) -> None:
    chatvisor = Chatvisor()
    chatvisor.agent_loader(load_agent)
    getattr(chatvisor, broken)(failing)
    app, _ = make_application(chatvisor, **without_prefix(service.config()))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    service.add(id="1")
    client = signed_in(app, MARY.id)
    for path in ("/chatvisor/users", "/chatvisor/users/1"):
        response = client.get(path, headers={"Accept-Language": "de"})
        assert response.status_code == 500
        assert response.mimetype == "text/html"
        assert "im Protokoll der Anwendung" in response.text
        assert "secret of the database" not in response.text


def test_where_the_user_loader_fails_there_is_still_an_answer(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = signed_in(app, MARY.id)
    t.cast(t.Any, app).login_manager.user_loader(failing)
    response = client.get("/chatvisor/users", headers={"Accept": "text/html"})
    assert response.status_code == 500
    assert response.headers["Cache-Control"] == "no-store"
    assert "secret of the database" not in response.text
    assert "secret of the database" in caplog.text


def test_an_agent_who_was_denied_is_announced(app: Flask) -> None:
    denied: list[dict[str, t.Any]] = []

    def note(sender: Flask, **values: t.Any) -> None:
        denied.append({"sender": sender, **values})

    with agent_denied.connected_to(note, app):
        app.test_client().get("/chatvisor/users.json")
        signed_in(app, MARY.id).get("/chatvisor/users.json")
        assert denied == []
        signed_in(app, JOHN.id).get("/chatvisor/users.json")
    assert denied == [{"sender": app, "user": JOHN, "path": "/chatvisor/users.json"}]


def test_without_a_login_manager_nobody_comes_in(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Flask("bare")
    app.config.update(
        SECRET_KEY="secret", CHATVISOR_SCRIPT_URL="https://help.example.com/x.js"
    )
    Chatvisor(app).agent_loader(load_agent)
    with caplog.at_level(logging.ERROR):
        assert app.test_client().get("/chatvisor/users").status_code == 401
        assert app.test_client().get("/chatvisor/users.json").status_code == 401
    assert "LoginManager" in caplog.text


def test_an_agent_loader_that_returns_nonsense_lets_nobody_in(
    service: FakeService,
) -> None:
    chatvisor = Chatvisor()
    chatvisor.agent_loader(lambda user: True)
    app, _ = make_application(chatvisor, **without_prefix(service.config()))
    client = signed_in(app, MARY.id)
    with pytest.raises(SetupError, match="agent_loader"):
        client.get("/chatvisor/users.json")


def test_an_agent_loader_is_asked_once_in_a_request(service: FakeService) -> None:
    asked: list[t.Any] = []

    def load(user: t.Any) -> Agent:
        asked.append(user)
        return Agent(user.email, user.first_name)

    chatvisor = Chatvisor()
    chatvisor.agent_loader(load)
    app, _ = make_application(chatvisor, **without_prefix(service.config()))
    client = signed_in(app, MARY.id)
    asked.clear()
    assert client.get("/chatvisor/users.json").status_code == 200
    assert asked == [MARY]


def test_there_is_no_agent_outside_of_a_request(app: Flask) -> None:
    with app.app_context():
        assert current_agent() is None


def test_a_change_of_user_within_a_request_is_noticed(app: Flask) -> None:
    with app.test_request_context():
        login_user(MARY)
        assert current_agent() == Agent("mary@example.com", "Mary")
        login_user(JOHN)
        assert current_agent() is None


# --- requests from other sites


HOSTILE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "nonsense"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://evil.example.com"},
    {"Origin": "http://localhost.evil.example.com"},
    {"Origin": "http://localhost:81"},
    {"Origin": "null"},
    {"Origin": ""},
]
FRIENDLY = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    {"Origin": "http://localhost"},
    # A proxy that ends TLS and does not say so.
    {"Origin": "https://localhost"},
]


@pytest.mark.parametrize("headers", HOSTILE)
@pytest.mark.parametrize("path", ["/chatvisor/calls", "/chatvisor/token"])
def test_a_page_of_another_site_changes_nothing(
    app: Flask, service: FakeService, path: str, headers: dict[str, str]
) -> None:
    client = signed_in(app, MARY.id)
    body = {"visitorId": service.add()}
    response = client.post(path, json=body, headers=OURS | headers)
    assert response.status_code == 403
    assert response.get_json()["code"] == "origin-refused"
    assert service.requests == []


@pytest.mark.parametrize("headers", FRIENDLY)
def test_a_page_of_ours_is_let_through(
    app: Flask, service: FakeService, headers: dict[str, str]
) -> None:
    response = signed_in(app, MARY.id).post("/chatvisor/token", headers=OURS | headers)
    assert response.status_code == 200


@pytest.mark.parametrize("headers", [{}, {REQUEST_HEADER: "0"}])
def test_the_custom_header_is_wanted(
    app: Flask, service: FakeService, headers: dict[str, str]
) -> None:
    response = signed_in(app, MARY.id).post("/chatvisor/token", headers=headers)
    assert response.status_code == 400
    assert REQUEST_HEADER in response.get_json()["detail"]
    assert service.requests == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_csrf_protect_of_flask_wtf_does_not_get_in_the_way(
    service: FakeService, when: str
) -> None:
    chatvisor = Chatvisor()
    chatvisor.agent_loader(load_agent)
    app = Flask("portal")
    app.config.update(SECRET_KEY="secret", **service.config())
    with_login(app)
    if when == "before":
        CSRFProtect(app)
    chatvisor.init_app(app)
    if when == "after":
        CSRFProtect(app)

    @app.post("/form")
    def form() -> str:
        return "done"

    client = app.test_client()
    client.get("/enter")
    assert client.post("/chatvisor/token", headers=OURS).status_code == 200
    assert client.post("/chatvisor/token").status_code == 400
    # The application's own forms stay protected.
    assert client.post("/form").status_code == 400


def with_login(app: Flask) -> None:
    from flask_login import LoginManager

    LoginManager(app).user_loader({MARY.id: MARY}.get)

    @app.get("/enter")
    def enter() -> str:
        return str(login_user(MARY, remember=True))


# --- views of the application itself


@pytest.fixture
def app_with_views(app: Flask) -> Flask:
    chatvisor = Chatvisor()

    @app.route("/customers/<int:number>", methods=["GET", "POST"])
    @chatvisor.agent_required
    def customers(number: int) -> str:
        return f"customer {number}"

    return app


def test_an_agent_gets_into_a_view_of_the_application(app_with_views: Flask) -> None:
    client = signed_in(app_with_views, MARY.id)
    assert client.get("/customers/7").text == "customer 7"
    # Protecting its forms is the application's own affair.
    assert client.post("/customers/7").text == "customer 7"


def test_others_do_not_get_into_a_view_of_the_application(
    app_with_views: Flask,
) -> None:
    assert signed_in(app_with_views, JOHN.id).get("/customers/7").status_code == 403
    stranger = app_with_views.test_client()
    assert stranger.get("/customers/7").status_code == 302
    as_json = {"Accept": "application/json"}
    assert stranger.get("/customers/7", headers=as_json).status_code == 401


def test_a_guarded_view_keeps_its_name(app_with_views: Flask) -> None:
    assert app_with_views.view_functions["customers"].__name__ == "customers"


def test_a_view_of_the_application_stays_where_the_extension_is_off(
    make_app: MakeApp,
) -> None:
    app = make_app(ENABLED=False)
    app.add_url_rule("/mine", view_func=agent_required(lambda: "mine"))
    assert signed_in(app, MARY.id).get("/mine").text == "mine"
    assert signed_in(app, JOHN.id).get("/mine").status_code == 403


# --- requests that nobody made


class SessionsOnTheServer(SecureCookieSessionInterface):
    """Keeps count of how often a session is stored."""

    def __init__(self) -> None:
        self.stored = 0

    def save_session(
        self, app: Flask, session: SessionMixin, response: Response
    ) -> None:
        self.stored += self.should_set_cookie(app, session)
        super().save_session(app, session, response)


@pytest.fixture(params=["LoginManager first", "Chatvisor first"])
def renewing_app(request: pytest.FixtureRequest, service: FakeService) -> Flask:
    """An application that renews session and remember-me cookie by every request."""
    app = Flask("portal")
    app.config.update(
        SECRET_KEY="secret",
        SESSION_REFRESH_EACH_REQUEST=True,
        REMEMBER_COOKIE_REFRESH_EACH_REQUEST=True,
        **service.config(),
    )
    app.session_interface = SessionsOnTheServer()
    chatvisor = Chatvisor()
    chatvisor.agent_loader(load_agent)
    if request.param == "LoginManager first":
        with_login(app)
    chatvisor.init_app(app)
    if request.param == "Chatvisor first":
        with_login(app)

    @app.before_request
    def note_the_visit() -> None:
        session.permanent = True
        session["visits"] = session.get("visits", 0) + 1

    @app.get("/visits")
    def visits() -> str:
        return str(session["visits"])

    return app


BACKGROUND = [
    ("/chatvisor/users.json", {}),
    ("/chatvisor/users", {"Accept": "application/json"}),
    ("/chatvisor/users/mary@example.com.json", {}),
    ("/chatvisor/users/mary@example.com", {"Accept": "application/json"}),
    ("/chatvisor/me", {}),
]


@pytest.mark.parametrize(("path", "headers"), BACKGROUND)
def test_a_request_in_the_background_renews_nothing(
    renewing_app: Flask, path: str, headers: dict[str, str]
) -> None:
    client = renewing_app.test_client()
    client.get("/enter")
    interface = t.cast(SessionsOnTheServer, renewing_app.session_interface)
    stored = interface.stored
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    assert names_of_cookies(response) & {"session", "remember_token"} == set()
    assert interface.stored == stored
    assert client.get("/visits").text == "2"


def test_a_token_that_a_page_fetches_by_itself_renews_nothing(
    renewing_app: Flask,
) -> None:
    client = renewing_app.test_client()
    client.get("/enter")
    headers = {"X-Chatvisor-Request": "1"}
    response = client.post("/chatvisor/token", json={}, headers=headers)
    assert response.status_code == 200
    assert names_of_cookies(response) & {"session", "remember_token"} == set()


def test_a_request_that_the_user_made_renews_everything(renewing_app: Flask) -> None:
    client = renewing_app.test_client()
    client.get("/enter")
    response = client.get("/chatvisor/users")
    assert response.status_code == 200
    assert names_of_cookies(response) == {"session", "remember_token"}


@pytest.mark.parametrize(("path", "headers"), BACKGROUND)
def test_a_request_in_the_background_makes_no_session_of_a_remembered_user(
    renewing_app: Flask, path: str, headers: dict[str, str]
) -> None:
    client = renewing_app.test_client()
    client.get("/enter")
    client.delete_cookie("session")
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    assert names_of_cookies(response) & {"session", "remember_token"} == set()


def test_a_refused_request_in_the_background_leaves_no_session(
    renewing_app: Flask,
) -> None:
    response = renewing_app.test_client().get("/chatvisor/users.json")
    assert response.status_code == 401
    assert names_of_cookies(response) == set()


def names_of_cookies(response: t.Any) -> set[str]:
    cookies = response.headers.getlist("Set-Cookie")
    return {cookie.partition("=")[0] for cookie in cookies}

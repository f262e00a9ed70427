"""The agents' routes: who is active, one user, a token for a call.

All routes are protected by :mod:`~flask_chatvisor.web.guard`, and browsers and proxies
store no answers.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import time
import typing as t
from functools import partial

from flask import Response
from flask import jsonify
from flask import make_response
from flask import render_template
from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest
from werkzeug.exceptions import InternalServerError

from .. import acting
from ..contract.api import MAX_PAGE_SIZE
from ..contract.api import MAX_QUERIES
from ..contract.api import SCOPES
from ..contract.bucket import Buckets
from ..contract.matching import MAX_QUERY
from ..contract.times import timestamp
from ..contract.users import ActiveUser
from ..current import current_state
from ..current import this_app
from ..directory import Listing
from ..errors import GONE
from ..errors import AskedRecently
from ..errors import ServiceError
from ..errors import UnknownVisitor
from ..errors import UserTokenUnavailable
from ..identity import Agent
from ..pages.language import gettext as _
from ..pages.language import told
from ..signals import call_requested
from ..signed_in import current_agent
from . import guard
from .answers import asks_for_json
from .answers import prefers_json
from .answers import prefers_page
from .answers import problem
from .answers import safe
from .background import background
from .hosts import Blueprint
from .limits import CALLS
from .limits import TICKS
from .limits import TOKENS
from .limits import limited
from .limits import try_again_in
from .list_query import Parameters
from .user_tokens import call_token
from .user_tokens import page_token

#: Maximum bytes of a request's body.
MAX_BODY = 16 * 1024

_TICK = "flask_chatvisor.tick"

logger: logging.Logger = logging.getLogger(__name__)


def blueprint() -> Blueprint:
    """Build the blueprint of the agents' routes; one for each application."""
    routes = Blueprint("chatvisor", "flask_chatvisor", template_folder="templates")
    guard.protect(routes)
    routes.before_request(partial(_take_tick, Buckets(TICKS)))
    routes.after_request(_protect)
    routes.register_error_handler(ServiceError, _on_trouble)
    routes.register_error_handler(UserTokenUnavailable, _on_trouble)
    routes.register_error_handler(BadRequest, _on_bad_request)
    routes.register_error_handler(500, _on_fault)
    routes.add_url_rule("/users", "users", users)
    routes.add_url_rule("/users.json", "users_json", users)
    routes.add_url_rule("/users/<path:query>", "user", user)
    routes.add_url_rule("/users/<path:query>.json", "user_json", user_json)
    routes.add_url_rule("/start", "how_to_start", how_to_start)
    for path, view, rate in (("/calls", start_call, CALLS), ("/token", token, TOKENS)):
        answer = limited(view, Buckets(rate))
        routes.add_url_rule(path, view.__name__, answer, methods=["POST"])
    return routes


def users() -> ResponseReturnValue:
    """Active users, as a page or as JSON."""
    agent = _agent()
    filters = Parameters(agent).read()
    shown: dict[str, t.Any] = {"filters": filters, "agent": agent, "listing": None}
    if _in_browser():
        return _listed_in_browser() or _page("users.html", **shown)
    if asks_for_json() and "query" in request.args:
        return _named(agent)
    try:
        shown["listing"] = _list(agent, filters)
    except ServiceError as error:
        if asks_for_json():
            raise
        return _page("users.html", error, **shown)
    if asks_for_json():
        return jsonify(_listing_json(shown["listing"]))
    return _page("users.html", shown["listing"].trouble, status=200, **shown)


def _named(agent: Agent) -> Response:
    """Several users at once: those of the requested users who are active."""
    queries = request.args.getlist("query")
    if len(queries) > MAX_QUERIES:
        raise BadRequest(f"At most {MAX_QUERIES} users can be requested at once.")
    # No user has such a long name, and the others must still be found.
    queries = [query for query in queries if len(query) <= MAX_QUERY]
    directory = current_state().directory
    found = directory.statuses(queries, agent=agent, tick=_tick())
    there = {user.visitor_id: user for user in found.users.values() if user}
    users = tuple(there.values())
    listing = Listing(users, len(users), 1, MAX_PAGE_SIZE, found.as_of)
    return jsonify(listing.to_json())


def user(query: str) -> ResponseReturnValue:
    """One user, active or not, as a page or as JSON."""
    return _user(query, as_json=prefers_json())


def user_json(query: str) -> ResponseReturnValue:
    """One user as JSON; or as a page, if the e-mail or id ends in ``.json``."""
    whole = f"{query}.json"
    is_whole = prefers_page() and not _in_browser() and _is_there(whole)
    return _user(whole if is_whole else query, as_json=not is_whole)


def _is_there(query: str) -> bool:
    return current_state().directory.status(query, agent=_agent()) is not None


def _user(query: str, *, as_json: bool) -> ResponseReturnValue:
    agent = _agent()
    if len(query) > MAX_QUERY:
        raise BadRequest(f"An e-mail or id has at most {MAX_QUERY} characters.")
    directory = current_state().directory
    shown: dict[str, t.Any] = {"query": query, "agent": agent, "user": None}
    shown["as_of"] = directory.now()
    if _in_browser():
        return _listed_in_browser() or _page("user.html", **shown)
    try:
        shown["user"] = directory.status(query, agent=agent, tick=_tick())
    except ServiceError as error:
        if as_json:
            raise
        return _page("user.html", error, **shown)
    if as_json:
        return jsonify(_status_json(shown["user"], shown["as_of"]))
    return _page("user.html", **shown)


def how_to_start() -> ResponseReturnValue:
    """Explain to an agent without JavaScript why calls cannot start."""
    return _page("start.html", agent=_agent())


def start_call() -> ResponseReturnValue:
    """Give the agent a token to call one visitor, once, within a minute."""
    agent = _agent()
    visitor_id = _visitor_id()
    if not _in_browser():
        found = current_state().directory.status(visitor_id, agent=agent)
        if found is None or found.visitor_id != visitor_id:
            raise UnknownVisitor(GONE)
        if found.in_call is not None:
            return _busy(found)
    text, expires_at = call_token(agent, visitor_id)
    app = this_app()
    call_requested.send(app, agent=agent, visitor_id=visitor_id)
    until = timestamp(expires_at.timestamp()) if expires_at else None
    response = jsonify(token=text, visitorId=visitor_id, expiresAt=until)
    acting.remember(agent, response)
    return response


def token() -> ResponseReturnValue:
    """Give the agent a user token for the application's own use of ``CV.*``.

    It allows no more than the requested scope. With a policy it allows only presence,
    because lists and calls through the token would not be filtered.
    """
    # An open page requests the next one automatically.
    background()
    agent = _agent()
    text, expires_at = page_token(agent, _wanted_scope())
    until = timestamp(expires_at.timestamp()) if expires_at else None
    response = jsonify(token=text, email=agent.email, expiresAt=until)
    acting.remember(agent, response)
    return response


def _agent() -> Agent:
    # The guard has let the request in, so there is one.
    return t.cast(Agent, current_agent())


def _in_browser() -> bool:
    return current_state().settings.directory == "browser"


def _list(agent: Agent, filters: dict[str, t.Any]) -> Listing:
    asked = filters | {"sort": filters["sort"] or "name", "tick": _tick()}
    return current_state().directory.active_users(agent=agent, **asked)


def _listing_json(listing: Listing) -> dict[str, t.Any]:
    data = listing.to_json()
    if listing.trouble is not None:
        detail, remedy = told(listing.trouble)
        data["trouble"] |= {"detail": detail, "remedy": remedy}
    return data


def _status_json(found: ActiveUser | None, as_of: dt.datetime) -> dict[str, t.Any]:
    return {"user": found and found.profile(), "asOf": timestamp(as_of.timestamp())}


def _visitor_id() -> str:
    data = _sent()
    visitor_id = data.get("visitorId") if isinstance(data, dict) else None
    if not isinstance(visitor_id, str) or not 0 < len(visitor_id) <= MAX_QUERY:
        raise BadRequest('Send JSON with the visitor to call: {"visitorId": "…"}.')
    return visitor_id


def _busy(found: ActiveUser) -> Response:
    other = found.in_call.agent if found.in_call else None
    name = (other.name or other.email if other else "") or _("another agent")
    user = found.name or _("This user")
    detail = _("%(user)s is in a call with %(agent)s.", user=user, agent=name)
    if found.in_call and found.in_call.since is None:
        detail = _("%(agent)s is already asking %(user)s.", user=user, agent=name)
    return problem(409, "busy", detail, agent=name)


def _wanted_scope() -> list[str]:
    data = _sent()
    wanted = data.get("scope") if isinstance(data, dict) else None
    if wanted is None:
        return sorted(SCOPES)
    known = isinstance(wanted, list) and all(
        isinstance(one, str) and one in SCOPES for one in wanted
    )
    if not known or not wanted:
        raise BadRequest(f"scope must be a list of {', '.join(sorted(SCOPES))}.")
    return t.cast(list[str], wanted)


def _page(
    template: str,
    trouble: ServiceError | None = None,
    status: int | None = None,
    **shown: t.Any,
) -> Response:
    if trouble is not None:
        _log(trouble)
    page = render_template(f"chatvisor/{template}", trouble=trouble, **shown)
    return make_response(page, status or (trouble.http_status if trouble else 200))


def _listed_in_browser() -> Response | None:
    """Tell programs that there is no list here; pages use the browser's."""
    if not asks_for_json():
        return None
    return problem(
        501,
        "directory-in-browser",
        "CHATVISOR_DIRECTORY is 'browser', so active users are listed by CV.user.list"
        " in the agent's page.",
    )


def _take_tick(buckets: Buckets) -> None:
    tick = request.args.get("tick", type=int)
    if tick is not None and not buckets.take(_agent().email, time.monotonic()):
        request.environ[_TICK] = tick


def _tick() -> int | None:
    return t.cast("int | None", request.environ.get(_TICK))


def _sent() -> object:
    """Return the JSON of the request's body, ``None`` if there is none.

    A body without a declared length is not read.

    :raises BadRequest: if it is too large.
    """
    length = request.content_length or 0
    if length > MAX_BODY:
        raise BadRequest(f"A body has at most {MAX_BODY} bytes.")
    try:
        return request.get_json(silent=True) if length else None
    except RecursionError:
        return None


def _protect(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return safe(response)


def _on_trouble(error: ServiceError | UserTokenUnavailable) -> Response:
    # A user who has left or said no is not a problem.
    if not isinstance(error, UnknownVisitor | AskedRecently):
        _log(error)
    message, remedy = told(error)
    if isinstance(error, AskedRecently) and error.retry_after is not None:
        remedy = try_again_in(math.ceil(error.retry_after))
    response = problem(error.http_status, error.code, message, remedy=remedy)
    wait = getattr(error, "retry_after", None)
    if wait is not None:
        response.headers["Retry-After"] = str(int(wait))
    return response


def _log(trouble: ServiceError | UserTokenUnavailable) -> None:
    event = {"event": "chatvisor.service.trouble"}
    logger.warning("A request to the service failed: %r.", str(trouble), extra=event)


def _on_fault(error: InternalServerError) -> ResponseReturnValue:
    # Flask has logged the error of a loader or the policy; it is not shown.
    if request.method == "GET" and not asks_for_json():
        try:
            return render_template("chatvisor/error.html"), 500
        except Exception:
            # Templates load the user, too, and the user_loader may be what fails.
            event = {"event": "chatvisor.error-page.failed"}
            logger.exception("The error page cannot be rendered.", extra=event)
            return error
    detail = _("The application could not answer.")
    remedy = _("The application's log has the details.")
    return problem(500, "fault", detail, remedy=remedy)


def _on_bad_request(error: BadRequest) -> ResponseReturnValue:
    if request.method == "GET" and not asks_for_json():
        return error
    return problem(400, "bad-request", error.description or "")

"""A page that the browser really renders ahead, and shows later or never.

Chromium renders nothing ahead while developer tools are attached, as they are in all
other tests here. So this one is started by hand, and the pages themselves report.
"""

from __future__ import annotations

import signal
import subprocess
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from flask import Response
from flask import request
from flask_login import login_user

from tests.conftest import USERS

from .chromium import find_chromium
from .conftest import QUIET
from .tagged import CALLS
from .tagged import JOHN
from .tagged import OpenPortal
from .tagged import Portal

#: Goes on to the page that is rendered ahead when the test says so.
HERE = """<!doctype html><title>Here</title><body>
<script type="speculationrules">
{"prerender": [{"urls": ["/there"], "eagerness": "immediate"}]}
</script>
<script>
fetch("/go").then(() => location.assign("/there"));
</script></body>"""
#: Reports the calls of the service's script: when all scripts have run, and after the
#: first call on a page that is shown.
THERE = """<!doctype html><title>There</title><body>
<script>
const report = () => fetch("/report", { method: "POST", body: JSON.stringify({
  ahead: document.prerendering,
  shownLater: performance.getEntriesByType("navigation")[0].activationStart > 0,
  calls: %s,
})});
const reportCalls = () => fakeCV.calls.length ? report() : setTimeout(reportCalls, 20);
// By then whoever is too early has asked the application for the user.
addEventListener("load", () => fetch("/there").then(report));
document.addEventListener("prerenderingchange", reportCalls);
</script></body>"""


def test_a_page_that_is_rendered_ahead_announces_nobody_until_it_is_shown(
    portal: OpenPortal, tmp_path: Path
) -> None:
    running = portal()
    reports: SimpleQueue[dict[str, t.Any]] = SimpleQueue()
    go: SimpleQueue[None] = SimpleQueue()
    _add_views(running, reports, go)
    with _chromium(f"{running.url}/here", tmp_path):
        ahead = reports.get(timeout=90)
        assert ahead == {"ahead": True, "shownLater": False, "calls": []}
        assert running.asked == []
        go.put(None)
        shown = reports.get(timeout=90)
    assert shown == {"ahead": False, "shownLater": True, "calls": [[*JOHN]]}
    assert running.asked == ["same-origin"]


def _add_views(
    running: Portal, reports: SimpleQueue[dict[str, t.Any]], go: SimpleQueue[None]
) -> None:
    app = running.app
    running.page(THERE % CALLS, "/there")

    @app.get("/here")
    def here() -> str:
        login_user(USERS["1"])
        return HERE

    @app.get("/go")
    def wait() -> Response:
        go.get(timeout=90)
        return Response(status=204)

    @app.post("/report")
    def report() -> Response:
        reports.put(request.get_json(force=True))
        return Response(status=204)


@contextmanager
def _chromium(url: str, folder: Path) -> Iterator[None]:
    """Open a page in a browser that nothing else is attached to."""
    command = [
        find_chromium(),
        "--headless=new",
        "--no-first-run",
        f"--user-data-dir={folder}",
        *QUIET,
        url,
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)

"""What browsers load: the script, the call window and its files."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from flask_chatvisor.service.settings import Settings
from flask_chatvisor.service.web.assets import STATIC
from flask_chatvisor.service.web.assets import Asset
from flask_chatvisor.service.web.assets import Window
from flask_chatvisor.service.web.pages import Pages
from flask_chatvisor.service.web.script import ScriptError
from flask_chatvisor.service.web.script import join

from ..conftest import LiveService
from .test_rest import problem


@pytest.mark.parametrize("name", ["x", "embedded", "A-b_9", "x" * 128])
def test_the_script_is_served_under_any_id(service: LiveService, name: str) -> None:
    answer = service.get(f"/cdn/js/{name}.js", token=None)
    assert answer.content == join(STATIC / "cv" / "main.js")[1]
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize(
    "name",
    ["x", ".js", "x.css", "x.js.map", "x%2Fy.js", "..%2Fx.js", "é.js", "x.js%0a"],
)
def test_another_name_is_no_script(service: LiveService, name: str) -> None:
    problem(service.get(f"/cdn/js/{name}", token=None), 404, "not-found")


@pytest.mark.parametrize("path", ["/cdn/js/x.js", "/static/x/call/call.css"])
def test_a_browser_that_has_it_does_not_load_it_again(
    service: LiveService, path: str
) -> None:
    etag = service.get(path, token=None).headers["ETag"]
    for known in (etag, f'"other", W/{etag}'):
        answer = service.get(path, token=None, headers={"If-None-Match": known})
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["ETag"] == etag
    other = service.get(path, token=None, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize("call_id", ["none", "anything", "x" * 500])
def test_the_call_window_is_safe_by_its_headers(
    service: LiveService, call_id: str
) -> None:
    answer = service.get(f"/call/{call_id}", token=None)
    assert answer.content == Window().page
    headers = answer.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "ETag" not in headers
    permissions = headers["Permissions-Policy"].split(", ")
    assert {"display-capture=(self)", "microphone=(self)"} < {*permissions}
    assert {"camera=()", "geolocation=()", "usb=()"} < {*permissions}
    policy = dict(
        part.strip().split(" ", 1)
        for part in headers["Content-Security-Policy"].split(";")
    )
    socket = service.url.replace("http", "ws")
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "media-src": "'self' blob:",
        "connect-src": f"'self' {socket}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_the_call_windows_page_fits_its_policy() -> None:
    page = Window().page.decode()
    for forbidden in ("<style", " style=", "javascript:", " onclick=", "http://"):
        assert forbidden not in page
    assert page.count("<script") == page.count(' src="')


def test_the_call_windows_page_names_every_script_that_it_needs() -> None:
    window = Window()
    link = r'<link rel="modulepreload" href="\.\./static/(\w+)/([^"]+)">\n'
    named = re.findall(link, window.page.decode())
    assert {version for version, _ in named} == {window.version}
    names = [name for _, name in named]
    assert len(names) == len(set(names))
    scripts = {name for name in window.files if re.fullmatch(r"call/\w+\.js", name)}
    assert set(names) >= scripts


def test_pages_of_other_origins_may_load_a_language(service: LiveService) -> None:
    headers = service.get("/static/latest/texts/de.js", token=None).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"


NAMES = sorted(
    path.relative_to(STATIC).as_posix()
    for folder in ("call", "shared", "texts")
    for path in (STATIC / folder).rglob("*.*")
    if path.suffix in {".js", ".css", ".svg"}
)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_the_call_window_is_served(
    service: LiveService, name: str
) -> None:
    for version, cached in (
        (Window().version, "public, max-age=31536000, immutable"),
        ("before-a-restart", "no-cache"),
        ("latest", "public, max-age=300"),
    ):
        answer = service.get(f"/static/{version}/{name}", token=None)
        assert answer.content == (STATIC / name).read_bytes()
        assert answer.headers["Cache-Control"] == cached
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    [
        "call/x.js",
        "call/call.html",
        "call/",
        "call//main.js",
        "cv/main.js",
        "..%2Fpages.py",
        "%2e%2e/pages.py",
        ".",
        "__init__.py",
    ],
)
def test_nothing_else_is_served(service: LiveService, name: str) -> None:
    version = Window().version
    assert service.get(f"/static/{version}/{name}", token=None).status_code == 404


def test_another_file_is_another_version_of_the_window(tmp_path: Path) -> None:
    shutil.copytree(STATIC, tmp_path, dirs_exist_ok=True)
    window = Window(tmp_path)
    before, page = window.version, window.page
    assert (before, page) == (Window().version, Window().page)
    added = tmp_path / "texts" / "xx" / "more.js"
    added.parent.mkdir(parents=True)
    added.write_text("export {}")
    (tmp_path / "call" / "main.js").write_text(
        'import {\n  a,\n} from "../texts/xx/more.js";'
    )
    assert window.refresh().version not in {"", before}
    assert window.files["texts/xx/more.js"].body == b"export {}"
    assert f"/{window.version}/texts/xx/more.js".encode() in window.page
    assert before.encode() not in window.page


def test_a_script_whose_module_changes_is_read_again(tmp_path: Path) -> None:
    entry, part = tmp_path / "main.js", tmp_path / "part.js"
    entry.write_text('import "./part.js";\n')
    part.write_text("one();\n")
    asset = Asset(entry, join)
    assert b"one();" in asset.refresh().body
    part.write_text("two();\n")
    os.utime(part, ns=(1, 1))
    assert b"two();" in asset.refresh().body


def test_a_service_whose_script_cannot_be_joined_does_not_start(
    tmp_path: Path,
) -> None:
    shutil.copytree(STATIC, tmp_path, dirs_exist_ok=True)
    (tmp_path / "cv" / "main.js").write_text("export default 1;")
    with pytest.raises(ScriptError, match="export default"):
        Pages(Settings(api_tokens=("x" * 32,), url="http://localhost"), tmp_path)


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "x.js"
    path.write_text("one")
    asset = Asset(path)
    before = asset.refresh().etag
    assert asset.refresh().body == b"one"
    path.write_text("two")
    os.utime(path, ns=(1, 1))
    assert asset.refresh().body == b"two"
    assert asset.etag != before


def test_nobody_is_sent_to_a_host_that_the_request_names(service: LiveService) -> None:
    headers = {"Host": "evil.example.com"}
    answer = service.get("/call/x/", headers=headers, allow_redirects=False)
    problem(answer, 404, "not-found")

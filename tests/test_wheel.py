"""What is built from this tree is complete, and works away from it."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from flask_chatvisor.service.web.assets import STATIC
from flask_chatvisor.service.web.script import join

ROOT = Path(__file__).parent.parent

SHIPPED = {
    "flask_chatvisor/py.typed",
    "flask_chatvisor/service/static/call/call.css",
    "flask_chatvisor/service/static/call/call.html",
    "flask_chatvisor/service/static/call/main.js",
    *(path.relative_to(ROOT).as_posix() for path in join(STATIC / "cv" / "main.js")[0]),
    "flask_chatvisor/static/agent/main.js",
    "flask_chatvisor/static/agent/live.js",
    "flask_chatvisor/static/chatvisor.css",
    "flask_chatvisor/static/tag.js",
    "flask_chatvisor/templates/chatvisor/_layout.html",
    "flask_chatvisor/templates/chatvisor/macros.html",
    "flask_chatvisor/templates/chatvisor/user.html",
    "flask_chatvisor/templates/chatvisor/users.html",
    "flask_chatvisor/translations/de/LC_MESSAGES/chatvisor.mo",
}

#: Run with nothing of this tree on the path: serve a page and a static file.
SMOKE = """
import sys
sys.path.insert(0, sys.argv[1])
import flask
import flask_chatvisor
import flask_chatvisor.service
app = flask.Flask("smoke")
app.config.update(SECRET_KEY="smoke", CHATVISOR_SCRIPT_URL="http://localhost:5081/cv.js")
flask_chatvisor.Chatvisor(app)
app.jinja_env.get_template("chatvisor/macros.html")
print(app.test_client().get("/chatvisor/static/tag.js").status)
print(flask_chatvisor.__file__)
"""


def run(*arguments: str | Path, cwd: Path) -> str:
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of this tree and the wheel of that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def wheel_files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_templates_static_files_and_the_typed_marker(
    wheel_files: set[str],
) -> None:
    assert SHIPPED - wheel_files == set()


def test_the_wheel_holds_every_file_of_the_package(wheel_files: set[str]) -> None:
    package = ROOT / "flask_chatvisor"
    files = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert files - wheel_files == set()


def test_the_wheel_holds_the_package_alone(wheel_files: set[str]) -> None:
    tops = sorted({name.partition("/")[0] for name in wheel_files})
    assert tops[0] == "flask_chatvisor"
    assert [top.endswith(".dist-info") for top in tops[1:]] == [True]


def test_the_description_has_links_that_work_without_the_tree(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    urls = dict(line.split(", ") for line in metadata.get_all("Project-URL", []))
    text = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)]+)\)", text)
    links += re.findall(r"^\[[^\]]+\]: (\S+)$", text, re.M)
    assert [link for link in links if not link.startswith("https://")] == []
    in_the_tree = re.compile(
        re.escape(urls["Source"]) + r"/(?:blob|raw|tree)/main/(.+)"
    )
    named = [found[1] for found in map(in_the_tree.fullmatch, links) if found]
    assert len(named) >= 4
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_sdist_holds_tests_docs_and_the_example(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"LICENSE", "CHANGELOG.md", "Makefile", "docs/conf.py"}
    wanted |= {"tests/test_wheel.py", "example_app/__main__.py"}
    wanted |= {"CONTRIBUTING.md", "SECURITY.md", "requirements/lock.txt"}
    assert wanted - names == set()
    assert "tests/browser/package-lock.json" in names
    assert not [n for n in names if "_build" in n or n.endswith((".pyc", ".sqlite3"))]
    assert not [n for n in names if "node_modules" in n]


def test_the_installed_wheel_works_alone(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    offline = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    run("-m", "pip", "install", *offline, "--target", target, wheel, cwd=tmp_path)
    status, file = run("-I", "-c", SMOKE, target, cwd=tmp_path).splitlines()
    assert status == "200 OK"
    assert Path(file).is_relative_to(target)

"""Sphinx settings of the manual."""

import tomllib
from pathlib import Path

root = Path(__file__).parent.parent
pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))

project = "flask-chatvisor"
copyright = "the flask-chatvisor contributors"
author = "the flask-chatvisor contributors"
release = version = pyproject["project"]["version"]

extensions = [
    "myst_parser",  # reads the changelog
    "sphinx.ext.autodoc",
    "pallets_sphinx_themes",
]
default_role = "code"
exclude_patterns = ["_build"]
nitpicky = True
nitpick_ignore_regex = [
    # Other projects' names: the manual links within itself alone.
    ("py:.*", r"(?!flask_chatvisor\b).*"),
]
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
maximum_signature_line_length = 80

html_theme = "flask"
html_sidebars = {
    "index": ["localtoc.html", "searchbox.html"],
    "**": ["localtoc.html", "relations.html", "searchbox.html"],
}
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_show_sourcelink = False
version_banner = False

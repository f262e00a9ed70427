"""Where visits live: one interface, and the memory of one process behind it."""

from .interface import Conflict as Conflict
from .interface import Engine as Engine
from .memory import MemoryEngine as MemoryEngine

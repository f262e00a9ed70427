"""Storage of visits: one interface, implemented in the memory of one process."""

from .interface import Conflict as Conflict
from .interface import Engine as Engine
from .memory import MemoryEngine as MemoryEngine

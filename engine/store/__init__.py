"""What the engine remembers: events, the directory, lists and coverage, in one DuckDB database."""

from engine.store.store import Store
from engine.store.tables import FOREVER, tie_of

__all__ = ["FOREVER", "Store", "tie_of"]

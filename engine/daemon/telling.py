"""Warnings of a process that runs for months: each topic once in a minute, and only what is new."""

from __future__ import annotations

import time
from typing import Final

from engine.cli import output

_REMIND_S: Final = 60.0


class Telling:
    """Remembers what was said."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, float]] = {}

    def tell(self, topic: str, message: str) -> None:
        """Warn of something new; an empty message: it is over."""
        before, again = self._told.get(topic, ("", 0.0))
        if not message:
            self._told.pop(topic, None)
        elif message != before and time.monotonic() >= again:
            self._told[topic] = message, time.monotonic() + _REMIND_S
            output.warn(message, topic)

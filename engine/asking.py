"""Work that the daemon does for somebody who waits for the answer: asked at the desk (`store.requests`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from engine.errands import RefusedError
from engine.store import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.store.desk import Desk

PATIENCE_S: Final = 30.0
"""So long a request may wait until the daemon begins it: it may be busy with a file."""
_POLL_S: Final = 0.1


class UnansweredError(RefusedError):
    """Nobody began it, or it took longer than the asker waits."""


def answer(
    desk: Desk, kind: str, arguments: Mapping[str, object], who: str, seconds: float | None = None
) -> bytes:
    """The answer of an errand; `seconds`: how long it may take. Raises RefusedError with the reason."""
    id_ = requests.ask(desk, kind, arguments, who, time.time_ns() // 1000)
    asked = time.monotonic()
    try:
        while True:
            state, told = requests.standing(desk, id_)
            if state == "done":
                return told
            if state == "refused":
                raise RefusedError(told.decode("utf-8", "replace"))
            waited = time.monotonic() - asked
            if state == "waits" and waited > PATIENCE_S:
                raise UnansweredError("atp-run does not begin it")
            if seconds is not None and waited > seconds:
                raise UnansweredError(f"it takes longer than {seconds:.0f} s")
            time.sleep(_POLL_S)
    finally:
        requests.forget(desk, id_)

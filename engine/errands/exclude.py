"""Close and exclude: the narrowest exclusion under which an alert would not have been told, and its writing.

The answer is what `atp tune --format json` says. The past that an exclusion is held against are the alerts
at the desk. Where it is applied the entry is written, in force at the daemon's next step, the alert is
closed as a false positive, and both stand in the audit log.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec

from engine.errands import RefusedError, installed, refusing, written
from engine.lifecycle import RefusedError as UndecidedError
from engine.store.desk import Desk, beside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.cli.tuned import Judged
    from engine.cli.tuner import Tuner
    from engine.errands import Installation, Place, Work
    from engine.tuning.writing import Change, Signed


class Asked(msgspec.Struct):
    """Of which alert; `choose`: which of the exclusions, counted from 1, else the narrowest. With `owner`,
    `reason` and `expires` (`90d`, or a day) the change is shown, with `apply` it is written for `who`.
    """

    alert: int
    who: str
    choose: int | None = None
    owner: str = ""
    reason: str = ""
    expires: str = ""
    apply: bool = False


def begin(place: Place, arguments: Mapping[str, object]) -> Work:
    """The work is done beside the engine: all that it needs is at the desk and in files."""
    asked, of = msgspec.convert(arguments, Asked), installed(place)

    def work() -> bytes:
        try:
            with refusing(), closing(Desk(beside(place.path))) as desk:
                return _excluded(desk, asked, of, place.now)
        except UndecidedError as error:
            raise RefusedError(str(error)) from error
        except sqlite3.Error as error:
            raise RefusedError(f"the desk of alerts does not answer: {error}") from error

    return work


def _excluded(desk: Desk, asked: Asked, of: Installation, now: int) -> bytes:
    # the compiler and the tests of rules are loaded where somebody asks
    from engine.cli import corpus  # noqa: PLC0415
    from engine.cli.excluding import ground  # noqa: PLC0415
    from engine.cli.rules import load_rules  # noqa: PLC0415
    from engine.cli.tuned import as_json  # noqa: PLC0415
    from engine.cli.tuner import Tuner  # noqa: PLC0415

    alert = desk.alert(asked.alert)
    if alert is None:
        raise RefusedError(f"there is no alert {asked.alert}")
    signed, name = _signed(asked, now), str(alert["detection"])
    loaded = load_rules(of.rules, of.settings, of.lists)
    over = ground(desk, name)
    with closing(over.store):
        tuner = Tuner(name, loaded, corpus.read(of.rules, of.lists), over)
        tuner.mark([str(alert["id"])], [], ())
        chosen = tuner.propose(asked.choose)
        change = _change(tuner, chosen, signed, of) if chosen is not None and signed else None
        if asked.apply:
            if chosen is None or change is None:
                raise RefusedError(_why_not(tuner, asked))
            _apply(desk, asked, chosen, change, now)
            of.reread_lists()
        return msgspec.json.encode(as_json(tuner.told(chosen, change, applied=asked.apply)))


def _signed(asked: Asked, now: int) -> Signed | None:
    from engine.tuning.writing import Signed  # noqa: PLC0415 - as above

    given = (asked.owner.strip(), asked.reason.strip(), asked.expires.strip())
    if not all(given):
        if asked.apply or any(given):
            raise RefusedError("an exclusion has an owner, a reason and an end")
        return None
    try:
        return Signed.of(*given, now)
    except ValueError as error:
        raise RefusedError(f"{error}: write `90d`, or a day to come") from error


def _change(tuner: Tuner, chosen: Judged, signed: Signed, of: Installation) -> Change:
    folder = next((p for p in of.lists if p.is_dir()), None)
    if folder is None:
        raise RefusedError("atp-run has no folder of own lists: start it with --lists FOLDER")
    return tuner.change(chosen, signed, folder)


def _why_not(tuner: Tuner, asked: Asked) -> str:
    judged = tuner.told(None, None, applied=False).judged
    number = asked.choose or 1
    if len(judged) >= number and judged[number - 1].refused:
        return judged[number - 1].refused
    return "no exclusion is left: change the rule, or its parameters"


def _apply(desk: Desk, asked: Asked, chosen: Judged, change: Change, now: int) -> None:
    from engine.cli.tuned import exclusion  # noqa: PLC0415 - as above

    written(change)
    told = {"entry": exclusion(chosen.candidate), "owner": asked.owner, "expires": asked.expires}
    with desk.transaction():
        desk.log(
            now, asked.who, "exclude", "list", chosen.candidate.into, {}, told, note=asked.reason
        )
    note = f"{asked.reason}; excluded in {change.path}"
    desk.decide(asked.alert, "close", asked.who, now, verdict="false_positive", note=note)

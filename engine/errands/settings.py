"""Settings of one detection: switched off or on, other parameters, another sensitivity; in force without a restart.

The entry is written into the installation's settings, everything is read and compiled beside the engine, and
handed over; where that fails the file is as it was. What was changed stands in the audit log. The answer is
a JSON object: the settings of the detection before and after.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Final

import msgspec

from dsl.params import SENSITIVITIES
from engine.errands import RefusedError, installed, refusing, written
from engine.store.desk import Desk, beside
from engine.tuning.settings_text import entry_of, with_entry
from engine.tuning.writing import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.envelope import Envelope
    from dsl.yaml_data import Plain
    from engine.cli.rules import Loaded
    from engine.errands import Installation, Place, Work

_writing: Final = threading.Lock()


class Asked(msgspec.Struct):
    """Of which detection, by whom and why. `enabled` None: as it is; `sensitivity` and `params` (as authors
    write values) None: as they are. A sensitivity of "" is the default, params replace those set before.
    """

    detection: str
    who: str
    reason: str
    enabled: bool | None = None
    sensitivity: str | None = None
    params: dict[str, str] | None = None


def begin(place: Place, arguments: Mapping[str, object]) -> Work:
    """The work is done beside the engine."""
    asked, of = msgspec.convert(arguments, Asked), installed(place)

    def work() -> bytes:
        if not asked.reason.strip():
            raise RefusedError("a change of a detection has a reason")
        try:
            with refusing(), _writing:
                before, after = _changed(asked, of)
            with closing(Desk(beside(place.path))) as desk, desk.transaction():
                desk.log(
                    place.now, asked.who, "configure", "detection", asked.detection,
                    before, after, note=asked.reason,
                )  # fmt: skip
        except sqlite3.Error as error:
            raise RefusedError(
                f"it is in force, but the audit log does not answer: {error}"
            ) from error
        return msgspec.json.encode({"before": before, "after": after})

    return work


def envelope_of(loaded: Loaded, name: str) -> Envelope:
    """The head of a detection, one that is switched off, too. Raises RefusedError."""
    for rule in loaded.rules:
        if rule.plan.id == name:
            return rule.envelope
    if name in loaded.in_force.disabled:
        return loaded.in_force.disabled[name].envelope
    raise RefusedError(f"there is no detection `{name}`")


def values_of(envelope: Envelope, given: Mapping[str, str]) -> dict[str, Plain]:
    """Values as a settings file has them, those that were typed. Raises RefusedError."""
    found: dict[str, Plain] = {}
    for name, text in given.items():
        if name not in envelope.params:
            raise RefusedError(f"`{envelope.id}` has no parameter `{name}`")
        param = envelope.params[name]
        value, refusal = param.read_text(text)
        if value is None:
            raise RefusedError(f"{name}: {refusal}; {param.help}")
        found[name] = param.show(value) if param.type == "duration" else value
    return found


def _changed(asked: Asked, of: Installation) -> tuple[dict[str, Plain], dict[str, Plain]]:
    from engine.cli.rules import load_rules  # noqa: PLC0415 - the compiler is slow to load

    path = of.settings_file
    there = path.exists()
    try:
        text = path.read_text(encoding="utf-8") if there else ""
        before = entry_of(text, asked.detection)
        loaded = load_rules(of.rules, path if there else None, of.lists)
        after = _entry(before, asked, envelope_of(loaded, asked.detection))
        if after == before:
            raise RefusedError("nothing would be changed by that")
        change = Change(path, text if there else None, with_entry(text, asked.detection, after))
    except (ValueError, UnicodeDecodeError) as error:
        raise RefusedError(f"{path} cannot be changed: {error}") from error
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}") from error
    written(change)
    try:
        fresh = load_rules(of.rules, path, of.lists)
    except BaseException:
        if change.before is None:
            path.unlink()
        else:
            Change(path, change.after, change.before).write()
        raise
    of.take(fresh)
    return before, after


def _entry(before: Mapping[str, Plain], asked: Asked, envelope: Envelope) -> dict[str, Plain]:
    """What the file is to say of the detection."""
    after = dict(before)
    if asked.enabled is not None:
        after.pop("disabled", None)
        if not asked.enabled:
            after["disabled"] = asked.reason.strip()
    if asked.sensitivity is not None:
        after.pop("sensitivity", None)
        if asked.sensitivity:
            if asked.sensitivity not in SENSITIVITIES:
                raise RefusedError(f"a sensitivity is {', '.join(SENSITIVITIES)}")
            after["sensitivity"] = asked.sensitivity
    if asked.params is not None:
        after.pop("params", None)
        values = values_of(envelope, asked.params)
        if values:
            after["params"] = values
    return after

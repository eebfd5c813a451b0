"""An installation's settings of detections: parameters, sensitivities, what is switched off.

One YAML file, kept apart from the detections so that an upgrade of them loses nothing:

    sensitivity: medium            # of all detections: high (most alerts), medium, low
    detections:
      brute_force:
        sensitivity: high
        params: {min_tries: 20, window: 30m}
      ntlmv1_use: {disabled: the scanners in the plant speak nothing else}
    frozen: 2027-01-31             # of all detections, or of one: what is usual is what was so then

A parameter named here wins over the sensitivity, the sensitivity over the default. Knows no engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dsl.diagnostics import Diagnostics
from dsl.faults import did_you_mean
from dsl.list_file import read_day
from dsl.params import SENSITIVITIES, ParamValue, Sensitivity
from dsl.record import read_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dsl.catalogue import Detection
    from dsl.diagnostics import Diagnostic
    from dsl.record import Record


@dataclass(frozen=True, slots=True)
class Settings:
    """`params`: values by detection and parameter, durations in microseconds; `disabled`:
    detections that do not run, with the reason; `frozen`: since when profiles are, by detection.
    """

    params: dict[str, dict[str, ParamValue]] = field(default_factory=dict)
    disabled: dict[str, str] = field(default_factory=dict)
    frozen: dict[str, int] = field(default_factory=dict)


def read_settings(
    path: Path, detections: Mapping[str, Detection], root: Path | None = None
) -> tuple[Settings, list[Diagnostic]]:
    """The settings of a file for these detections, and what is wrong with it."""
    diagnostics = Diagnostics()
    settings = Settings()
    file = read_record(path, "the settings", diagnostics, root)
    if file is None:
        return settings, diagnostics.items
    general = _sensitivity(file)
    frozen = read_day(file, "frozen", "D0607")
    if frozen is not None:
        settings.frozen.update(dict.fromkeys(detections, frozen))
    whole = file.record("detections", "`detections`")
    named = dict.fromkeys(whole.data if whole else ())
    for rule in named:
        entry = whole.record(rule, f"`{rule}`") if whole else None
        detection = detections.get(rule)
        if whole and detection is None:
            message = f"there is no detection `{rule}`"
            whole.add("D0604", message, rule, key=True, hint=did_you_mean(rule, detections))
        elif entry and detection:
            _read(entry, detection, general, settings)
    file.finish()
    if general:
        for rule, detection in detections.items():
            settings.params.setdefault(rule, _at(detection, general))
    return settings, diagnostics.items


def _sensitivity(record: Record) -> Sensitivity | None:
    word = record.word("sensitivity", SENSITIVITIES)
    return next((s for s in SENSITIVITIES if s == word), None)


def _at(detection: Detection, sensitivity: Sensitivity) -> dict[str, ParamValue]:
    return {name: param.at(sensitivity) for name, param in detection.envelope.params.items()}


def _read(
    entry: Record, detection: Detection, general: Sensitivity | None, settings: Settings
) -> None:
    reason = entry.text("disabled")
    if reason is not None:
        settings.disabled[detection.id] = reason
    frozen = read_day(entry, "frozen", "D0607")
    if frozen is not None:
        settings.frozen[detection.id] = frozen
    sensitivity = _sensitivity(entry) or general
    values = _at(detection, sensitivity) if sensitivity else {}
    given = entry.record("params", "`params`")
    declared = detection.envelope.params
    for name in given.data if given else ():
        param = declared.get(name)
        raw = given.raw(name) if given else None
        if given and param is None:
            message = f"`{detection.id}` has no parameter `{name}`"
            given.add("D0604", message, name, key=True, hint=did_you_mean(name, declared))
        elif given and param:
            value, refusal = param.read(raw)
            if value is None:
                given.add("D0607", refusal, name, hint=param.help)
            else:
                values[name] = value
    entry.finish()
    settings.params[detection.id] = values

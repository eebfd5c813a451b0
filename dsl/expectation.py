"""`expect` of a test: which alerts a person must see, and whether they were seen.

A line gives role values (a subset is enough), and optionally `severity`, `confidence`, `at` (when
the alert became true, relative to the test's begin), `explain~` (text or regular expression that
the explanation holds; blanks do not matter) and `count` (so many alerts are like it, 1 if left
out). Every alert must meet a line: `expect: []` is silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from dsl.durations import format_duration
from dsl.faults import did_you_mean
from dsl.given_events import BASE
from dsl.schema.enums import SEVERITY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dsl.record import Record
    from dsl.yaml_data import Plain

Shown = str | int | float | bool | None
OWN_KEYS: Final = ("severity", "confidence", "at", "explain~", "count")
"""Keys of a line beside the roles."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One line. `roles` hold a value, None (must be null) or several values; `at` is absolute, in
    microseconds.
    """

    roles: tuple[tuple[str, Shown | tuple[Shown, ...]], ...]
    severity: str | None = None
    confidence: int | None = None
    at: int | None = None
    explain: str | None = None
    count: int = 1

    def differences(self, alert: SeenAlert) -> list[str]:
        """Why an alert does not meet this line; empty if it does."""
        found = [
            f"{role} is {_show(alert.roles.get(role))}, expected {_show(wanted)}"
            for role, wanted in self.roles
            if not _meets(wanted, alert.roles.get(role))
        ]
        if self.severity is not None and alert.severity != self.severity:
            found.append(f"severity is {alert.severity}, expected {self.severity}")
        if self.confidence is not None and round(alert.confidence) != self.confidence:
            found.append(f"confidence is {alert.confidence:g}, expected {self.confidence}")
        if self.at is not None and alert.ts != self.at:
            when, wanted = (format_duration(t - BASE) for t in (alert.ts, self.at))
            found.append(f"it fired at {when}, expected at {wanted}")
        if self.explain is not None and not _holds(alert.explanation, self.explain):
            found.append(f"the explanation does not hold `{self.explain}`")
        return found


class SeenAlert(Protocol):
    """What a test run must know of an alert."""

    @property
    def roles(self) -> Mapping[str, object]: ...
    @property
    def severity(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def ts(self) -> int: ...
    @property
    def explanation(self) -> str: ...


def complaints(expected: Sequence[Expectation], seen: Sequence[SeenAlert]) -> list[str]:
    """What differs between the lines of a test and the alerts of its run; empty if it passes."""
    wanted = [line for line in expected for _ in range(line.count)]
    partner = _pair(wanted, seen)
    found = []
    for i, line in enumerate(wanted):
        if i not in partner:
            near = min((line.differences(alert) for alert in seen), key=len, default=None)
            why = "there is no alert" if near is None else "; ".join(near) or "too few like it"
            found.append(f"expected {_describe(line)}: {why}")
    extra = set(range(len(seen))) - set(partner.values())
    found += [f"unexpected alert {_show_roles(seen[j].roles)}" for j in sorted(extra)]
    return found


def read_expectations(test: Record, roles: Sequence[str] | None) -> tuple[Expectation, ...] | None:
    """The lines of `expect`; `roles` are those of the rule's alerts, None if any will do.

    None where the key is missing.
    """
    if "expect" not in test:
        hint = "write what must be seen, or `expect: []` for silence"
        test.add("D0712", "the test expects nothing", key=True, hint=hint)
        test.raw("expect")
        return None
    return tuple(_line(entry, roles) for entry in test.records("expect", "the line"))


def _line(entry: Record, roles: Sequence[str] | None) -> Expectation:
    severity = entry.word("severity", SEVERITY)
    confidence = entry.number("confidence", 0, 100)
    at = entry.duration("at")
    explain = entry.text("explain~")
    count = entry.number("count", 1)
    values = []
    for role, value in entry.data.items():
        if role in OWN_KEYS:
            continue
        if roles is not None and role not in roles:
            words = [*roles, *OWN_KEYS]
            hint = did_you_mean(role, words) or "roles are " + ", ".join(f"`{r}`" for r in roles)
            entry.add(
                "D0711", f"no alert of the rule has a role `{role}`", role, key=True, hint=hint
            )
        elif isinstance(value, dict):
            entry.add("D0711", f"`{role}` is a mapping where a value belongs", role)
        else:
            values.append((role, _plain(value)))
    return Expectation(
        tuple(values), severity, confidence, None if at is None else BASE + at, explain, count or 1
    )


def _plain(value: Plain) -> Shown | tuple[Shown, ...]:
    if isinstance(value, list):
        return tuple(v for v in value if not isinstance(v, (list, dict)))
    return None if isinstance(value, dict) else value


def _meets(wanted: Shown | tuple[Shown, ...], seen: object) -> bool:
    """A list of the alert must hold the value, or all values, of the line."""
    values = seen if isinstance(seen, (list, tuple, set, frozenset)) else [seen]
    if isinstance(wanted, tuple):
        return all(_meets(one, seen) for one in wanted)
    if wanted is None:
        return seen is None
    return any(_same(wanted, value) for value in values)


def _same(wanted: Shown, seen: object) -> bool:
    if isinstance(wanted, bool) or isinstance(seen, bool):
        return wanted is seen
    if isinstance(wanted, (int, float)) and isinstance(seen, (int, float)):
        return wanted == seen
    if isinstance(seen, bytes):
        seen = seen.hex()
    return seen is not None and str(wanted).casefold() == str(seen).casefold()


def _holds(explanation: str, wanted: str) -> bool:
    text, part = " ".join(explanation.split()), " ".join(wanted.split())
    if part in text:
        return True
    try:
        return re.search(part, text) is not None
    except re.error:
        return False


def _pair(wanted: Sequence[Expectation], seen: Sequence[SeenAlert]) -> dict[int, int]:
    """The largest pairing of lines with alerts they meet (augmenting paths)."""
    meets = [[j for j, alert in enumerate(seen) if not line.differences(alert)] for line in wanted]
    owner: dict[int, int] = {}

    def assign(i: int, tried: set[int]) -> bool:
        for j in meets[i]:
            if j not in tried:
                tried.add(j)
                if j not in owner or assign(owner[j], tried):
                    owner[j] = i
                    return True
        return False

    for i in range(len(wanted)):
        assign(i, set())
    return {i: j for j, i in owner.items()}


def _describe(line: Expectation) -> str:
    parts = [f"{role}: {_show(value)}" for role, value in line.roles]
    parts += [f"severity: {line.severity}"] if line.severity else []
    return "{" + ", ".join(parts) + "}"


def _show(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(sorted(map(_show, value))) + "]"
    return "null" if value is None else value.hex() if isinstance(value, bytes) else str(value)


def _show_roles(roles: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{role}: {_show(value)}" for role, value in roles.items()) + "}"

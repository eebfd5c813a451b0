"""Tests inside a rule: `tests:` -> `RuleTest` objects, with all events expanded.

A test builds on another by `extends`: it takes over its entries (adding `given+`, moving some with
`shift`), its directory, lists, parameters, profiles and recordings, unless it has its own; never its
`expect`. `shift` moves entries before `given+` is added: `last`, `first`, `all`, or an entry's
number from 0. Nothing is run here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.expectation import Expectation, read_expectations
from dsl.faults import did_you_mean
from dsl.given_directory import DirectoryObject, read_directory
from dsl.given_events import BASE, Entry, expand, read_entries, shifted
from dsl.given_profiles import Lesson, read_profiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dsl.diagnostics import Span
    from dsl.params import Param, ParamValue
    from dsl.record import Record
    from dsl.schema.base import Event

__all__ = ["BASE", "RuleTest", "read_tests"]
_KEYS: Final = (
    "name", "extends", "given", "given+", "shift", "directory", "lists", "params", "using",
    "profile", "observed", "expect",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test, ready to run: events in order, begin at `BASE` (microseconds since 1970).

    `lists` replaces the entries of lists (the rule's id: its own exclusions), `params` the values of parameters; `using` are captures
    and event logs to decode beside the events. `profile` is what has been learnt before; `observed`
    for how long (microseconds) sources have been alive before the begin, None: for ever. No
    expectation: silence. `span` is the test's place.
    """

    name: str
    events: tuple[Event, ...]
    directory: tuple[DirectoryObject, ...]
    lists: dict[str, tuple[str, ...]]
    params: dict[str, ParamValue]
    using: tuple[Path, ...]
    profile: tuple[Lesson, ...]
    observed: int | None
    expect: tuple[Expectation, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a test is made of and another may take over."""

    entries: tuple[Entry, ...] = ()
    directory: tuple[DirectoryObject, ...] = ()
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    params: tuple[tuple[str, ParamValue], ...] = ()
    using: tuple[Path, ...] = ()
    profile: tuple[Lesson, ...] = ()
    observed: int | None = None


def read_tests(
    file: Record, folder: Path, params: Mapping[str, Param], roles: Sequence[str] | None
) -> tuple[RuleTest, ...]:
    """The tests of a file; faulty ones are left out and reported.

    `folder` is where `using` starts from, `roles` the roles of the rule's alerts (None: a relation,
    whose columns are checked elsewhere).
    """
    tests: list[RuleTest] = []
    settings: dict[str, _Setting] = {}
    records = list(file.records("tests", "the test"))
    all_names = [str(record.data.get("name")) for record in records]
    for record in records:
        before = len(file.diagnostics.errors)
        name = record.text("name", required=True) or ""
        if name in settings:
            record.add("D0712", f"two tests are named `{name}`", "name", hint="rename one of them")
        base = _base(record, settings, all_names)
        setting = _setting(record, folder, params, base)
        expect = read_expectations(record, roles)
        if not setting.entries and not setting.using and len(file.diagnostics.errors) == before:
            hint = "add `given`, `extends` or `using`"
            record.add("D0712", "the test has no events", hint=hint)
        record.finish(_KEYS)
        settings[name] = setting
        if expect is None or len(file.diagnostics.errors) > before:
            continue
        tests.append(
            RuleTest(
                name, expand(setting.entries), setting.directory, dict(setting.lists),
                dict(setting.params), setting.using, setting.profile, setting.observed, expect,
                file.source.place(*record.place),
            )
        )  # fmt: skip
    return tuple(tests)


def _base(record: Record, settings: Mapping[str, _Setting], names: Sequence[str]) -> _Setting:
    extended = record.text("extends")
    if extended is None:
        return _Setting()
    if extended not in settings:
        later = extended in names
        hint = "put that test before this one" if later else did_you_mean(extended, settings)
        record.add("D0706", f"no test before this one is named `{extended}`", "extends", hint=hint)
    return settings.get(extended, _Setting())


def _setting(record: Record, folder: Path, params: Mapping[str, Param], base: _Setting) -> _Setting:
    entries = read_entries(record, "given") if "given" in record else base.entries
    entries = _shift(record, entries) + read_entries(record, "given+")
    return _Setting(
        entries=entries,
        directory=read_directory(record) if "directory" in record else base.directory,
        lists=(*base.lists, *_lists(record)),
        params=(*base.params, *_params(record, params)),
        using=_using(record, folder) if "using" in record else base.using,
        profile=read_profiles(record) if "profile" in record else base.profile,
        observed=_observed(record) if "observed" in record else base.observed,
    )


def _shift(record: Record, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    shift = record.record("shift", "`shift`")
    moved = list(entries)
    for key in shift.data if shift else ():
        offset = shift.duration(key) if shift else None
        match key:
            case "all":
                which = range(len(entries))
            case "first":
                which = range(min(1, len(entries)))
            case "last":
                which = range(max(0, len(entries) - 1), len(entries))
            case _ if key.isdecimal() and int(key) < len(entries):
                which = range(int(key), int(key) + 1)
            case _:
                hint = f"write `last`, `first`, `all` or a number from 0 to {len(entries) - 1}"
                if shift:
                    shift.add(
                        "D0709", f"there is no entry `{key}` to shift", key, key=True, hint=hint
                    )
                continue
        for i in which:
            moved[i] = shifted(moved[i], offset or 0)
    return tuple(moved)


def _observed(record: Record) -> int | None:
    observed = record.duration("observed")
    if observed is not None and observed < 0:
        record.add("D0705", "`observed` is a length of time", "observed", hint="write `3d`")
        return None
    return observed


def _lists(record: Record) -> tuple[tuple[str, tuple[str, ...]], ...]:
    lists = record.record("lists", "`lists`")
    if lists is None:
        return ()
    return tuple((name, lists.texts(name)) for name in lists.data)


def _params(record: Record, known: Mapping[str, Param]) -> tuple[tuple[str, ParamValue], ...]:
    values = record.record("params", "`params`")
    found = []
    for name, plain in values.data.items() if values else ():
        if values is None:
            break
        if name not in known:
            hint = did_you_mean(name, known)
            values.add("D0707", f"the rule has no parameter `{name}`", name, key=True, hint=hint)
            continue
        value, refusal = known[name].read(plain)
        if value is None:
            values.add("D0707", refusal, name)
        else:
            found.append((name, value))
    return tuple(found)


def _using(record: Record, folder: Path) -> tuple[Path, ...]:
    found = []
    for name in record.texts("using"):
        path = folder / name
        if path.is_file():
            found.append(path)
        else:
            hint = "the path starts from the rule's folder"
            record.add("D0710", f"there is no file `{name}`", "using", hint=hint)
    return tuple(found)

"""`profile` of a test: what keys of the rule's profiles have learnt before the test begins.

    profile:
      usual:
        - {key: {account: u1}, first_seen: -40d, n: 3, known: [ws1, ws2]}
        - {key: {account: u2}, n: [2, 3, 4]}

Here the entries are read as they stand; `dsl.teach` knows the profiles and gives them meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsl.record import Record
    from dsl.yaml_data import Place, Plain


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one key is said to have learnt. `first_seen` in microseconds from the test's begin, None
    = as long ago as the profile reaches. `place` is the entry's in the file.
    """

    profile: str
    key: dict[str, Plain]
    first_seen: int | None
    learnt: dict[str, Plain]
    place: Place


def read_profiles(test: Record) -> tuple[Lesson, ...]:
    """The entries of `profile`; faulty ones are left out and reported."""
    profiles = test.record("profile", "`profile`")
    if profiles is None:
        return ()
    lessons = []
    for name in profiles.data:
        for entry in profiles.records(name, "the entry"):
            key = entry.record("key", "`key`")
            first_seen = entry.duration("first_seen")
            if key is None:
                hint = "write `{key: {account: alice}, n: 3}`"
                entry.add("D0705", "the entry does not say whose profile it is", hint=hint)
                continue
            if first_seen is not None and first_seen >= 0:
                hint = "a profile has learnt before the test begins: `-30d`"
                entry.add("D0705", "`first_seen` lies before the begin", "first_seen", hint=hint)
                continue
            learnt = {k: v for k, v in entry.data.items() if k not in ("key", "first_seen")}
            lessons.append(Lesson(name, key.data, first_seen, learnt, entry.place))
    return tuple(lessons)

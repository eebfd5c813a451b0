"""Entries of a test's `profile` -> rows from which the profile learns what they say.

A number stands for the value of every closed bucket, a list for those of the last ones. Knows the
profile's keys and learns; nothing of plans around it, of events or of engines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from dsl import plan
from dsl.event_values import BadValueError, read_field
from dsl.faults import did_you_mean
from dsl.given_events import BASE
from dsl.record import sort_of
from dsl.schema.base import Field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.event_values import Value
    from dsl.given_profiles import Lesson
    from dsl.types import Type
    from dsl.yaml_data import Plain

_MOST_ROWS: Final = 100_000


_Bucket = list[plan.Value | tuple[plan.Value, ...]]


@dataclass(frozen=True, slots=True)
class LessonFault:
    """What is wrong with an entry; `place` below the file, `key`: at the key itself."""

    code: str
    message: str
    place: tuple[str | int, ...]
    hint: str = ""
    key: bool = True


def lesson_rows(
    profile: plan.Profile, lessons: Iterable[Lesson]
) -> tuple[tuple[plan.GivenRow, ...], list[LessonFault]]:
    """The rows from which a profile learns what the entries say, in buckets closed before the test
    begins where it can; and what of them it cannot learn.
    """
    rows: list[plan.GivenRow] = []
    faults: list[LessonFault] = []
    for lesson in lessons:
        teacher = _Teacher(profile, lesson, faults)
        rows += teacher.rows()
        if len(rows) > _MOST_ROWS:
            message = f"the profile learns from more than {_MOST_ROWS} rows"
            faults.append(LessonFault("D0705", message, lesson.place, key=False))
            break
    return tuple(rows), faults


@dataclass(frozen=True, slots=True)
class _Teacher:
    """The rows of one entry: in each bucket as many as its learns need, side by side."""

    profile: plan.Profile
    lesson: Lesson
    faults: list[LessonFault]

    def rows(self) -> list[plan.GivenRow]:
        key = self._key()
        known = {learn.name: learn for learn in self.profile.learns}
        for name in self.lesson.learnt:
            if name not in known:
                hint = did_you_mean(name, [*known, "key", "first_seen"])
                message = f"`{self.lesson.profile}` learns no `{name}`"
                self._refuse("D0716", message, (name,), hint or f"it learns {_listed(known)}")
        begins, first = self._buckets()
        taught = [self._taught(learn, len(begins)) for learn in self.profile.learns]
        if key is None:
            return []
        rows: list[plan.GivenRow] = []
        for i, begin in enumerate(begins):
            cells = [buckets[i] if buckets is not None else [] for buckets in taught]
            height = max([*map(len, cells), 1 if i == 0 else 0])
            filled = [self._filled(n, c, height) for n, c in enumerate(cells)]
            # the test begins at an hour at which the key is usually seen
            ts = first if i == 0 else begin + BASE % self.profile.bucket
            rows += [(ts, (*key, *row)) for row in zip_longest(*filled)]
        return rows

    def _filled(self, position: int, cells: _Bucket, height: int) -> _Bucket:
        """What a learn takes of the rows of a bucket; a count that nobody speaks of takes all."""
        learn = self.profile.learns[position]
        if learn.function != "count":
            return [*cells, *[None] * (height - len(cells))]
        if learn.where is None and learn.name not in self.lesson.learnt:
            return [True] * height
        return [*cells, *[False] * (height - len(cells))]

    def _buckets(self) -> tuple[list[int], int]:
        """Begins of the buckets from the first row on, the last one closed if there is any such;
        and the time of the first row.
        """
        bucket = self.profile.bucket
        opened = BASE - BASE % bucket
        longest = max((len(v) for v in self._listed()), default=0)
        if self.lesson.first_seen is not None:
            first = BASE + self.lesson.first_seen
        elif longest:
            first = opened - longest * bucket
        else:
            first = opened - self.profile.over
        begin = max(first - first % bucket, opened - self.profile.over)
        return list(range(begin, opened, bucket)) or [opened], max(first, begin)

    def _listed(self) -> list[list[Plain]]:
        """Values that are given bucket by bucket."""
        numbers = {x.name for x in self.profile.learns if x.function in _OF_BUCKETS}
        return [v for n, v in self.lesson.learnt.items() if n in numbers and isinstance(v, list)]

    def _key(self) -> tuple[plan.Value, ...] | None:
        kinds = dict(self.profile.columns)
        for name in self.lesson.key:
            if name not in kinds:
                message = f"`{self.lesson.profile}` has no key `{name}`"
                hint = did_you_mean(name, kinds) or f"its keys are {_listed(kinds)}"
                self._refuse("D0716", message, ("key", name), hint)
        values: list[plan.Value] = []
        for name, kind in kinds.items():
            if name not in self.lesson.key:
                message = f"the key lacks `{name}`"
                self._refuse("D0716", message, ("key",), f"its keys are {_listed(kinds)}")
                return None
            value = self._value(kind, self.lesson.key[name], ("key", name))
            if value is None:
                return None
            values.append(value)
        return tuple(values)

    def _taught(self, learn: plan.Learn, buckets: int) -> list[_Bucket] | None:
        """What the learn takes in each bucket; None where the entry does not say."""
        given = self.lesson.learnt.get(learn.name)
        if given is None:
            return None
        if learn.function in _OF_BUCKETS:
            listed = given[-buckets:] if isinstance(given, list) else [given] * buckets
            cells = [self._bucket(learn, v) for v in listed]
            return [[] for _ in range(buckets - len(cells))] + cells
        several = learn.function in ("set", "values")
        items = given if several and isinstance(given, list) else [given]
        kind = replace(learn.type, many=False) if learn.function == "set" else learn.type
        values: _Bucket = [
            v for v in (self._value(kind, i, (learn.name,)) for i in items) if v is not None
        ]
        if learn.function == "set" and learn.arguments[0].type.many:
            values = [(v,) for v in values if not isinstance(v, tuple)]
        taught: list[_Bucket] = [[] for _ in range(buckets)]
        # a set is learnt whole, however large, for two buckets bring its values
        for i in {"first": {0}, "set": {0, buckets - 1}}.get(learn.function, {buckets - 1}):
            taught[i] = list(values)
        return taught

    def _bucket(self, learn: plan.Learn, given: Plain) -> _Bucket:
        """The rows that make this the value of a bucket."""
        if learn.function in ("count", "count_distinct"):
            if isinstance(given, bool) or not isinstance(given, int) or given < 0:
                self._refuse(
                    "D0703", f"{sort_of(given)} where a count belongs", (learn.name,),
                    "write a whole number, or a list of one for each bucket", key=False,
                )  # fmt: skip
                return []
            count = range(min(given, _MOST_ROWS + 1))
            return [True for _ in count] if learn.function == "count" else [str(i) for i in count]
        value = self._value(learn.type, given, (learn.name,))
        return [] if value is None else [value]

    def _value(self, kind: Type, given: Plain, place: tuple[str, ...]) -> plan.Value:
        """A value of the kind; null and a report where it is none."""
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if kind.kind == "float" and isinstance(given, int | float) and number:
            return float(given)
        if kind.kind == "float" or kind.kind == "null":  # noqa: PLR1714  # so that mypy narrows
            self._refuse("D0703", f"{sort_of(given)} where a number belongs", place, key=False)
            return None
        field = Field(kind.kind, "", words=kind.words, open_words=kind.open_words)
        try:
            found: Value | list[Value] = read_field(field, given, BASE, many=False)
        except BadValueError as bad:
            self._refuse(bad.code, f"`{place[-1]}`: {bad.message}", place, bad.hint, key=False)
            return None
        if isinstance(found, str) and kind.kind in _CASELESS:
            return found.lower()
        return None if isinstance(found, list | dict) else found

    def _refuse(
        self, code: str, message: str, place: tuple[str, ...], hint: str = "", *, key: bool = True
    ) -> None:
        self.faults.append(LessonFault(code, message, (*self.lesson.place, *place), hint, key=key))


_CASELESS: Final = frozenset({"account", "host", "group", "service"})
_OF_BUCKETS: Final = frozenset({"count", "count_distinct", "sum", "min", "max"})
"""Learns that have a value in each bucket."""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)

"""Runs the tests that live in rules: events, directory, lists, parameters -> alerts -> compared.

Everything runs in memory through the same engine as live. What must be seen, and how it differs,
is judged by `dsl.expectation`. Decoding of captures named by `using` is handed in.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from dsl import plan
from dsl.check import check, check_relation
from dsl.expectation import complaints
from dsl.given_events import BASE
from dsl.schema.registry import event_types
from dsl.teach import teach
from engine.directory_file import DirectoryFile
from engine.lists import rows_of, rows_of_test
from engine.replay import Setting, replay
from engine.running import Rule
from engine.why import detection_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dsl.catalogue import Catalogue, Detection, ListFile, SharedRelation
    from dsl.diagnostics import Diagnostic
    from dsl.given import RuleTest
    from dsl.plan import DetectionPlan
    from dsl.schema.base import Event
    from engine.alerts import RoleValue
    from engine.running import CompiledDetection

    _Key = tuple[tuple[tuple[str, object], ...], str]
    Compile = Callable[[DetectionPlan], CompiledDetection]
    Decode = Callable[[Path], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class Seen:
    """An alert, or a row of a relation, as expectations read it; `ts` in microseconds."""

    roles: Mapping[str, RoleValue]
    severity: str
    confidence: float
    ts: int
    explanation: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one test went. `complaints` are empty if it passed; `skipped` says why it did not run."""

    rule: str
    test: str
    file: str
    line: int
    complaints: tuple[str, ...]
    seconds: float
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Whether it ran and saw what it expected."""
        return not self.complaints and not self.skipped


def run_tests(
    catalogue: Catalogue,
    compile_detection: Compile,
    decode: Decode | None = None,
    *,
    rules: Iterable[str] | None = None,
) -> Iterator[Outcome]:
    """The outcome of every test of the catalogue's detections and relations, in order; `rules`
    chooses some by id.
    """
    chosen = None if rules is None else set(rules)
    for detection in catalogue.detections.values():
        if chosen is None or detection.id in chosen:
            yield from map(
                DetectionTests(detection, catalogue, compile_detection, decode).run, detection.tests
            )
    for relation in catalogue.relations.values():
        if chosen is None or relation.id in chosen:
            yield from map(
                RelationTests(relation, catalogue, compile_detection, decode).run, relation.tests
            )


class _Tests:
    """What tests of detections and of relations share."""

    def __init__(
        self,
        rule: Detection | SharedRelation,
        catalogue: Catalogue,
        compile_detection: Compile,
        decode: Decode | None,
    ) -> None:
        self._rule = rule
        self._catalogue = catalogue
        self._compile = compile_detection
        self._decode = decode

    def run(self, test: RuleTest) -> Outcome:
        """One test; faults of the rule itself are complaints too."""
        began = time.perf_counter()
        skipped = ""
        found: list[str] = []
        if test.using and self._decode is None:
            skipped = "recordings cannot be decoded here"
        else:
            try:
                found = complaints(test.expect, self._seen(test))
            except NotRunnable as fault:
                found = [str(fault)]
            except _Untrainable as reason:
                skipped = str(reason)
        seconds = time.perf_counter() - began
        source = self._rule.source
        return Outcome(
            self._rule.id, test.name, source.file, test.span.line, tuple(found), seconds, skipped
        )

    def _seen(self, test: RuleTest) -> list[Seen]:
        raise NotImplementedError

    def _events(self, test: RuleTest) -> list[Event]:
        recorded = [e for path in test.using for e in self._decode(path)] if self._decode else []
        return [*test.events, *recorded]

    def _setting(self, test: RuleTest) -> Setting:
        lists = self._lists(test)
        kinds = {name: file.kind for name, file in self._catalogue.lists.items()}
        rows = [*rows_of(lists.values()), *rows_of_test(test.lists, kinds)]
        # A test that names no directory has an empty one, complete as it is written; over a
        # recording nothing is declared and everything is learnt.
        declared = None if test.using and not test.directory else DirectoryFile(test.directory, ())
        covered = None if test.using and not test.events else tuple(event_types())
        since = 0 if test.observed is None else BASE - test.observed
        return Setting(declared, rows, covered, since, as_written=not test.using)

    def _lists(self, test: RuleTest) -> dict[str, ListFile]:
        return {n: f for n, f in self._catalogue.lists.items() if n not in test.lists}


class _Untrainable(Exception):  # noqa: N818  # nothing is wrong with the rule
    """What trains the rule's models is not installed."""


class NotRunnable(Exception):  # noqa: N818  # it is no error of ours but a finding about the rule
    """The rule cannot be run with a test's parameters; the message says why."""


class DetectionTests(_Tests):
    """Tests of one detection; plans are kept by the values of the parameters."""

    def __init__(
        self,
        rule: Detection,
        catalogue: Catalogue,
        compile_detection: Compile,
        decode: Decode | None = None,
    ) -> None:
        super().__init__(rule, catalogue, compile_detection, decode)
        self._detection = rule
        self._compiled: dict[_Key, tuple[Rule, CompiledDetection]] = {}

    def _seen(self, test: RuleTest) -> list[Seen]:
        rule, compiled = self._rule_of(test)
        done = replay([rule], self._events(test), lambda _: compiled, self._setting(test))
        try:
            if done.engine.faults:
                raise NotRunnable("; ".join(done.engine.faults.values()))
            if done.engine.models.complaints:
                raise _Untrainable("; ".join(done.engine.models.complaints.values()))
            return [
                Seen(a.roles, a.severity, a.confidence, a.first_row, done.explanation(a))
                for a in done.alerts
            ]
        finally:
            done.engine.store.close()

    def _rule_of(self, test: RuleTest) -> tuple[Rule, CompiledDetection]:
        key = (tuple(sorted(test.params.items())), repr(test.profile))
        if key not in self._compiled:
            built, found = check(
                self._detection, self._catalogue.relations, self._catalogue.lists, test.params
            )
            if built is None:
                raise NotRunnable(_said(found))
            built, _ = teach(built, test.profile)
            rule = Rule(built, self._detection.envelope)
            self._compiled[key] = rule, self._compile(built)
        return self._compiled[key]


class RelationTests(_Tests):
    """Tests of a shared relation: its rows are what is seen, columns for roles."""

    def _seen(self, test: RuleTest) -> list[Seen]:
        relation = self._rule
        built, found = check_relation(
            self._catalogue.relations[relation.id], self._catalogue.relations, self._catalogue.lists
        )
        if built is None:
            raise NotRunnable(_said(found))
        built, _ = teach(built, test.profile)
        top = dict(built.shared)[built.id]
        if isinstance(top, plan.Profile):
            raise NotRunnable("a profile has no rows: it is tested by a rule that asks it")
        compiled = self._compile(detection_of(built, plan.Ref(built.id, top.columns)))
        done = replay([], self._events(test), self._compile, self._setting(test))
        store = done.engine.store
        try:
            high = max((e.ts for e in test.events), default=0) + built.look_back
            rows = compiled.alerts[0].rows(store.connection, 0, high)
        except duckdb.Error as error:
            raise NotRunnable(str(error)) from error
        finally:
            store.close()
        return [Seen(row.roles, "low", 0, row.ts, "") for row in rows]


def _said(found: Sequence[Diagnostic]) -> str:
    return "; ".join(d.message for d in found if d.severity == "error") or "the rule cannot be run"

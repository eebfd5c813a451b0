"""The work of `atp tune`: past alerts of a rule, false positives among them, and what silences them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.cli import output
from engine.cli.tuned import MOST, Judged, Told, label
from engine.tuning.candidates import Candidate, Roles, candidates, effect
from engine.tuning.past import past_alerts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dsl.catalogue import Catalogue, ListFile
    from engine.cli.ground import Ground
    from engine.cli.rules import Loaded
    from engine.running import Rule
    from engine.tuning.past import PastAlert
    from engine.tuning.writing import Change, Signed

_LEAST_OF_ID: Final = 6
"""Characters of an id that name an alert."""


class Tuner:
    """One rule over one past. `mark` first, then `propose`."""

    def __init__(self, rule: str, loaded: Loaded, catalogue: Catalogue, over: Ground) -> None:
        self._catalogue = catalogue
        self._loaded = loaded
        self._over = over
        self._rule = self._of(rule)
        connection = over.store.connection
        from engine.store import facts  # noqa: PLC0415 - starts fast

        facts.put_lists(connection, {row.list for row in loaded.rows}, loaded.rows)
        compiled = loaded.compile_detection(self._rule.plan)
        self._past = past_alerts(connection, self._rule, compiled, over.period, over.trained())
        self._false: list[PastAlert] = []
        self._judged: list[Judged] = []

    def _of(self, name: str) -> Rule:
        known = {rule.plan.id: rule for rule in self._loaded.rules}
        if name not in known:
            from dsl.faults import did_you_mean  # noqa: PLC0415 - only for a slip

            output.fail(f"there is no detection `{name}`", did_you_mean(name, known))
        return known[name]

    # --- false positives ----------------------------------------------------------------------

    def mark(
        self,
        alerts: Sequence[str],
        events: Sequence[tuple[Path, int, str]],
        files: Sequence[Path],
    ) -> None:
        """Find the false positives by number, by id, or by an event behind them."""
        for name in alerts:
            self._add([a for a in self._past if _is(a, name)], f"no alert `{name}`")
        for path, seq, name in events:
            wanted = self._event(path, seq, files)
            self._add([a for a in self._past if wanted in a.evidence], f"no alert over {name}")
        known = [a for a in self._false if a.verdict == "true_positive"]
        if known:
            output.fail(f"{label(known[0])} was closed as a true positive")

    def _add(self, found: list[PastAlert], otherwise: str) -> None:
        if not found:
            told = ", ".join(label(a) for a in self._past[:MOST]) or "none"
            hint = f"its alerts there: {told}"
            output.fail(f"`{self._rule.plan.id}` has {otherwise} in that past", hint)
        self._false += [a for a in found if a not in self._false]

    def _event(self, path: Path, seq: int, files: Sequence[Path]) -> int:
        from sensor.inputs.files import files_in, sensor_names  # noqa: PLC0415 - starts fast

        every = list(files_in(tuple(dict.fromkeys((*files, path)))))
        sensor = sensor_names(every)[path]
        found = self._over.store.ids_of(sensor, seq, self._rule.plan.events)
        if not found:
            hint = f"it reads {', '.join(self._rule.plan.events)}; `atp decode` shows seq"
            output.fail(f"{path} has no event {seq} that the rule reads", hint)
        return found[0]

    # --- exclusions ---------------------------------------------------------------------------

    def propose(self, choose: int | None) -> Judged | None:
        """Judge all candidates; the one chosen, else the first that nothing speaks against."""
        from engine.backends.duckdb.exclusions import stored_tags_of  # noqa: PLC0415 - starts fast

        roles = Roles(self._rule.plan)
        tags = stored_tags_of(self._over.store.connection)
        rows = [row for alert in self._false for row in alert.rows]
        judged = []
        for candidate in candidates(roles, rows, tags):
            entries = candidate.rows(self._list(candidate).kind)
            done = effect(roles.holds(entries, tags), self._past)
            if not all(alert in done.vanish for alert in self._false):
                continue
            beside = tuple(a for a in done.vanish if a not in self._false)
            lost = ", ".join(label(a) for a in done.lost)
            why = f"known true positives would not be told: {lost}" if lost else ""
            judged.append(Judged(candidate, done, beside, why))
        judged.sort(key=lambda j: (len(j.beside), len(j.effect.thinned), j.candidate.breadth))
        if choose is not None and choose > len(judged):
            output.fail(f"there are {len(judged)} exclusions to choose from")
        first = choose - 1 if choose is not None else 0
        chosen = None
        for i in range(first, first + 1 if choose is not None else len(judged)):
            if not judged[i].refused:
                judged[i] = self._proven(judged[i])
            if not judged[i].refused:
                chosen = judged[i]
                break
        self._judged = judged
        return chosen

    def _proven(self, one: Judged) -> Judged:
        from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - only where asked for
        from engine.cli.reading import decoded  # noqa: PLC0415
        from engine.tuning.proof import missed  # noqa: PLC0415

        failing = list(
            missed(
                one.candidate, self._list(one.candidate), self._catalogue,
                compile_detection, decoded,
            )
        )  # fmt: skip
        if not failing:
            return one
        return Judged(
            one.candidate, one.effect, one.beside, f"tests would fail: {'; '.join(failing)}"
        )

    def _list(self, candidate: Candidate) -> ListFile:
        known = self._catalogue.lists.get(candidate.into)
        if known is not None:
            return known
        from dsl.catalogue import ListFile  # noqa: PLC0415 - starts fast

        detection = self._catalogue.detections[self._rule.plan.id]
        return ListFile(candidate.into, "text", "", (), detection.source, detection.path)

    def change(self, chosen: Judged, signed: Signed, folder: Path) -> Change:
        """The change of a list file that puts the exclusion in force."""
        from engine.tuning.writing import change_of  # noqa: PLC0415 - only where asked for

        known = self._catalogue.lists.get(chosen.candidate.into)
        kind = known.kind if known is not None else "text"
        description = (
            known.description
            if known is not None
            else f"What `{self._rule.plan.id}` need not tell."
        )
        try:
            return change_of(chosen.candidate, signed, folder, kind, description)
        except ValueError as error:
            path = folder / f"{chosen.candidate.into}.yaml"
            output.fail(f"{path} cannot be changed: {error}", "write the entry by hand")

    def told(self, chosen: Judged | None, change: Change | None, *, applied: bool) -> Told:
        """What there is to say."""
        applied = bool(applied and change)
        name = self._rule.plan.id
        return Told(name, len(self._past), self._false, self._judged, chosen, change, applied)


def _is(alert: PastAlert, name: str) -> bool:
    if name.isdecimal() and len(name) < _LEAST_OF_ID:
        return alert.number == int(name)
    wanted = name.lower()
    return len(wanted) >= _LEAST_OF_ID and any(i.startswith(wanted) for i in alert.ids)

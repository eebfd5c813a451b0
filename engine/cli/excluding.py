"""Close and exclude: the road of `atp tune` over the alerts at the desk, while the daemon runs.

The past that an exclusion is held against are the alerts that were told: their roles are at the desk, the
events behind them in a database that the daemon has.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from engine.alert_codec import unpack_record
from engine.cli import corpus, output
from engine.cli.ground import Ground
from engine.cli.rules import load_rules
from engine.cli.tune import own_lists, signed_by
from engine.cli.tuned import show
from engine.cli.tuner import Tuner
from engine.store import Store
from engine.store import alerts as stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine.store.desk import Desk


def exclude(
    desk: Desk,
    alerts: Sequence[Mapping[str, object]],
    installed: tuple[tuple[Path, ...], Path | None, tuple[Path, ...]],
    signed: tuple[str | None, str | None, str | None],
    choose: int | None,
    folder: Path | None,
    note: str,
) -> str:
    """Write an exclusion under which none of the alerts, all of one detection, would be told; what the
    audit log says of it. Ends the command with 1 where there is none.
    """
    rules, settings, lists = installed
    answering = signed_by(*signed)
    names = {str(alert["detection"]) for alert in alerts}
    if len(names) != 1:
        output.fail("an exclusion is of one detection", "close alerts of one detection at a time")
    (name,) = names
    loaded = load_rules(rules, settings, lists)
    tuner = Tuner(name, loaded, corpus.read(rules, lists), ground(desk, name))
    tuner.mark([str(alert["id"]) for alert in alerts], [], ())
    chosen = tuner.propose(choose)
    change = None
    if chosen is not None:
        change = tuner.change(chosen, answering, own_lists(folder, lists))
        change.write()
    show(tuner.told(chosen, change, applied=True), "text")
    if change is None:
        sys.exit(output.NO)
    return "; ".join(filter(None, (note, f"excluded in {change.path}")))


def ground(desk: Desk, name: str) -> Ground:
    """The alerts of a detection at the desk as a past: what was told, without the events behind it."""
    store = Store()
    records = [unpack_record(packed) for packed in desk.records(name)]
    for record in records:
        alert = desk.alert(record.number) or {}
        record.verdict = alert.get("verdict")  # type: ignore[assignment]  # a verdict of the desk's
    stored.put_records(store.connection, records)
    return Ground(store, (0, max((r.last_row for r in records), default=0)), None)

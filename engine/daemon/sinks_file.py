"""The file of sinks: where alerts go, and which of them. YAML:

    sinks:
      - name: siem
        type: syslog
        to: tls:siem.corp.test
        severity: medium

Keys beside `name`, `type` and those of the filter are those of the type (`engine.daemon.outputs`). Secrets
do not stand in it: it names their files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.diagnostics import Diagnostics
from dsl.record import read_record
from dsl.schema.enums import SEVERITY
from engine.cli import corpus, output
from engine.daemon import outputs
from engine.sinks.trial import trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from dsl.diagnostics import Diagnostic
    from dsl.record import Record

SEND: Final = ("new", "updated", "closed", "gone", "health", "reports")
"""What may be sent of an alert: that it is there (or again), that there is more of it (once a day, and when
severity or confidence rises), that people closed it, that it was withdrawn or went into another one;
issues of health, as they come and go; and nothing but the reports that are made for it."""
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""What a sink or a report may be called."""
_OF_CHANGE: Final = {
    "opened": "new", "reopened": "new", "updated": "updated", "closed": "closed",
    "retracted": "gone", "merged": "gone",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filter:
    """Which changes of which alerts a sink gets; empty means any. `severity`: the least."""

    send: frozenset[str] = frozenset(("new", "updated"))
    severity: str = SEVERITY[0]
    confidence: int = 0
    detections: frozenset[str] = frozenset()
    tactics: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()

    def lets(self, change: str, alert: Mapping[str, object], tagged: Callable[[str], bool]) -> bool:
        """Whether a change of an alert goes through. `tagged`: whether anybody in it bears a tag."""
        if alert["status"] in ("suppressed", "deleted") or _OF_CHANGE.get(change) not in self.send:
            return False
        if change == "updated" and alert["status"] != "open":
            return False
        return (
            SEVERITY.index(str(alert["severity"])) >= SEVERITY.index(self.severity)
            and float(str(alert["confidence"])) >= self.confidence
            and (not self.detections or alert["detection"] in self.detections)
            and (not self.tactics or alert["kill_chain"] in self.tactics)
            and (not self.tags or any(map(tagged, sorted(self.tags))))
        )

    def lets_health(self, alert: Mapping[str, object]) -> bool:
        """Whether an issue of health goes through."""
        grave = SEVERITY.index(str(alert["severity"])) >= SEVERITY.index(self.severity)
        return "health" in self.send and grave


@dataclass(frozen=True, slots=True)
class Sink:
    """One sink of the file; `open` gives its way out."""

    name: str
    type: str
    filter: Filter
    open: Callable[[], outputs.Sender]


def tried(sink: Sink, who: str, now: int) -> str:
    """Send a test message that `who` asked for: "" where it was delivered, else why it was not."""
    sender = sink.open()
    try:
        sender.send(outputs.Message(f"test.{now}", now, "test", trial(now, who)))
    except (outputs.UnreachableError, outputs.RefusedError) as error:
        return str(error) or type(error).__name__
    finally:
        sender.close()
    return ""


def load_sinks(path: Path) -> tuple[Sink, ...]:
    """The sinks of a file; ends the command where it has errors, with each in its place."""
    sinks, found = read_sinks(path)
    corpus.show(found)
    if sinks is None:
        output.fail(f"the file of sinks {path} has errors")
    return sinks


def read_sinks(path: Path) -> tuple[tuple[Sink, ...] | None, list[Diagnostic]]:
    """The sinks of a file (None with errors), and what is wrong in it."""
    diagnostics = Diagnostics()
    file = read_record(path, "the file of sinks", diagnostics)
    if file is None:
        return None, diagnostics.items
    sinks = tuple(_sinks(file))
    file.finish()
    if not sinks and not diagnostics.errors:
        file.add("D0605", "the file names no sink", hint="add `sinks: [{name: …, type: …, to: …}]`")
    return (None if diagnostics.errors else sinks), diagnostics.items


def of_mail(sinks: Iterable[Sink]) -> list[str]:
    """Names of those that take reports."""
    return [s.name for s in sinks if s.type == "email"]


def _sinks(file: Record) -> Iterator[Sink]:
    seen: set[str] = set()
    for entry in file.records("sinks", "the sink"):
        name = entry.text("name", required=True)
        kind = entry.word("type", outputs.names(), required=True)
        filter_ = _filter(entry)
        if name is not None and not NAME.fullmatch(name):
            entry.add("D0607", f"`{name}` is no name of a sink", "name",
                      hint="small letters, digits, `-` and `_`")  # fmt: skip
        if name in seen:
            entry.add("D0617", f"`{name}` stands twice in `sinks`", "name")
        if kind is None or name is None:
            continue
        seen.add(name)
        opens = outputs.output_of(kind).read(entry)
        entry.finish()
        if opens is not None:
            yield Sink(name, kind, filter_, opens)


def _filter(entry: Record) -> Filter:
    send = entry.texts("send")
    for word in send:
        if word not in SEND:
            entry.add("D0607", f"`{word}` is nothing that is sent", "send",
                      hint=f"write some of {', '.join(SEND)}")  # fmt: skip
    usual = Filter()
    return Filter(
        frozenset(send) or usual.send,
        entry.word("severity", SEVERITY) or usual.severity,
        entry.number("confidence", 0, 100) or 0,
        frozenset(entry.texts("detections")),
        frozenset(entry.texts("tactics")),
        frozenset(entry.texts("tags")),
    )

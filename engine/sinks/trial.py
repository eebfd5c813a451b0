"""What goes out by the sinks of alerts and is none: test messages, issues of health."""

from __future__ import annotations

from engine.times import iso


def trial(now: int, who: str) -> dict[str, object]:
    """A test message. `now` in microseconds; `who` asked for it."""
    text = f"{who} asked for this message, to see that alerts arrive here. Nothing happened."
    return plain_alert("test_message", "Test message", text, "informational", now, now)


def plain_alert(
    name: str, title: str, text: str, severity: str, first: int, last: int
) -> dict[str, object]:
    """As `report.alert_dict` tells alerts, without anybody in it. Times in microseconds."""
    return {
        "id": "0" * 32, "number": 0, "detection": name, "version": 1, "external_id": None,
        "title": title, "severity": severity, "confidence": 100,
        "kill_chain": "test", "mitre": [], "first_seen": iso(first), "last_seen": iso(last),
        "actor": None, "source": None, "target": None, "source_certainty": None,
        "source_resolution": None, "roles": {}, "varied": {},
        "explanation": text,
        "evidence": [], "evidence_count": 0, "count": 0, "overflow": False, "status": "open",
        "verdict": None, "merged_into": None, "aliases": [], "params": {},
    }  # fmt: skip

"""What each report tells of a small database, and how periods bound it."""

import pytest

from engine import reports
from engine.report_facts import DatabaseFacts
from engine.store import Store
from engine.store.desk import Desk, beside

DAY = 86_400_000_000
T = 1_795_345_456_000_000


@pytest.fixture
def sheets(kept):
    def of(name, begin=T, end=T + 4 * DAY):
        store, desk = Store(kept), Desk(beside(kept))
        facts = DatabaseFacts(store.connection, desk, begin, end)
        made = reports.make(name, facts, end)
        desk.close()
        store.close()
        return made.sheets

    return of


def test_every_report_has_a_title():
    assert reports.names() == [
        "clear_passwords", "lateral_movement", "posture", "sensitive_groups", "summary",
    ]  # fmt: skip
    assert all(reports.report(name).TITLE for name in reports.names())


def test_sensitive_groups(sheets):
    told = sheets("sensitive_groups")
    assert told["Groups"] == [
        {"group": "vault@corp.lab.test", "action": "member_added", "changes": 1},
        {"group": "vault@corp.lab.test", "action": "member_removed", "changes": 1},
    ]
    assert [(r["ts"], r["actor"], r["member"]) for r in told["Modifications"]] == [
        (T + 7, "eve@corp.lab.test", "hanna@corp.lab.test"),
        (T + 3 * DAY, "eve@corp.lab.test", "hanna@corp.lab.test"),
    ]


@pytest.mark.parametrize(
    ("begin", "end", "number"), [(T + 7, T + 7, 1), (T + 8, T + DAY, 0), (T, T + 6, 0)]
)
def test_the_period_is_closed_at_both_ends(sheets, begin, end, number):
    assert len(sheets("sensitive_groups", begin, end)["Modifications"]) == number


def test_clear_passwords(sheets):
    told = sheets("clear_passwords")
    assert [(r["account"], r["sensitive"], r["sources"], r["binds"]) for r in told["Accounts"]] == [
        ("boss@corp.lab.test", True, 1, 1),
        ("eve@corp.lab.test", False, 1, 2),
    ]
    assert (told["Accounts"][1]["first"], told["Accounts"][1]["last"]) == (T + 2, T + 4)


def test_lateral_movement(sheets):
    told = sheets("lateral_movement")
    # hanna has a way too, but is sensitive herself while she is in the vault's group
    assert [(r["start"], r["target"], r["days"]) for r in told["Paths"]] == [
        ("eve@corp.lab.test", "boss@corp.lab.test", 2),
    ]
    way = "eve@corp.lab.test (by helpdesk@corp.lab.test) → ws1.corp.lab.test → boss@corp.lab.test"
    assert told["Paths"][0]["way"] == way
    assert [(r["target"], r["accounts"]) for r in told["Targets"]] == [("boss@corp.lab.test", 1)]


def test_paths_of_sixty_days_at_most():
    asked = []

    class Facts:
        begin, end = T, T + 200 * DAY

        def paths(self, at):
            asked.append(at)
            return []

    reports.report("lateral_movement").sheets(Facts())
    assert len(asked) == 60
    assert asked == sorted(set(asked))
    assert asked[-1] == T + 200 * DAY
    assert asked[-1] - asked[0] < 60 * DAY


def test_summary(sheets, kept):
    rows = {r["what"]: r for r in sheets("summary")["Summary"]}
    assert rows["events: ldap_bind"]["number"] == 5
    assert rows["open suspected attacks"]["number"] == 0
    assert sheets("summary")["Open suspected attacks"] == []


def test_posture_without_a_directory(sheets):
    assert sheets("posture") == {"Checks": [], "Findings": []}

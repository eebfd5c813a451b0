"""The file of reports: what it says, and what is wrong in it."""

import pytest

from engine.daemon.reports_file import read_reports

SINKS = {"soc": "email", "siem": "syslog"}


@pytest.fixture
def read(tmp_path):
    def one(text):
        path = tmp_path / "reports.yaml"
        path.write_text(text)
        return read_reports(path, SINKS)

    return one


def test_a_good_file(read, tmp_path):
    planned, found = read(
        "reports:\n"
        "  - {name: a, report: summary, every: week, to: [soc]}\n"
        '  - {name: b, report: posture, every: month, at: "06:30", format: json, folder: out}\n'
    )
    assert found == []
    a, b = planned
    assert (a.at, a.form, a.to, a.folder) == (15 * 60_000_000, "xlsx", ("soc",), None)
    assert (b.at, b.form, b.folder) == (390 * 60_000_000, "json", tmp_path / "out")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{name: a, report: sumary, every: day, to: [soc]}", "summary"),
        ("{name: a, report: summary, every: hour, to: [soc]}", "day"),
        ("{name: a, report: summary, every: day}", "goes nowhere"),
        ("{name: a, report: summary, every: day, to: [siem]}", "of type `email`"),
        ("{name: a, report: summary, every: day, to: [soc], at: '25:00'}", "no time of day"),
        ("{name: A b, report: summary, every: day, to: [soc]}", "no name of a report"),
        ("{name: a, report: summary, every: day, to: [soc], colour: red}", "colour"),
    ],
)
def test_what_is_wrong(read, entry, words):
    planned, found = read(f"reports:\n  - {entry}\n")
    assert planned is None
    assert any(words in f"{d.message} {d.hint}" for d in found)


def test_a_name_twice(read):
    entry = "  - {name: a, report: summary, every: day, to: [soc]}\n"
    planned, found = read("reports:\n" + entry * 2)
    assert planned is None
    assert "twice" in found[0].message

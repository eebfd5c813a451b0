"""Scheduled reports from the timetable to folder, spool and letter: each once."""

import email
import email.policy
import io

import msgspec
import openpyxl
import pytest

from engine.daemon.dispatch import Dispatch
from engine.daemon.errands import Errands
from engine.daemon.outputs import Message
from engine.daemon.outputs.email import letter
from engine.daemon.reporting import entries, entry_name, of_people
from engine.daemon.reports_file import Planned
from engine.daemon.sinks_file import Filter, Sink
from engine.daemon.timetable import Timetable, forget
from engine.errands import Place
from engine.store import schedules
from engine.store.desk import Desk, beside
from engine.store.schedules import Scheduled

DAY = 86_400_000_000
T = 20_000 * DAY + DAY // 2


class Never:
    """A receiver that is away."""

    def send(self, message):
        from engine.daemon.outputs import UnreachableError

        raise UnreachableError("away")

    def close(self):
        pass


@pytest.fixture
def world(tmp_path, store):
    class World:
        def __init__(self):
            self.now = T
            self.desk = Desk(beside(tmp_path / "store.duckdb"))
            sink = Sink("soc", "email", Filter(), Never)
            self.spool = tmp_path / "spool"
            self.dispatch = Dispatch(self.spool, [sink], "id", lambda a, t: False)
            self.errands = Errands(
                lambda: Place(store, tmp_path / "store.duckdb", None, self.now), self.desk
            )
            one = Planned(
                "morning", "summary", "day", 60_000_000, "xlsx", ("soc",), tmp_path / "out"
            )
            self.sinks = ["soc"]

            def every():
                people = of_people(self.desk, [one], self.sinks)
                return entries([one, *people], self.dispatch)

            self.table = Timetable(every, self.errands, self.desk, lambda: self.now)

        def run(self):
            for _ in range(400):
                self.table.step()
                self.errands.step()
                if self.errands._job is not None:
                    self.errands._job.join(10)

        def waiting(self):
            from engine.store.spool import Spool

            spool = Spool(self.spool)
            found = spool.first("soc")
            spool.close()
            return found

    made = World()
    made.run()
    yield made
    made.dispatch.close()
    made.desk.close()


def test_file_and_letter(world, tmp_path):
    assert not (tmp_path / "out").exists()
    world.now += DAY
    world.run()
    (path,) = (tmp_path / "out").iterdir()
    assert path.name == "morning-2024-10-04.xlsx"
    assert path.stat().st_mode & 0o077 == 0
    (waiting,) = world.waiting()
    message = Message(waiting.id, waiting.ts, waiting.change, msgspec.json.decode(waiting.alert))
    mail = email.message_from_bytes(
        letter(message, "atp@corp.test", ("boss@corp.test",)).as_bytes(),
        policy=email.policy.default,
    )
    assert mail["Subject"] == "[ATP] Summary, 2024-10-04 00:00 to 2024-10-04 23:59"
    assert "<h1>Summary</h1>" in mail.get_body(("html",)).get_content()
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == path.name
    assert openpyxl.load_workbook(io.BytesIO(attached.get_content())).sheetnames[0] == "Summary"


def test_done_again_it_is_there_once(world, tmp_path):
    """As when the daemon was killed after the letter was put down, and before that was noted."""
    world.now += DAY
    world.run()
    world.desk.connection.execute(
        "UPDATE desk SET value = ? WHERE key = 'timetable report morning'", (str(T - DAY),)
    )
    world.run()
    assert len(world.waiting()) == 1
    assert len(list((tmp_path / "out").iterdir())) == 1


EVENING = Scheduled("evening", "summary", "day", 120_000_000, "json", ("soc", "gone"), "ann")


def test_what_people_schedule_goes_out_from_the_next_day_on(world):
    assert schedules.add(world.desk.connection, EVENING)
    world.run()
    assert world.waiting() == []
    world.now += DAY
    world.run()
    told = [msgspec.json.decode(w.alert)["file"] for w in world.waiting()]
    assert told == ["morning-2024-10-04.xlsx", "evening-2024-10-04.json"]


def test_a_sink_that_is_gone_is_told_until_the_report_is(world):
    schedules.add(world.desk.connection, EVENING)
    world.run()
    world.now += DAY
    world.sinks = []
    world.run()
    complaint = world.table.complaints["report evening"]
    assert "none of the sinks that it goes to" in complaint
    schedules.remove(world.desk.connection, "evening")
    forget(world.desk, entry_name("evening"))
    world.run()
    assert "report evening" not in world.table.complaints
    assert world.desk.value("timetable report evening") is None


def test_no_more_than_so_many(world, monkeypatch):
    monkeypatch.setattr(schedules, "MOST", 2)
    made = [
        schedules.add(world.desk.connection, EVENING._replace(name=n)) for n in ("a", "b", "b", "c")
    ]
    assert made == [True, True, False, False]
    assert [s.name for s in schedules.scheduled(world.desk.connection)] == ["a", "b"]

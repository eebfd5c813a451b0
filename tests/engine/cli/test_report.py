"""report: of a database that nobody has open, and of one that atp-run has."""

import io
import json
import subprocess
import sys

import openpyxl
import pytest

from engine.daemon.errands import Errands
from engine.errands import Place
from engine.store import Store
from engine.store.desk import Desk, beside


def test_json_to_standard_output(atp, database):
    done = atp("report", "summary", "--database", database)
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    assert told["report"] == "summary"
    assert any(row["what"] == "events: dns_query" for row in told["sheets"]["Summary"])


def test_a_workbook_by_the_name_of_the_file(atp, database, tmp_path):
    done = atp("report", "summary", "--database", database, "-o", "of.xlsx")
    assert (done.code, done.out, done.err) == (0, "", "")
    book = openpyxl.load_workbook(io.BytesIO((tmp_path / "of.xlsx").read_bytes()))
    assert book.sheetnames[0] == "Summary"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["sumary"], "did you mean `summary`?"),
        (["summary", "--from", "2026-01-02", "--to", "2026-01-01"], "ends before it begins"),
        (["summary", "--from", "2026-01-02", "--last", "3d"], "say the same"),
    ],
)
def test_what_is_refused(atp, database, args, words):
    done = atp("report", *args, "--database", database)
    assert done.code == 2
    assert words in done.err


def test_by_the_daemon_that_has_it_open(spawn, database):
    """As atp-run does it: this process has the database open and looks at the desk."""
    store, desk = Store(database), Desk(beside(database))
    errands = Errands(lambda: Place(store, database, None, 1), desk)
    asked = spawn("report", "summary", "--database", str(database))
    while asked.poll() is None:
        errands.step()
    out, err = asked.communicate()
    assert (asked.returncode, err) == (0, b"")
    assert json.loads(out)["report"] == "summary"
    assert desk.connection.execute("SELECT count(*) FROM request").fetchone() == (0,)
    store.close()
    desk.close()


def test_a_database_whose_owner_does_not_answer(database):
    store = Store(database)
    Desk(beside(database)).close()
    program = (
        "import engine.cli.asking as a; a._PATIENCE_S = 0.5\n"
        "from engine.cli.main import main; main(prog_name='atp')"
    )

    asked = subprocess.run(
        [sys.executable, "-c", program, "report", "summary", "--database", str(database)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert asked.returncode == 2
    assert "does not answer" in asked.stderr
    store.close()

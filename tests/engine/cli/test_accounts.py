"""`atp accounts`: on the file that the portal reads, audited at the desk."""

import json

import pytest
from click.testing import CliRunner

from engine.cli.main import main
from engine.store import Store
from engine.store.desk import Desk, beside


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "atp.duckdb"
    Store(path).close()
    Desk(beside(path)).close()
    return path


@pytest.fixture
def run(database):
    def running(*words):
        found = CliRunner().invoke(main, ["accounts", *words, "--database", str(database)])
        return found.exit_code, found.output

    return running


def test_an_account_lives(run, database, tmp_path):
    assert "no account" in run("list")[1]
    code, first = run("code")
    assert (code, len(first.strip())) == (0, 19)
    code, password = run("add", "Ann", "--role", "user")
    assert (code, len(password.strip())) == (0, 16)
    assert run("code")[0] == 1
    secret = tmp_path / "secret"
    secret.write_text("correct horse battery\n")
    assert run("add", "root", "--role", "administrator", "--password-file", str(secret)) == (0, "")
    assert run("role", "ann", "--role", "viewer")[0] == 0
    told = [json.loads(line) for line in run("list", "--format", "json")[1].splitlines()]
    assert [(one["name"], one["role"]) for one in told] == [
        ("ann", "viewer"),
        ("root", "administrator"),
    ]
    code, other = run("reset", "ann")
    assert code == 0
    assert other != password
    assert "must change the password" in run("list")[1]
    assert run("remove", "ann")[0] == 0
    desk = Desk(beside(database))
    audited = [(e.action, e.object) for e in desk.audit()]
    desk.close()
    assert audited == [
        ("add", "ann"),
        ("add", "root"),
        ("role", "ann"),
        ("reset", "ann"),
        ("remove", "ann"),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("remove", "nobody"), "no account nobody"),
        (("add", "a b", "--role", "user"), "letters"),
        (("remove", "root"), "last administrator"),
        (("role", "root", "--role", "viewer"), "last administrator"),
    ],
)
def test_what_is_refused(run, words, told):
    run("add", "root", "--role", "administrator")
    code, said = run(*words)
    assert code == 2
    assert told in said

"""Accounts: who gets in, who is kept out and for how long, and who the first one is."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pyotp
import pytest

from portal.access import accounts as module
from portal.access import database
from portal.access.accounts import Refused, code_fits, new_secret
from portal.access.database import AccessError, People
from portal.access.roles import Role
from sensor.delivery.versions import bring_forward

GOOD = "correct horse battery"
MINUTE = 60_000_000
NOW = 1_800_000_000_000_000


@pytest.fixture
def alice(accounts):
    return accounts.add("Alice", Role.USER, GOOD, NOW)


def test_the_right_password_gets_in(accounts, alice):
    found = accounts.sign_in(" ALICE ", GOOD, "", NOW)
    assert (found.name, found.role, found.seen) == ("alice", Role.USER, NOW)


@pytest.mark.parametrize(
    ("name", "password"), [("alice", GOOD + "x"), ("bob", GOOD), ("alice", "x" * 300)]
)
def test_a_wrong_one_does_not(accounts, alice, name, password):
    assert accounts.sign_in(name, password, "", NOW) == Refused("password")


@pytest.mark.parametrize(
    ("failures", "locked_minutes"), [(4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (9, 15), (10, 15)]
)
def test_guessing_locks_ever_longer(accounts, alice, monkeypatch, failures, locked_minutes):
    monkeypatch.setattr(module.passwords, "matches", lambda kept, password: password == GOOD)
    now = NOW
    for _ in range(failures):
        now = max(now, accounts.find("alice").locked_until) + 1
        accounts.sign_in("alice", "wrong", "", now)
    until = accounts.find("alice").locked_until
    assert until == (now + locked_minutes * MINUTE if locked_minutes else 0)
    if locked_minutes:
        assert accounts.sign_in("alice", GOOD, "", until - 1) == Refused("locked")
    assert accounts.sign_in("alice", GOOD, "", until + 1).name == "alice"
    assert accounts.find("alice").locked_until == 0


def test_a_second_factor_is_asked_for_and_good_once(accounts, alice):
    secret = new_secret()
    accounts.set_second_factor("alice", secret)
    code = pyotp.TOTP(secret).at(NOW // 1_000_000)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert code_fits(secret, code, NOW)
    assert accounts.sign_in("alice", GOOD, "", NOW) == Refused("code")
    if not code_fits(secret, wrong, NOW):
        assert accounts.sign_in("alice", GOOD, wrong, NOW) == Refused("code")
    assert accounts.sign_in("alice", GOOD, code, NOW).name == "alice"
    assert accounts.sign_in("alice", GOOD, code, NOW) == Refused("code")
    later = NOW + 90_000_000
    assert accounts.sign_in("alice", GOOD, code, later) == Refused("code")
    assert accounts.sign_in("alice", GOOD, pyotp.TOTP(secret).at(later // 1_000_000), later).name


@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("alice", GOOD, "already"),
        ("", GOOD, "letters"),
        ("<b>", GOOD, "letters"),
        ("a" * 65, GOOD, "letters"),
        ("bob", "short", "at least 12"),
        ("bob", "a" * 257, "at most"),
        ("bob", "aaaaaaaaaaaab", "guessed"),
        ("bob", "hello-bob-hello", "guessed"),
    ],
)
def test_what_is_no_account(accounts, alice, name, password, why):
    with pytest.raises(AccessError, match=why):
        accounts.add(name, Role.USER, password, NOW)


def test_a_password_of_another_ends_sessions_and_locks(accounts, sessions, alice):
    token = sessions.open("alice", "", "", NOW)
    for _ in range(5):
        accounts.sign_in("alice", "wrong", "", NOW)
    accounts.set_password("alice", GOOD + "!", must_change=True)
    assert sessions.person(token, NOW) is None
    assert accounts.sign_in("alice", GOOD + "!", "", NOW).must_change


def test_the_last_administrator_stays(accounts, alice):
    accounts.add("root", Role.ADMINISTRATOR, GOOD, NOW)
    for attempt in (
        lambda: accounts.remove("root"),
        lambda: accounts.set_role("root", Role.VIEWER),
    ):
        with pytest.raises(AccessError, match="last administrator"):
            attempt()
    accounts.set_role("alice", Role.ADMINISTRATOR)
    accounts.remove("root")
    assert [a.name for a in accounts.all()] == ["alice"]


def test_the_first_administrator_needs_the_newest_code_once(accounts):
    old, code = accounts.setup_code(), accounts.setup_code()
    for wrong in ("", old, code + "0"):
        with pytest.raises(AccessError, match="not the code"):
            accounts.first(wrong, "root", GOOD, NOW)
    with pytest.raises(AccessError, match="at least"):
        accounts.first(code, "root", "short", NOW)
    assert accounts.empty()
    assert accounts.first(code.upper(), "root", GOOD, NOW).role is Role.ADMINISTRATOR
    assert accounts.setup_code() is None
    with pytest.raises(AccessError, match="there already"):
        accounts.first(code, "second", GOOD, NOW)


def test_nothing_secret_lies_in_the_file_and_it_is_its_owners(accounts, sessions, alice, tmp_path):
    code = sessions.open("alice", "", "", NOW)
    files = list(tmp_path.iterdir())
    stored = b"".join(f.read_bytes() for f in files)
    assert GOOD.encode() not in stored
    assert code.encode() not in stored
    assert {f.stat().st_mode & 0o077 for f in files} == {0}


def test_another_process_does_not_part_those_who_have_it_open(accounts, sessions, alice, tmp_path):
    """Opened again here, then opened and closed elsewhere: what is written there is seen here."""
    file = tmp_path / "atp.duckdb.people"
    People(file).close()
    other = (
        "import sys; from pathlib import Path; from portal.access.database import People; "
        "from portal.access.accounts import Accounts; from portal.access.roles import Role; "
        "people = People(Path(sys.argv[1])); Accounts(people).set_role('alice', Role.VIEWER); people.close()"
    )
    subprocess.run([sys.executable, "-c", other, file], check=True)
    assert accounts.find("alice").role is Role.VIEWER
    accounts.set_role("alice", Role.USER)
    fresh = People(file)
    assert module.Accounts(fresh).find("alice").role is Role.USER
    fresh.close()


def test_a_file_of_an_older_release_keeps_its_people(tmp_path):
    with closing(sqlite3.connect(tmp_path / "people")) as db:
        bring_forward(db, [database._SCHEMA])
        db.execute(
            "INSERT INTO account (name, role, password, created) VALUES ('old', 'user', 'x', 1)"
        )
        db.commit()
    people = People(tmp_path / "people")
    assert [(a.name, a.issuer) for a in module.Accounts(people).all()] == [("old", "")]
    people.close()

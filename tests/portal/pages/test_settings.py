"""What is configured, as administrators see it, and what they can do about it."""

import json
import re
import socket
import threading

import pytest

from portal.access.tokens import Tokens, beside


@pytest.fixture
def one(browser):
    return browser("administrator")


def audited(house, kind):
    with house.sources.desk() as desk:
        return [e for e in desk.audit() if e.kind == kind]


def test_what_is_set_and_where(one):
    text = one.get("/settings").text
    for part in ("atp.toml:2", "radius-clients", "10.8.0.0/16", "siem", "syslog", "atp config check",
                 "30 days", "dc1.corp.test", "backup-every", "Each chooses their own"):  # fmt: skip
        assert part in text, part
    assert "quite-secret" not in text
    assert "never-to-be-shown-anywhere" not in text
    assert text.index("backup-every") < text.index("backup-folder")


def test_a_test_message_is_taken(house, one):
    got = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        house.sinks[:] = house.sinks_to(server.getsockname()[1])

        def take():
            connection, _ = server.accept()
            with connection:
                got.append(connection.recv(65_536))
                answered.wait(5)

        answered = threading.Event()
        taking = threading.Thread(target=take)
        taking.start()
        answer = one.post("/settings/sinks", {"name": "siem"})
        answered.set()
        taking.join(5)
    assert answer.status_code == 200
    assert "siem took the test message" in answer.text
    assert b"some-administrator asked for this message" in got[0]
    (line,) = audited(house, "sink")
    assert (line.action, line.object, json.loads(line.after)) == (
        "test", "siem", {"delivered": True},
    )  # fmt: skip


def test_a_test_message_that_is_not_taken(house, one):
    answer = one.post("/settings/sinks", {"name": "siem"})
    assert answer.status_code == 409
    assert "siem did not take the test message" in answer.text
    (line,) = audited(house, "sink")
    assert json.loads(line.after) == {"delivered": False}
    assert line.note
    assert one.post("/settings/sinks", {"name": "other"}).status_code == 404


def test_a_token_is_made_shown_once_and_revoked(house, one):
    form = {"action": "create", "name": "siem", "role": "viewer", "expires": "2199-01-31"}
    secret = re.search(r"<code>(atp_[^<]+)</code>", one.post("/settings/tokens", form).text)[1]
    tokens = Tokens(beside(house.file))
    known = tokens.known_by(secret, 0)
    assert (known.name, known.role, known.maker) == ("siem", "viewer", "some-administrator")
    text = one.get("/settings").text
    assert secret not in text
    assert "until" in text
    assert one.post("/settings/tokens", {"action": "revoke", "name": "siem"}).status_code == 200
    assert tokens.known_by(secret, 0) is None
    tokens.close()
    lines = audited(house, "token")
    assert [(e.action, e.object) for e in lines] == [("create", "siem"), ("revoke", "siem")]
    assert all(secret not in f"{e.before}{e.after}{e.note}" for e in lines)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"action": "create", "name": "a b", "role": "viewer"}, 409),
        ({"action": "create", "name": "a", "role": "king"}, 409),
        ({"action": "create", "name": "a", "role": "viewer", "expires": "2020-01-01"}, 409),
        ({"action": "create", "name": "a", "role": "viewer", "expires": "x"}, 409),
        ({"action": "revoke", "name": "nobody"}, 409),
        ({"action": "fly", "name": "a"}, 400),
    ],
)
def test_what_is_refused(house, one, form, code):
    assert one.post("/settings/tokens", form).status_code == code
    tokens = Tokens(beside(house.file))
    assert tokens.tokens() == []
    tokens.close()

"""Tokens at the gate: valid, expired, revoked, guessed."""

import pytest

from portal.access.roles import Role
from portal.access.tokens import Tokens
from portal.api.endpoint import BASE
from portal.api.failures import MOST, WITHIN_S, Failures

PATH = f"{BASE}/alerts"
DAY = 86_400_000_000


def test_expired_and_revoked(house, tokens, client):
    now = house.sources.clock()
    short = tokens.create("short", Role.VIEWER, "ann", now - DAY, now)
    long = tokens.create("long", Role.VIEWER, "ann", now - DAY, now + 1)
    assert client(token=short).get(PATH).status_code == 401
    assert client(token=long).get(PATH).status_code == 200
    other = Tokens(house.file.with_name(f"{house.file.name}.access"))  # as the command line does
    other.revoke("long", now)
    other.close()
    assert client(token=long).get(PATH).status_code == 401


@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer atp_x", "Bearer atp_ä", "atp_x"]
)
def test_what_opens_nothing(client, said):
    answer = client(None).get(PATH, headers={"authorization": said.encode("utf-8")})
    assert answer.status_code == 401


def test_guessing_is_limited_and_bars_nobody(client):
    guess, valid = client(token="atp_guess"), client("viewer")
    for _ in range(MOST):
        assert guess.get(PATH).status_code == 401
    answer = guess.get(PATH)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= WITHIN_S + 1
    assert valid.get(PATH).status_code == 200


def test_a_minute_later():
    now = [0.0]
    failures = Failures(lambda: now[0])
    for _ in range(MOST):
        assert failures.failed("a") is None
    assert failures.failed("a") == WITHIN_S
    assert failures.failed("b") is None
    now[0] = WITHIN_S
    assert failures.failed("a") is None
    assert failures.count == MOST + 3


def test_many_addresses_fill_nothing():
    failures = Failures()
    for i in range(11_000):
        failures.failed(str(i))
    assert len(failures._known) == 10_000

"""A client of the API over a house, with a token of each role."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from portal.access.roles import Role
from portal.access.tokens import Tokens, beside
from portal.routes import routes


@pytest.fixture
def tokens(house):
    made = Tokens(beside(house.file))
    yield made
    made.close()


@pytest.fixture
def app(house, tokens):
    return Starlette(routes=routes(house.sources))


@pytest.fixture
def client(house, app, tokens):
    """`client(role)`; None: without a token."""

    def of(role="administrator", token=None):
        now = house.sources.clock()
        if token is None and role is not None:
            known = {t.name for t in tokens.tokens()}
            token = tokens.create(f"{role}{len(known)}", Role(role), "tests", now, None)
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return TestClient(app, headers=headers, raise_server_exceptions=False)

    return of

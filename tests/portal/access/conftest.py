import pytest

from portal.access.accounts import Accounts
from portal.access.database import People
from portal.access.sessions import Sessions


@pytest.fixture
def people(tmp_path):
    found = People(tmp_path / "atp.duckdb.people")
    yield found
    found.close()


@pytest.fixture
def accounts(people):
    return Accounts(people)


@pytest.fixture
def sessions(people):
    return Sessions(people)

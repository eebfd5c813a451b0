"""What the daemon asks of the portal: its routes, and where the first administrator is made."""

from portal.access.accounts import Accounts
from portal.access.roles import Role
from portal.routes import first_steps, pages, people_of


def test_first_steps(house):
    people = people_of(house.file)
    path = first_steps(people)
    made = Accounts(people).first(
        path.removeprefix("/setup?code="), "root", "correct horse battery", 5
    )
    assert made.role is Role.ADMINISTRATOR
    assert first_steps(people) == ""
    assert [route.path for route in pages(house.sources, people)] == [""]  # takes every path
    people.close()

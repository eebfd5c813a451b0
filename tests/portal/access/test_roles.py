import pytest

from portal.access.roles import Permission, Role, allows


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (Permission.READ, set(Role)),
        (Permission.DECIDE, {Role.USER, Role.ADMINISTRATOR}),
        (Permission.ADMINISTER, {Role.ADMINISTRATOR}),
    ],
)
def test_each_role_may_do_what_the_one_below_may(permission, roles):
    assert {role for role in Role if allows(role, permission)} == roles

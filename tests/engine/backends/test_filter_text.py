"""Questions to LDAP filters as text."""

import pytest

from engine.backends.filter_text import by_spn, names_one, selects, uac_flags, value_of

USER = "(&(objectCategory=person)(objectClass=user)(servicePrincipalName=*))"


@pytest.mark.parametrize(
    ("text", "wanted", "answer"),
    [
        (USER, "user", True),
        (USER, "computer", False),
        (USER, "trustedDomain", False),
        ("(objectClass=user)", "computer", True),
        ("(objectCategory=CN=Computer,CN=Schema,CN=Configuration,DC=x)", "computer", True),
        ("(objectCategory=computer)", "user", False),
        ("(!(objectClass=computer))", "computer", False),
        ("(!(objectClass=computer))", "user", True),
        ("(objectClass=*)", "trustedDomain", True),
        ("(cn=x)", "user", True),
        ("(|(objectClass=group)(objectClass=trustedDomain))", "trustedDomain", True),
        ("(samAccountType=805306368)", "user", True),
        ("(samAccountType=805306369)", "user", False),
        ("(&(cn=a)", "user", None),
        ("no filter", "user", None),
        ("", "user", None),
        ("(" * 200, "user", None),
        ("(!" * 80 + "(a=b)" + ")" * 80, "user", None),
    ],
)
def test_selects(text, wanted, answer):
    assert selects(text, wanted) is answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (USER, True),
        ("(servicePrincipalName=MSSQL*)", True),
        ("(servicePrincipalName=host/a.b)", False),
        ("(!(servicePrincipalName=*))", False),
        ("(a=servicePrincipalName)", False),
        ("x", None),
    ],
)
def test_by_spn(text, answer):
    assert by_spn(text) is answer


@pytest.mark.parametrize(
    ("text", "attribute", "answer"),
    [
        ("(&(objectClass=user)(SamAccountName=alice))", "samaccountname", "alice"),
        (r"(cn=a\2ab\c3\a9)", "CN", "a*bé"),
        ("(cn=a*)", "cn", None),
        ("(cn>=5)", "cn", None),
        ("(", "cn", None),
    ],
)
def test_value_of(text, attribute, answer):
    assert value_of(text, attribute) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("(&(objectClass=user)(samAccountName=alice))", True),
        ("(samAccountName=a*)", False),
        ("(|(samAccountName=a)(samAccountName=b))", False),
        ("(|(samAccountName=a)(mail=a))", True),
        ("(!(samAccountName=a))", False),
        (USER, False),
        ("?", None),
    ],
)
def test_names_one(text, answer):
    assert names_one(text) is answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("(userAccountControl:1.2.840.113556.1.4.803:=4194304)", ["dont_req_preauth"]),
        ("(UserAccountControl:1.2.840.113556.1.4.804:=3)", ["accountdisable"]),
        ("(userAccountControl=4194304)", []),
        ("(userAccountControl:1.2.840.113556.1.4.803:=" + "9" * 400 + ")", []),
        ("nothing", None),
    ],
)
def test_uac_flags(text, answer):
    assert uac_flags(text) == answer

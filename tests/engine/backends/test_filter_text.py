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
        ("(sAMAccountType=0805306368 )", "user", True),
        ("(sAMAccountType:1.2.840.113556.1.4.803:=805306369)", "computer", True),
        ("(sAMAccountType:1.2.840.113556.1.4.803:=805306369)", "group", False),
        ("(sAMAccountType>=805306368)", "user", True),
        ("(sAMAccountType>=805306368)", "group", False),
        ("(sAMAccountType<=268435456)", "group", True),
        ("(sAMAccountType=805306368)", "trustedDomain", False),
        ("(sAMAccountType=*)", "trustedDomain", True),
        ("(2.5.4.0=user)", "user", True),
        ("(objectClass=1.2.840.113556.1.5.9)", "user", True),
        ("(objectClass=1.2.840.113556.1.3.30)", "user", False),
        ("(OID.2.5.4.0~= USER )", "user", True),
        (r"(objectClass=\75\73er)", "user", True),
        (r"(objectClass=\75\73er)", "group", False),
        ("(objectClass:=group)", "user", False),
        ("(objectClass:dn:=group)", "user", False),
        ("(!(!(objectClass=group)))", "user", False),
        ("(!(|(!(objectClass=group))(cn=x)))", "user", False),
        (" ( &  (objectClass=group)  ( | (cn=a) ) ) ", "user", False),
        (" ( &  (objectClass=group)  ( | (cn=a) ) ) ", "group", True),
        ("(!(a=b)(c=d))", "user", None),
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
        ("(!(!(servicePrincipalName=*)))", True),
        ("(!(&(!(servicePrincipalName=*))(!(cn=a))))", True),
        ("(1.2.840.113556.1.4.771=*)", True),
        ("(servicePrincipalName>=!)", True),
        ("(servicePrincipalName~=host/a.b)", False),
        ("( & (cn=a) (servicePrincipalName=*) )", True),
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
        ("(2.5.4.3=a)", "cn", "a"),
        ("(cn:=a)", "2.5.4.3", "a"),
        ("(cn~=a)", "cn", "a"),
        ("(&(NtVer=\\06)(User=eve))", "user", "eve"),
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
        ("(!(!(samAccountName=a)))", True),
        ("(&(&(|(1.2.840.113556.1.4.221=a))))", True),
        (r"(|(samAccountName=a)(mail=\61))", True),
        ("(samAccountName~=a)", True),
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
        ("(1.2.840.113556.1.4.8:dn:1.2.840.113556.1.4.803:= 04194304 )", ["dont_req_preauth"]),
        ("(userAccountControl=4194304)", []),
        ("(userAccountControl:1.2.840.113556.1.4.803:=-1)", []),
        ("(userAccountControl:1.2.840.113556.1.4.803:=" + "9" * 400 + ")", []),
        ("nothing", None),
    ],
)
def test_uac_flags(text, answer):
    assert uac_flags(text) == answer

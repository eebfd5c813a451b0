from __future__ import annotations

import re

import pytest

from sensor.decode.ldap_schema import (
    ATTRIBUTE_BY_NAME,
    ATTRIBUTE_BY_OID,
    attribute_name,
    class_name,
)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("1.2.840.113556.1.4.8", "userAccountControl"),
        ("2.5.4.0", "objectClass"),
        ("oid.2.5.4.3", "cn"),
        (" 1.2.840.113556.1.4.771 ", "servicePrincipalName"),
        ("1.2.840.113556.1.4.2182", "msDS-AllowedToActOnBehalfOfOtherIdentity"),
        ("1.2.840.113556.1.4.2328", "msDS-KeyCredentialLink"),
        ("1.2.840.113556.1.6.44.1.3", "msLAPS-EncryptedPassword"),
        ("1.2.840.113556.1.8000.2554.50051.45980.28112.18903.35903.6685103.1224907.2.1", "ms-Mcs-AdmPwd"),
        ("1.2.840.113556.1.4.8;range=0-*", "userAccountControl"),
        ("MSDS-GROUPMSAMEMBERSHIP", "msDS-GroupMSAMembership"),
        ("1.2.3.4", "1.2.3.4"),
        ("*", "*"),
        ("1.1", "1.1"),
        ("", ""),
        ("SomeVendorThing", "SomeVendorThing"),
    ],
)  # fmt: skip
def test_attributes(sent, name):
    assert attribute_name(sent) == name


def test_the_table_is_well_formed():
    assert len(ATTRIBUTE_BY_OID) > 1400
    assert len(set(ATTRIBUTE_BY_OID.values())) == len(ATTRIBUTE_BY_OID)
    assert all(re.fullmatch(r"[0-2](\.\d+)+", oid) for oid in ATTRIBUTE_BY_OID)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", n) for n in ATTRIBUTE_BY_NAME.values())


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("1.2.840.113556.1.5.9", "user"),
        ("1.2.840.113556.1.3.30", "computer"),
        (" User ", "user"),
        ("OID.2.5.6.6", "person"),
        ("trustedDomain", "trusteddomain"),
    ],
)
def test_classes(value, name):
    assert class_name(value) == name

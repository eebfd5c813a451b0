"""LDIF files: what of them is read, and that nothing in them does harm."""

from __future__ import annotations

import base64
import struct

import pytest

from sensor.inputs.directory.ldif import is_ldif, read_ldif
from sensor.inputs.files import read_file

SID = bytes([1, 5, 0, 0, 0, 0, 0, 5]) + struct.pack("<5I", 21, 1, 2, 3, 1105)
HEAD = """\
# extended LDIF
version: 1

dn: DC=corp,DC=test
objectClass: top
objectClass: domainDNS
objectSid: S-1-5-21-1-2-3
whenChanged: 20260102030405.0Z
"""


def read(tmp_path, text):
    path = tmp_path / "corp.ldif"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    events = []
    summary = read_ldif(path, events.append)
    return events, summary


def b64(value):
    return base64.b64encode(value).decode()


def test_values_are_decoded_folded_and_kept_to_what_is_synchronised(tmp_path):
    events, summary = read(
        tmp_path,
        f"""{HEAD}
dn:: {b64("CN=Zoë,DC=corp,DC=test".encode())}
objectClass: top
objectClass: user
sAMAccountName: zo
 e
objectSid:: {b64(SID)}
userAccountControl: 4194816
servicePrincipalName: HTTP/web1
servicePrincipalName: HTTP/web1.corp.test
primaryGroupID: 513
unicodePwd:: {b64(b"secret")}
userPassword: secret
jpegPhoto:: {b64(b"x" * 999)}
whenCreated: 20200102030405.0Z
""",
    )
    assert summary.damages == []
    domain, user = events
    assert (domain.kind, domain.sid, domain.domain) == ("domain", "S-1-5-21-1-2-3", "corp.test")
    assert user.object == "CN=Zoë,DC=corp,DC=test"
    assert (user.kind, user.name, user.sid) == ("user", "zoe", "S-1-5-21-1-2-3-1105")
    assert user.uac == ["normal_account", "dont_req_preauth"]
    assert user.spns == ["HTTP/web1", "HTTP/web1.corp.test"]
    assert user.created == 1577934245000000
    assert user.ts == domain.ts == 1767323045000000
    assert not {"unicodePwd", "userPassword", "jpegPhoto"} & user.attributes.keys()
    assert [e.seq for e in events] == [1, 2]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("dn: CN=a,DC=x\nchangetype: modify\nreplace: title\ntitle: x\n", "change"),
        ("dn: CN=a,DC=x\nobjectClass: user\ntitle:: !!!\n", None),
        ("dn: CN=a,DC=x\ndescription:< file:///etc/passwd\n", "another file"),
        ("dn: CN=a,DC=x\nno colon here\n", "colon"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_used(tmp_path, record, reason):
    events, summary = read(tmp_path, f"{HEAD}\n{record}\ndn: CN=b,DC=x\nobjectClass: group\n")
    assert events[-1].object == "CN=b,DC=x"
    assert [reason in d.reason for d in summary.damages] == ([True] if reason else [])


def test_bad_text_and_huge_values_are_bounded(tmp_path):
    huge = b"x" * 3_000_000
    events, _ = read(
        tmp_path,
        HEAD.encode() + b"\ndn: CN=a,DC=x\nobjectClass: user\ntitle: " + huge
        + b"\ndescription: \xff\xfe\ndepartment: it\n",
    )  # fmt: skip
    attributes = events[-1].attributes
    assert len(attributes["title"]) == 4096
    assert attributes["description"] == "fffe"
    assert attributes["department"] == "it"


def test_members_are_told_in_pieces(tmp_path):
    members = "".join(f"member: CN=u{i},DC=x\n" for i in range(12_000))
    events, _ = read(tmp_path, f"{HEAD}\ndn: CN=g,DC=x\nobjectClass: group\n{members}")
    pieces = [len(e.members) for e in events if e.members]
    assert pieces == [5_000, 5_000, 2_000]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"# comment\n\ndn: DC=x\n", True),
        (b"\xef\xbb\xbfversion: 1\n", True),
        (b'{"dn": 1}', False),
        (b"", False),
        (b"\xd4\xc3\xb2\xa1", False),
    ],
)
def test_ldif_is_known_by_its_content(tmp_path, content, expected):
    path = tmp_path / "x"
    path.write_bytes(content)
    assert is_ldif(path) is expected


def test_a_file_is_read_as_any_other(tmp_path):
    path = tmp_path / "corp.ldif"
    path.write_text(HEAD)
    events = []
    summary = read_file(path, events.append)
    assert (summary.kind, summary.units, [e.sensor for e in events]) == (
        "directory",
        1,
        ["file:corp.ldif"],
    )

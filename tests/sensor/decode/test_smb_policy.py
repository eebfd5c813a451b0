"""Policy files as editors write them to SYSVOL; Registry.pol also by Samba's marshaller."""

from __future__ import annotations

import struct

import pytest
from transcripts import Recorder, flow

from sensor.decode.smb_files import Files, Open
from sensor.decode.smb_policy import (
    CONTENT_LIMIT,
    SETTINGS_LIMIT,
    has_settings,
    policy_of,
    settings,
)

GUID = "31b2f340-016d-11d2-945f-00c04fb984f9"
FOLDER = "corp.test\\Policies\\{31B2F340-016D-11D2-945F-00C04FB984F9}\\"
POL = "machine\\registry.pol"
INF = "machine\\microsoft\\windows nt\\secedit\\gpttmpl.inf"
XML = "machine\\preferences\\scheduledtasks\\scheduledtasks.xml"
DEFENDER = "Software\\Policies\\Microsoft\\Windows Defender"
BY_SAMBA = bytes.fromhex(
    "50526567010000005b0053006f006600740077006100720065005c00580000003b00590000003b0004000000"
    "3b00040000003b00010000005d00"
)
"""preg.file of samba.dcerpc: Software\\X, Y, REG_DWORD 1"""


def told(inside, content):
    return [(s.name, s.value, s.disables) for s in settings(inside, content)]


def entry(key, name, kind, data):
    w = lambda text: (text + "\0").encode("utf-16-le")  # noqa: E731 - two characters in a test
    sep = ";".encode("utf-16-le")
    return (
        "[".encode("utf-16-le") + w(key) + sep + w(name) + sep + struct.pack("<I", kind) + sep
        + struct.pack("<I", len(data)) + sep + data + "]".encode("utf-16-le")
    )  # fmt: skip


def pol(*entries):
    return b"PReg\1\0\0\0" + b"".join(entries)


def number(n):
    return struct.pack("<I", n)


def test_which_files_are_a_policys():
    assert policy_of(FOLDER + "Machine\\Registry.pol") == (GUID, POL)
    assert policy_of("Windows\\SYSVOL\\domain\\" + FOLDER[10:] + "gpt.ini") == (GUID, "gpt.ini")
    assert policy_of("corp.test\\scripts\\{a}\\x") is None
    assert [has_settings(name) for name in (POL, INF, XML, "gpt.ini")] == [True, True, True, False]


def test_registry_policy():
    content = pol(
        entry(DEFENDER, "DisableAntiSpyware", 4, number(1)),
        entry(DEFENDER, "DisableAntiVirus", 4, number(0)),
        entry("Software\\X", "Name", 1, "text\0".encode("utf-16-le")),
        entry("Software\\X", "Blob", 3, b"\1\2"),
    )
    assert told(POL, content) == [
        (DEFENDER + "\\DisableAntiSpyware", "1", True),
        (DEFENDER + "\\DisableAntiVirus", "0", False),
        ("Software\\X\\Name", "text", None),
        ("Software\\X\\Blob", "0102", None),
    ]
    assert told(POL, BY_SAMBA) == [("Software\\X\\Y", "1", None)]
    for cut in range(len(content)):
        assert len(told(POL, content[:cut])) <= 4
    many = pol(*[entry("K", str(i), 4, number(i)) for i in range(1_000)])
    assert len(told(POL, many)) == SETTINGS_LIMIT


def test_security_template():
    text = (
        "[Unicode]\r\nUnicode=yes\r\n[System Access]\r\nMinimumPasswordLength = 0\r\n"
        "[Registry Values]\r\nMACHINE\\System\\CurrentControlSet\\Control\\Lsa\\LmCompatibilityLevel=4,1\r\n"
        "[Privilege Rights]\r\nSeDebugPrivilege = *S-1-5-21-1-2-3-1105\r\n"
    )
    expected = [
        ("System Access\\MinimumPasswordLength", "0", None),
        ("System\\CurrentControlSet\\Control\\Lsa\\LmCompatibilityLevel", "1", True),
        ("Privilege Rights\\SeDebugPrivilege", "*S-1-5-21-1-2-3-1105", None),
    ]
    assert told(INF, b"\xff\xfe" + text.encode("utf-16-le")) == expected
    assert told(INF, text.encode()) == expected


def test_tasks_of_the_preferences():
    xml = (
        '<?xml version="1.0"?><ScheduledTasks clsid="{C}"><ImmediateTaskV2 clsid="{9}" name="evil"'
        ' image="0"><Properties action="C"><Task version="1.2"><Actions><Exec><Command>cmd</Command>'
        "<Arguments>/c x</Arguments></Exec></Actions></Task></Properties></ImmediateTaskV2>"
        '<TaskV2 name="other"></TaskV2></ScheduledTasks>'
    )
    assert told(XML, xml.encode()) == [
        ("Scheduled Tasks\\evil", "cmd /c x", None), ("Scheduled Tasks\\other", None, None),
    ]  # fmt: skip


def test_scripts_are_told_by_name():
    assert told("machine\\scripts\\startup\\x.bat", b"") == [
        ("scripts\\startup\\x.bat", None, None)
    ]
    assert told("gpt.ini", b"[General]\r\nVersion=3") == []


@pytest.mark.parametrize(
    ("pieces", "kept"),
    [([(0, b"abc"), (3, b"de")], b"abcde"), ([(0, b"abc"), (4, b"e")], b"abc"),
     ([(0, b"abc"), (1, b"X")], b"aXc"), ([(5, b"x")], b"")],
)  # fmt: skip
def test_content_is_kept_without_holes(pieces, kept):
    entry = Open(
        flow(445), (1, 1), "\\\\dc\\SYSVOL", FOLDER + "Machine\\Registry.pol", is_pipe=False
    )
    for offset, data in pieces:
        entry.keep(offset, data, 0, len(data))
    assert bytes(entry.content) == kept


def test_content_is_bounded():
    entry = Open(flow(445), (1, 1), None, FOLDER + "Machine\\Registry.pol", is_pipe=False)
    for i in range(100):
        entry.keep(i * 4_000, b"x" * 4_000, 0, 4_000)
    assert len(entry.content) == CONTENT_LIMIT
    entry.keep(CONTENT_LIMIT, b"x" * 10, 0, 10)
    assert len(entry.content) == CONTENT_LIMIT


def test_few_files_of_a_connection_are_kept():
    recorder = Recorder()
    files = Files(recorder)
    opens = [
        Open(flow(445), (1, 1), "\\\\dc\\SYSVOL", FOLDER + "Machine\\Registry.pol", is_pipe=False)
        for _ in range(40)
    ]
    for i, entry in enumerate(opens):
        files.add(1, bytes([i]), entry)
    assert sum(entry.content is not None for entry in opens) == 16
    assert recorder.counts == {"smb.policies_dropped": 24}
    for i in range(40):
        files.end(2, bytes([i]))
    again = Open(flow(445), (1, 1), None, FOLDER + "Machine\\Registry.pol", is_pipe=False)
    files.add(3, b"x", again)
    assert again.content is not None

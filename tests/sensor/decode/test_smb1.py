"""SMB1: logging on in each form, and DCE/RPC in its pipes; messages made by hand."""

from __future__ import annotations

import struct
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transcripts import Recorder, feed, flow, rows

from sensor.contract import Malformed
from sensor.decode import smb

TO_SERVER, TO_CLIENT = True, False

SRVSVC = uuid.UUID("4b324fc8-1670-01d3-1278-5a47bf6ee188")
NDR = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860")


def smb1(
    command, words=b"", data=b"", *, reply=False, status=0, mid=1, uid=7, tid=3, flags2=0xC801
):
    head = struct.pack(
        "<4sBIBHHQHHHHH", b"\xffSMB", command, status, 0x80 if reply else 0, flags2, 0, 0, 0,
        tid, 99, uid, mid,
    )  # fmt: skip
    message = head + bytes((len(words) // 2,)) + words + struct.pack("<H", len(data)) + data
    return struct.pack(">I", len(message)) + message


def read(talk, size=0, **context):
    recorder = Recorder(**context)
    feed(smb.reader(flow(139), recorder), talk, size)
    return recorder


def wide(*texts):
    """UTF-16 strings; the caller sees to it that they begin at an even offset."""
    return b"".join((text + "\0").encode("utf-16-le") for text in texts)


ANDX = b"\xff\0\0\0"
NEGOTIATED = [
    (True, smb1(0x72, b"", b"\x02PC NETWORK PROGRAM 1.0\0\x02NT LM 0.12\0", uid=0)),
    (False, smb1(0x72, struct.pack("<HB", 1, 0x0F) + b"\0" * 31, b"", reply=True, uid=0)),
]


def plain_set_up(name, domain, status=0):
    words = ANDX + struct.pack("<HHHIHHII", 4356, 1, 0, 0, 0, 24, 0, 0xD4)
    data = b"r" * 24 + wide(name, domain, "Unix", "Samba")
    pad = b"\0" * ((32 + 3 + len(words) + 24) % 2)
    data = data[:24] + pad + data[24:]
    return [
        (True, smb1(0x73, words, data, uid=0, mid=2)),
        (False, smb1(0x73, ANDX + b"\0\0", b"\0" * 3, reply=True, status=status, mid=2)),
    ]


@pytest.mark.parametrize(
    ("name", "domain", "status", "expected"),
    [
        ("alice", "CORP", 0, ("CORP\\alice", "ntlm", "success")),
        ("alice", "", 0xC000006D, ("alice", "ntlm", "wrong_password")),
        ("", "", 0, (None, "anonymous", "success")),
    ],
)
def test_set_up_without_extended_security(name, domain, status, expected):
    *ntlm, event = read([*NEGOTIATED, *plain_set_up(name, domain, status)]).events
    assert (event.account, event.mechanism, event.outcome) == expected
    assert rows(ntlm, "account", "ntlm_version", "status", "outcome") == (
        [("ntlm_auth", expected[0], "v1", status, expected[2])] if name else []
    )
    assert (event.dialect, event.native_os, event.native_lm) == ("smb1", "Unix", "Samba")
    assert event.signing is True
    assert event.fingerprint == "1:PC NETWORK PROGRAM 1.0,NT LM 0.12|13,c801"


def extended_round(mid, status):
    words = ANDX + struct.pack("<HHHIHII", 4356, 1, 0, 0, 5, 0, 0xD4)
    data = b"token" + wide("Windows 4.0", "LM")
    pad = b"\0" * ((32 + 3 + len(words) + 5) % 2)
    return [
        (True, smb1(0x73, words, data[:5] + pad + data[5:], mid=mid)),
        (False, smb1(0x73, ANDX + struct.pack("<HH", 0, 6), b"answer", reply=True, status=status, mid=mid)),
    ]  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 7, 100])
def test_set_up_with_extended_security(size):
    talk = [*NEGOTIATED, *extended_round(2, 0xC0000016), *extended_round(3, 0)]
    recorder = read(talk, size)
    (event,) = recorder.events
    assert (event.account, event.mechanism, event.workstation) == ("CORP\\alice", "ntlm", "WS9")
    assert (event.native_os, event.native_lm) == ("Windows 4.0", "LM")
    (auth,) = recorder.auths
    assert [token for _, token in auth.tokens] == [b"token", b"answer"] * 2
    assert auth.verdicts == [("success", 0)]


def rpc(kind, body, call=1):
    return struct.pack("<BBBBIHHI", 5, 0, kind, 3, 0x10, 16 + len(body), 0, call) + body


BIND = rpc(
    11,
    struct.pack("<HHIIHBB", 4280, 4280, 0, 1, 0, 1, 0)
    + SRVSVC.bytes_le + b"\3\0\0\0" + NDR.bytes_le + b"\2\0\0\0",
)  # fmt: skip
ACK = rpc(12, struct.pack("<HHIH", 4280, 4280, 1, 4) + b"135\0\0\0" + b"\1\0\0\0" + b"\0" * 24)
REQUEST = rpc(0, struct.pack("<IHH", 4, 0, 12) + b"\0" * 4, 2)
RESPONSE = rpc(2, struct.pack("<IHH", 4, 0, 0) + struct.pack("<I", 5), 2)


def transact(data, *, reply=False):
    if reply:
        at = 32 + 3 + 20
        words = struct.pack("<HHHHHHHHHBB", 0, len(data), 0, 0, at, 0, len(data), at, 0, 0, 0)
        return smb1(0x25, words, data, reply=True, mid=9)
    at = 32 + 3 + 32
    words = struct.pack(
        "<HHHHBBHIHHHHHBBHH", 0, len(data), 0, 1024, 0, 0, 0, 0, 0, 0, at, len(data), at, 2, 0, 0x26, 0x4001,
    )  # fmt: skip
    return smb1(0x25, words, data, mid=9)


def tree(status=0):
    path = wide("\\\\DC1\\IPC$")
    words = ANDX + struct.pack("<HH", 0, 1)
    return [
        (
            True,
            smb1(0x75, words, b"\0" + b"\0" * ((32 + 3 + 8 + 1) % 2) + path + b"?????\0", mid=4),
        ),
        (False, smb1(0x75, ANDX + b"\0\0", b"IPC\0", reply=True, status=status, mid=4)),
    ]


def create(name):
    words = ANDX + b"\0" + struct.pack("<H", 2 * len(name)) + b"\0" * 41
    answer = ANDX + b"\0" + struct.pack("<HI", 0x4001, 1) + b"\0" * 57
    pad = b"\0" * ((32 + 3 + 48) % 2)
    return [
        (True, smb1(0xA2, words, pad + wide(name), mid=5)),
        (False, smb1(0xA2, answer, reply=True, mid=5)),
    ]


def write(data):
    at = 32 + 3 + 28
    words = ANDX + struct.pack("<HIIHHHHHI", 0x4001, 0, 0, 8, 0, 0, len(data), at, 0)
    return [
        (True, smb1(0x2F, words, data, mid=6)),
        (False, smb1(0x2F, ANDX + struct.pack("<HHI", len(data), 0, 0), reply=True, mid=6)),
    ]


def take(data):
    at = 32 + 3 + 24
    answer = ANDX + struct.pack("<HHHHHI", 0, 0, 0, len(data), at, 0) + b"\0" * 6
    return [
        (True, smb1(0x2E, ANDX + struct.pack("<H", 0x4001) + b"\0" * 14, mid=8)),
        (False, smb1(0x2E, answer, data, reply=True, mid=8)),
    ]


CLOSE = [
    (True, smb1(0x04, struct.pack("<HI", 0x4001, 0), mid=7)),
    (False, smb1(0x04, reply=True, mid=7)),
]


@pytest.mark.parametrize("size", [0, 1, 3, 50])
def test_rpc_in_a_pipe(size):
    talk = [
        *NEGOTIATED,
        *plain_set_up("alice", "CORP"),
        *tree(),
        *create("\\srvsvc"),
        *write(BIND),
        *take(ACK),
        (True, transact(REQUEST)),
        (False, transact(RESPONSE, reply=True)),
        *CLOSE,
    ]
    events = read(talk, size).events
    assert rows(events, "account", "interface", "method", "outcome", "path") == [
        ("ntlm_auth", "CORP\\alice", None, None, "success", None),
        ("smb_session", "CORP\\alice", None, None, "success", None),
        ("smb_file", "CORP\\alice", None, None, "success", None),
        ("rpc_bind", "CORP\\alice", "srvsvc", None, "success", None),
        ("rpc_call", "CORP\\alice", "srvsvc", "NetrSessionEnum", "denied", None),
        ("smb_file", "CORP\\alice", None, None, "success", "srvsvc"),
    ]
    assert events[2].share == "\\\\DC1\\IPC$"


def test_pipe_whose_opening_was_not_seen():
    talk = [(True, transact(REQUEST)), (False, transact(RESPONSE, reply=True))]
    call, _file = read(talk).events
    assert (call.interface, call.opnum, call.status) == ("unknown", 12, None)


def test_refused_share():
    events = read([*NEGOTIATED, *plain_set_up("alice", "CORP"), *tree(0xC0000022)]).events
    assert rows(events, "share", "outcome")[2:] == [("smb_file", "\\\\DC1\\IPC$", "denied")]


def test_chained_commands():
    words = struct.pack("<BBH", 0x75, 0, 0) + struct.pack("<HHHIHHII", 4356, 1, 0, 0, 0, 0, 0, 0)
    data = wide("alice", "CORP", "Unix", "Samba")
    data += b"\0" * (len(data) % 2)
    first = smb1(0x73, words, b"\0" * ((32 + 3 + 26) % 2) + data, uid=0, mid=2)
    at = len(first) - 4
    path = wide("\\\\DC1\\C$")
    body = ANDX + struct.pack("<HH", 0, 1)
    pad = b"\0" * ((at + 11 + 1) % 2)
    block = b"\4" + body + struct.pack("<H", 1 + len(pad) + len(path)) + b"\0" + pad + path
    message = bytearray(first[4:] + block)
    struct.pack_into("<H", message, 32 + 1 + 2, at)
    request = struct.pack(">I", len(message)) + bytes(message)
    answer = smb1(0x73, struct.pack("<BBHH", 0x75, 0, 32 + 3 + 6, 0), b"", reply=True, mid=2)
    tail = b"\3" + ANDX + b"\0\0" + struct.pack("<H", 3) + b"A:\0"
    answer = struct.pack(">I", len(answer) - 4 + len(tail)) + answer[4:] + tail
    events = read([*NEGOTIATED, (True, request), (False, answer)]).events
    assert rows(events, "account", "share", "outcome") == [
        ("smb_session", "CORP\\alice", None, "success"),
        ("smb_file", "CORP\\alice", "\\\\DC1\\C$", "success"),
    ]


def disk(name="C$"):
    path = wide(f"\\\\DC1\\{name}")
    words = ANDX + struct.pack("<HH", 0, 1)
    pad = b"\0" * ((32 + 3 + 8 + 1) % 2)
    return [
        (True, smb1(0x75, words, b"\0" + pad + path + b"?????\0", mid=4)),
        (False, smb1(0x75, ANDX + b"\0\0", b"A:\0", reply=True, mid=4)),
    ]


def named(command, *paths, words=b"", status=0, answer=b""):
    """A command whose data are paths behind a buffer format each."""
    data = b""
    for path in paths:
        data += b"\4"
        data += b"\0" * ((32 + 3 + len(words) + len(data)) % 2) + wide(path)
    return [
        (True, smb1(command, words, data, mid=11)),
        (False, smb1(command, answer, reply=True, status=status, mid=11)),
    ]


def told(talk, size=0):
    return [
        (e.path, e.action, e.bytes_read, e.bytes_written, e.outcome)
        for e in read([*NEGOTIATED, *disk(), *talk], size).events
        if type(e).__struct_config__.tag == "smb_file" and e.path is not None
    ]


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (named(0x06, "\\a.txt", words=b"\0\0"), ("a.txt", "delete", "success")),
        (named(0x06, "\\a.txt", words=b"\0\0", status=0xC0000022), ("a.txt", "delete", "denied")),
        (named(0x07, "\\a.txt", "\\b.txt", words=b"\0\0"), ("a.txt", "rename", "success")),
        (named(0xA5, "\\a", "\\b", words=b"\0\0\4\1" + b"\0" * 4), ("a", "rename", "success")),
        (named(0x00, "\\dir"), ("dir", "write", "success")),
        (named(0x01, "\\dir"), ("dir", "delete", "success")),
        (named(0x02, "\\a.txt", words=b"\0" * 4, answer=b"\1\x40" + b"\0" * 12), ("a.txt", "open", "success")),
        (named(0x0F, "\\a.txt", words=b"\0" * 6, answer=b"\1\x40"), ("a.txt", "write", "success")),
    ],
)  # fmt: skip
def test_paths(talk, expected):
    ((path, action, _read, _written, outcome),) = told(talk)
    assert (path, action, outcome) == expected


def test_older_forms_of_open_read_and_write():
    opened = ANDX + struct.pack("<HHIIHHHHHHHHH", 0x4001, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 0, 0)
    name = wide("\\old.txt")
    talk = [
        (True, smb1(0x2D, ANDX + b"\0" * 26, b"\0" * ((32 + 3 + 30) % 2) + name, mid=5)),
        (False, smb1(0x2D, opened, reply=True, mid=5)),
        (True, smb1(0x0B, struct.pack("<HHIH", 0x4001, 4, 0, 0), b"\1\4\0abcd", mid=6)),
        (False, smb1(0x0B, b"\4\0", reply=True, mid=6)),
        (True, smb1(0x0A, struct.pack("<HHIH", 0x4001, 9, 0, 0), mid=7)),
        (False, smb1(0x0A, struct.pack("<H", 9) + b"\0" * 8, b"\1\x09\0" + b"z" * 9, reply=True, mid=7)),
        (True, smb1(0x2C, struct.pack("<HHII", 0x4001, 2, 0, 0), b"\0ab", mid=8)),
        (False, smb1(0x2C, b"\2\0", reply=True, mid=8)),
    ]  # fmt: skip
    assert told(talk) == told(talk, 5) == [
        ("old.txt", "read", 9, None, "success"), ("old.txt", "write", None, 6, "success"),
    ]  # fmt: skip


def trans2(subcommand, parameters, data=b"", *, answer=b"", mid=12, status=0):
    at = 32 + 3 + 30
    at += -at % 4
    words = struct.pack(
        "<HHHHBBHIHHHHHBBH", len(parameters), len(data), 10, 0, 0, 0, 0, 0, 0, len(parameters), at,
        len(data), at + len(parameters), 1, 0, subcommand,
    )  # fmt: skip
    back = 32 + 3 + 20
    reply = struct.pack(
        "<HHHHHHHHHBB", len(answer), 0, 0, len(answer), back, 0, 0, back + len(answer), 0, 0, 0
    )
    pad = b"\0" * (at - 32 - 3 - 30)
    return [
        (True, smb1(0x32, words, pad + parameters + data, mid=mid)),
        (False, smb1(0x32, reply, answer, reply=True, status=status, mid=mid)),
    ]


@pytest.mark.parametrize(
    ("level", "data", "actions"),
    [(0x102, b"\1", ["delete"]), (1013, b"\1", ["delete"]), (1013, b"\0", ["open"]),
     (1010, b"\0" * 16, ["rename"]), (0x104, b"\0" * 8, ["open"])],
)  # fmt: skip
def test_file_information(level, data, actions):
    change = trans2(8, struct.pack("<HHH", 0x4001, level, 0), data)
    assert [row[1] for row in told([*create("\\a.txt"), *change, *CLOSE])] == actions


def test_path_information_and_open2():
    parameters = struct.pack("<HI", 1013, 0) + wide("\\p.txt")
    assert told(trans2(6, parameters, b"\1"))[0][:2] == ("p.txt", "delete")
    parameters = b"\0" * 28 + wide("\\o.txt")
    assert told(trans2(0, parameters, answer=b"\1\x40" + b"\0" * 28))[0][:2] == ("o.txt", "open")


def nt_transact(function, parameters, answer=b""):
    at = 32 + 3 + 38
    at += -at % 4
    words = struct.pack("<BHIIIIIIII", 0, 0, len(parameters), 0, 100, 0, len(parameters), at, 0, 0)
    words += struct.pack("<BH", 0, function)
    back = 32 + 3 + 36
    reply = b"\0" * 3 + struct.pack("<IIIIIIIIB", len(answer), 0, len(answer), back, 0, 0, 0, 0, 0)
    pad = b"\0" * (at - 32 - 3 - 38)
    return [
        (True, smb1(0xA0, words, pad + parameters, mid=13)),
        (False, smb1(0xA0, reply, answer, reply=True, mid=13)),
    ]


def test_nt_transact_create_and_rename():
    name = wide("\\n.txt")
    parameters = (
        struct.pack("<IIIQIIIIIIII", 0, 0, 0, 0, 0, 0, 2, 0x1000, 0, 0, len(name), 2) + b"\0"
    )
    parameters += b"\0" * ((76 + 53) % 2) + name
    answer = struct.pack("<BBHI", 0, 0, 0x4001, 2) + b"\0" * 60
    rename = nt_transact(5, struct.pack("<HH", 0x4001, 0) + wide("\\m.txt"))
    talk = [*nt_transact(1, parameters, answer), *rename, *CLOSE]
    assert [row[:2] for row in told(talk)] == [
        ("n.txt", "write"), ("n.txt", "rename"), ("n.txt", "delete"),
    ]  # fmt: skip


@pytest.mark.parametrize("size", [0, 3])
def test_pipe_transaction_in_parts(size):
    first, rest = REQUEST[:10], REQUEST[10:]
    at = 32 + 3 + 32
    words = struct.pack(
        "<HHHHBBHIHHHHHBBHH", 0, len(REQUEST), 0, 1024, 0, 0, 0, 0, 0, 0, at, len(first), at, 2, 0,
        0x26, 0x4001,
    )  # fmt: skip
    at = 32 + 3 + 16
    more = struct.pack("<HHHHHHHH", 0, len(REQUEST), 0, at, 0, len(rest), at, 10)

    def part(data, displacement):
        at = 32 + 3 + 20
        words = struct.pack(
            "<HHHHHHHHHBB", 0, len(RESPONSE), 0, 0, at, 0, len(data), at, displacement, 0, 0
        )
        return (False, smb1(0x25, words, data, reply=True, mid=9))

    talk = [
        *NEGOTIATED, *tree(), *create("\\srvsvc"), *write(BIND), *take(ACK),
        (True, smb1(0x25, words, first, mid=9)),
        (False, smb1(0x25, reply=True, mid=9)),
        (True, smb1(0x26, more, rest, mid=9)),
        part(RESPONSE[:20], 0),
        part(RESPONSE[20:], 20),
        *CLOSE,
    ]  # fmt: skip
    calls = [e for e in read(talk, size).events if type(e).__struct_config__.tag == "rpc_call"]
    assert rows(calls, "method", "outcome") == [("rpc_call", "NetrSessionEnum", "denied")]


def test_content_of_files_is_not_asked_for():
    recorder = Recorder()
    reader = smb.reader(flow(139), recorder)
    for to_server, data in NEGOTIATED:
        reader.message(1, to_server, data, 0, len(data))
    message = write(b"x" * 60_000)[0][1]
    assert reader.frame(TO_SERVER, message, 0, 200) == (4 + 128, len(message))


def test_state_is_bounded():
    recorder = Recorder()
    reader = smb.reader(flow(139), recorder)
    for i in range(5_000):
        for to_server, data in (
            (True, smb1(0x75, ANDX + struct.pack("<HH", 0, 0), b"\0x\0", mid=i, uid=i, flags2=0)),
            (False, smb1(0x75, ANDX, b"A:\0", reply=True, mid=i, uid=i, tid=i, flags2=0)),
            (True, smb1(0x04, struct.pack("<HI", i, 0), mid=i)),
        ):
            reader.message(1, to_server, data, 0, len(data))
    one = reader._one
    assert len(one._waiting) <= 256
    assert len(one._sessions) <= 64
    assert len(one._trees) <= 128


@pytest.mark.parametrize(
    "message",
    [
        smb1(0x73, ANDX, b""),  # no such form of set-up
        smb1(0x73, b"", b"", reply=True),  # an answer from the client
        smb1(0x2F, ANDX, b"", mid=1),  # no word 20
        b"\0\0\0\x22\xffSMB\x72" + b"\0" * 29,  # header only
        b"\0\0\0\x28\xffSMB\x72" + b"\0" * 27 + b"\xff" + b"\0" * 7,  # 255 words
    ],
)
def test_malformed_messages(message):
    with pytest.raises((Malformed, IndexError, struct.error)):
        smb.reader(flow(139), Recorder()).message(1, TO_SERVER, message, 0, len(message))


WHOLE = [
    *NEGOTIATED, *plain_set_up("alice", "CORP"), *tree(), *create("\\srvsvc"), *write(BIND),
    *take(ACK), (True, transact(REQUEST)), (False, transact(RESPONSE, reply=True)),
    *trans2(8, struct.pack("<HHH", 0x4001, 1013, 0), b"\1"),
    *trans2(0, b"\0" * 28 + wide("\\o"), answer=b"\1\x40" + b"\0" * 28),
    *nt_transact(5, struct.pack("<HH", 0x4001, 0) + wide("\\m")), *named(0x07, "\\a", "\\b", words=b"\0\0"),
    *CLOSE,
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(4, 160), st.integers(0, 255)), max_size=8))  # fmt: skip
def test_damaged_messages(changes):
    talk = [bytearray(data) for _side, data in WHOLE]
    for i, at, value in changes:
        if at < len(talk[i]):
            talk[i][at] = value
    reader = smb.reader(flow(139), Recorder())
    for (to_server, _data), data in zip(WHOLE, talk, strict=True):
        try:
            reader.message(1, to_server, bytes(data), 0, len(data))
        except (IndexError, ValueError, struct.error):
            reader.gap(1, to_server)
    reader.close(2)

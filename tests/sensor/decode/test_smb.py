"""SMB 2 and 3: recorded conversations, messages made by hand, bounds."""

from __future__ import annotations

import struct
import uuid

import pytest
from transcripts import Recorder, feed, flow, load, rows

from sensor.contract import Malformed
from sensor.decode import smb

TO_SERVER, TO_CLIENT = True, False

SIZES = [1, 2, 3, 7, 13, 100, 1000]
HOST = "\\\\dc1.corp.lab.test\\"


@pytest.fixture(scope="module")
def talks(root):
    return load(root / "tests/data/wire/smb_rpc.txt")


def read(talk, size=0, **context):
    recorder = Recorder(**context)
    feed(smb.reader(flow(445), recorder), talk, size)
    return recorder


EXPECTED = {
    "wrong_password": [
        ("smb_session", "CORP\\alice", "wrong_password", 0xC000006D, None, None),
    ],
    "session_enumeration": [
        ("smb_session", "CORP\\alice", "success", 0, None, None),
        ("smb_file", "CORP\\alice", "success", 0, None, "open"),
        ("rpc_bind", "CORP\\alice", "success", None, None, None),
        ("rpc_call", "CORP\\alice", "denied", 5, "NetrSessionEnum", None),
        ("smb_file", "CORP\\alice", "success", 0, None, "open"),
    ],
    "file": [
        ("smb_session", "CORP\\alice", "success", 0, None, None),
        ("smb_file", "CORP\\alice", "success", 0, None, "open"),
        ("smb_file", "CORP\\alice", "success", 0, None, "open"),
        ("smb_file", "CORP\\alice", "success", 0, None, "write"),
        ("smb_file", "CORP\\alice", "success", 0, None, "delete"),
        ("smb_file", "CORP\\alice", "success", 0, None, "open"),
    ],
    "encrypted": [
        ("smb_session", "CORP\\alice", "success", 0, None, None),
        ("smb_transform", "CORP\\alice", None, None, None, None),
    ],
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_recorded_conversations(talks, name):
    rounds = 2 if name in ("wrong_password", "encrypted") else 1
    got = read(talks[name][1], rounds=rounds).events
    found = rows(got, "account", "outcome", "status", "method", "action")
    assert found == EXPECTED[name]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "name", ["wrong_password", "session_enumeration", "service_creation", "file", "encrypted"]
)
def test_events_do_not_depend_on_segments(talks, name, size):
    talk = talks[name][1]
    assert read(talk, size).events == read(talk).events


def test_session_names_client_and_dialect(talks):
    recorder = read(talks["wrong_password"][1])
    (session,) = recorder.events
    assert session.dialect == "smb311"
    assert session.signing is True
    assert session.workstation == "WS9"
    assert uuid.UUID(session.client_guid)
    assert session.fingerprint == "2:0210,0300,0302,0311;1,7f;1,2,8,5|1,1|shape"
    (auth,) = recorder.auths
    assert auth.carrier == "smb"
    assert [client for client, _ in auth.tokens] == [True, False, True]
    assert auth.verdicts == [("wrong_password", 0xC000006D)]


def test_offer_by_smb1_stays_in_the_fingerprint(talks):
    session = read(talks["encrypted"][1]).events[0]
    assert session.fingerprint.startswith("1:NT LM 0.12,SMB 2.002,SMB 2.???;2:0202,")


def test_encryption_is_told_once_and_marks_the_session(talks):
    transforms = [e for e in read(talks["encrypted"][1]).events if hasattr(e, "declared_size")]
    assert [(t.kind, t.encrypted, t.declared_size) for t in transforms] == [
        ("encrypted", True, 106)
    ]


def test_written_bytes_and_paths(talks):
    files = [e for e in read(talks["file"][1]).events if hasattr(e, "share")]
    assert [(f.share, f.path, f.action, f.bytes_written) for f in files if f.path] == [
        (HOST + "netlogon", "lab.bat", "write", 4),
        (HOST + "netlogon", "lab.bat", "delete", None),
    ]


# messages made by hand


def nbss(*messages: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(m)) + m for m in messages)


def header(command, *, mid=1, response=False, status=0, sid=0x11, tid=5, next_=0, related=False, async_=False):  # fmt: skip
    flags = response | async_ << 1 | related << 2
    return struct.pack(
        "<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 1, status, command, 1, flags, next_, mid, 0, tid, sid, b""
    )  # fmt: skip


def create(name, options=0, **kw):
    raw = name.encode("utf-16-le")
    body = struct.pack(
        "<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 1, 0, 7, 1, options, 120, len(raw), 0, 0
    )
    return header(5, **kw) + body + raw + b"\0" * (8 - len(raw) % 8)


def created(file_id, action=1, **kw):
    return header(5, response=True, **kw) + struct.pack("<HBBI", 89, 0, 0, action) + b"\0" * 56 + file_id + b"\0" * 8  # fmt: skip


def close(file_id, **kw):
    return header(6, **kw) + struct.pack("<HHI", 24, 0, 0) + file_id


def closed(**kw):
    return header(6, response=True, **kw) + b"\0" * 60


def read_file(file_id, **kw):
    return header(8, **kw) + struct.pack("<HBBIQ", 49, 0, 0, 100, 0) + file_id + b"\0" * 17


def read_answer(data, **kw):
    return (
        header(8, response=True, **kw) + struct.pack("<HBBIII", 17, 80, 0, len(data), 0, 0) + data
    )


def write_file(file_id, data, **kw):
    return (
        header(9, **kw) + struct.pack("<HHIQ", 49, 112, len(data), 0) + file_id + b"\0" * 16 + data
    )


def wrote(size, **kw):
    return header(9, response=True, **kw) + struct.pack("<HHIIHH", 17, 0, size, 0, 0, 0)


def ioctl(file_id, code, data=b"", **kw):
    body = struct.pack("<HHI", 57, 0, code) + file_id
    body += struct.pack("<IIIIIIII", 120, len(data), 0, 0, 0, 1024, 1, 0)
    return header(11, **kw) + body + data + b"\0" * 8


def ioctl_answer(file_id, code, **kw):
    body = struct.pack("<HHI", 49, 0, code) + file_id + struct.pack("<IIIIII", 112, 0, 112, 0, 0, 0)
    return header(11, response=True, **kw) + body + b"\0" * 16


def tree(path, **kw):
    raw = path.encode("utf-16-le")
    return header(3, **kw) + struct.pack("<HHHH", 9, 0, 72, len(raw)) + raw


def tree_answer(kind=1, **kw):
    return header(3, response=True, **kw) + struct.pack("<HBBIII", 16, kind, 0, 0, 0, 0)


A, B = b"A" * 16, b"B" * 16
ANY = b"\xff" * 16
OPENED = [
    (True, nbss(tree("\\\\dc\\C$", mid=1))),
    (False, nbss(tree_answer(mid=1))),
    (True, nbss(create("ntds.dit", mid=2))),
    (False, nbss(created(A, mid=2))),
]


def files(talk, size=0):
    events = read(talk, size).events
    return [
        (e.path, e.action, e.bytes_read, e.bytes_written, e.outcome)
        for e in events
        if hasattr(e, "bytes_read") and e.path is not None
    ]


def chain(*parts):
    """A compound of (maker, arguments), padded and linked."""
    out = b""
    for i, (maker, args, kw) in enumerate(parts):
        last = i == len(parts) - 1
        body = maker(*args, **kw)
        size = -(-len(body) // 8) * 8
        out += maker(*args, **kw, next_=0 if last else size).ljust(0 if last else size, b"\0")
    return nbss(out)


def test_bytes_are_counted_without_reading_them():
    talk = [
        *OPENED,
        (True, nbss(read_file(A, mid=3))),
        (False, nbss(read_answer(b"x" * 50_000, mid=3))),
        (True, nbss(read_file(A, mid=4))),
        (False, nbss(read_answer(b"x" * 70_000, mid=4))),
        (True, nbss(close(A, mid=5))),
        (False, nbss(closed(mid=5))),
    ]
    assert files(talk) == files(talk, 1000) == [("ntds.dit", "read", 120_000, None, "success")]
    reader = smb.reader(flow(445), Recorder())
    message = talk[5][1]
    assert reader.frame(TO_CLIENT, message, 0, 200) == (4 + 128, len(message))


def test_every_kind_of_use_is_told():
    talk = [
        *OPENED,
        (True, nbss(read_file(A, mid=3))),
        (False, nbss(read_answer(b"x" * 10, mid=3))),
        (True, nbss(write_file(A, b"y" * 6, mid=4))),
        (False, nbss(wrote(6, mid=4))),
        (True, nbss(ioctl(A, 0x00140078, mid=5))),
        (False, nbss(ioctl_answer(A, 0x00140078, mid=5))),
    ]
    assert files(talk) == [
        ("ntds.dit", "copy", None, None, "success"),
        ("ntds.dit", "read", 10, None, "success"),
        ("ntds.dit", "write", None, 6, "success"),
    ]


def test_compound_of_related_requests():
    related = {"related": True, "sid": 2**64 - 1, "tid": 2**32 - 1}
    talk = [
        *OPENED[:2],
        (True, chain(
            (create, ("a.txt", 0x1000), {"mid": 2}),
            (read_file, (ANY,), {"mid": 3, **related}),
            (close, (ANY,), {"mid": 4, **related}),
        )),
        (False, chain(
            (created, (B,), {"mid": 2}),
            (read_answer, (b"z" * 32,), {"mid": 3, "related": True}),
            (closed, (), {"mid": 4, "related": True}),
        )),
    ]  # fmt: skip
    expected = [("a.txt", "read", 32, None, "success"), ("a.txt", "delete", None, None, "success")]
    assert files(talk) == files(talk, 5) == expected


def test_pending_answer_is_not_the_answer():
    talk = [
        *OPENED,
        (True, nbss(read_file(A, mid=3))),
        (False, nbss(header(8, response=True, mid=3, status=0x103, async_=True) + b"\0" * 9)),
        (False, nbss(read_answer(b"x" * 9, mid=3))),
    ]
    assert files(talk) == [("ntds.dit", "read", 9, None, "success")]


def test_refused_open_and_refused_share():
    talk = [
        (True, nbss(tree("\\\\dc\\ADMIN$", mid=1))),
        (False, nbss(header(3, response=True, mid=1, status=0xC0000022) + b"\0" * 9)),
        *OPENED[:2],
        (True, nbss(create("SAM", mid=2))),
        (False, nbss(header(5, response=True, mid=2, status=0xC0000022) + b"\0" * 9)),
    ]
    got = [(e.share, e.path, e.outcome, e.status) for e in read(talk).events]
    assert got == [
        ("\\\\dc\\ADMIN$", None, "denied", 0xC0000022),
        ("\\\\dc\\C$", None, "success", 0),
        ("\\\\dc\\C$", "SAM", "denied", 0xC0000022),
    ]


def test_sessions_of_one_connection_have_their_own_account():
    def set_up(mid, sid):
        body = struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, 4, 0) + b"tokn"
        answer = struct.pack("<HHHH", 9, 0, 72, 0)
        return [
            (True, nbss(header(1, mid=mid, sid=0) + body)),
            (False, nbss(header(1, mid=mid, sid=sid, response=True) + answer)),
        ]

    recorder = Recorder(account="CORP\\alice", rounds=1)
    reader = smb.reader(flow(445), recorder)
    first = set_up(1, 0xA)
    second = set_up(2, 0xB)
    for to_server, data in first:
        reader.message(1, to_server, data, 0, len(data))
    recorder._account = "CORP\\bob"
    for to_server, data in second:
        reader.message(2, to_server, data, 0, len(data))
    for sid in (0xA, 0xB):
        for to_server, m in (
            (True, tree("\\\\dc\\C$", mid=3, sid=sid)),
            (False, tree_answer(mid=3, sid=sid)),
        ):
            reader.message(3, to_server, nbss(m), 0, len(m) + 4)
    shares = [e.account for e in recorder.events if hasattr(e, "share")]
    assert shares == ["CORP\\alice", "CORP\\bob"]


def test_compressed_messages_first_and_overflowing():
    def compressed(size, offset):
        return nbss(b"\xfcSMB" + struct.pack("<IHHI", size, 1, 0, offset) + b"\0" * 20)

    talk = [
        (True, compressed(100, 0)),
        (True, compressed(100, 4)),
        (True, compressed(0xFFFFFFFF, 16)),
    ]
    got = [(e.kind, e.declared_size, e.offset) for e in read(talk).events]
    assert got == [("compressed", 100, 0), ("compressed", 0xFFFFFFFF, 16)]


def test_message_inside_a_compressed_one_is_read_as_far_as_it_is_clear():
    def unchained(message, clear):
        head = b"\xfcSMB" + struct.pack("<IHHI", len(message) - clear, 3, 0, clear)
        return nbss(head + message[:clear] + b"z" * 40)

    def chained(message, clear):
        head = b"\xfcSMB" + struct.pack("<IHHI", len(message), 0, 1, clear)
        return nbss(head + message[:clear] + struct.pack("<HHII", 4, 0, 8, 0) + b"z" * 8)

    talk = [
        *OPENED,
        (True, nbss(read_file(A, mid=3))),
        (False, unchained(read_answer(b"x" * 50_000, mid=3), 80)),
        (True, nbss(read_file(A, mid=4))),
        (False, chained(read_answer(b"x" * 70_000, mid=4), 80)),
        (True, nbss(read_file(A, mid=5))),
        (False, unchained(read_answer(b"x" * 70_000, mid=5), 0)),
        (True, nbss(close(A, mid=6))),
        (False, nbss(closed(mid=6))),
    ]
    assert files(talk) == files(talk, 7) == [("ntds.dit", "read", 120_000, None, "success")]


def test_server_side_copy_counts_for_both_files():
    def copied(size):
        body = struct.pack("<HHI", 49, 0, 0x001440F2) + B
        body += struct.pack("<IIIIII", 112, 0, 112, 12, 0, 0) + struct.pack("<III", 1, 0, size)
        return header(11, response=True, mid=6) + body

    talk = [
        *OPENED,
        (True, nbss(create("copy.dit", mid=3))),
        (False, nbss(created(B, action=2, mid=3))),
        (True, nbss(ioctl(A, 0x00140078, mid=5))),
        (False, nbss(ioctl_answer(A, 0x00140078, mid=5))),
        (True, nbss(ioctl(B, 0x001440F2, b"k" * 32, mid=6))),
        (False, nbss(copied(4096))),
    ]
    assert files(talk) == [
        ("ntds.dit", "copy", None, None, "success"),
        ("copy.dit", "write", None, 4096, "success"),
    ]


def test_policy_written_to_sysvol():
    def write_at(offset, data, mid):
        message = bytearray(write_file(A, data, mid=mid))
        struct.pack_into("<Q", message, 64 + 8, offset)
        return (True, nbss(bytes(message))), (False, nbss(wrote(len(data), mid=mid)))

    path = "x\\Policies\\{31B2F340-016D-11D2-945F-00C04FB984F9}\\Machine\\x\\GptTmpl.inf"
    text = b"[System Access]\nLockoutBadCount = 0\n" + b"; comment\n" * 100
    talk = [
        (True, nbss(tree("\\\\dc\\SYSVOL", mid=1))),
        (False, nbss(tree_answer(mid=1))),
        (True, nbss(create(path, mid=2))),
        (False, nbss(created(A, mid=2))),
        *write_at(0, text[:20], 3),
        *write_at(20, text[20:], 4),
        (True, nbss(close(A, mid=5))),
        (False, nbss(closed(mid=5))),
    ]
    for size in (0, 50):
        events = read(talk, size).events
        assert rows(events[-1:], "gpo", "setting", "value", "disables") == [
            ("gpo_change", "31b2f340-016d-11d2-945f-00c04fb984f9", "System Access\\LockoutBadCount", "0", None),
        ]  # fmt: skip


def test_pipe_whose_opening_was_not_seen():
    request = bytes.fromhex("0500000310000000180000000100000000000000") + b"\0\0\0\0"
    talk = [(True, nbss(write_file(A, request, mid=9)))]
    (call, file) = read(talk).events
    assert (call.interface, call.opnum, call.pipe) == ("unknown", 0, "")
    assert (file.share, file.path, file.action) == (None, None, "open")


def test_state_is_bounded():
    recorder = Recorder()
    reader = smb.reader(flow(445), recorder)
    for i in range(5_000):
        ident = struct.pack("<QQ", i, i)
        for to_server, m in (
            (True, tree("\\\\x\\y", mid=i, sid=i, tid=i)),
            (False, tree_answer(mid=i, sid=i, tid=i)),
            (True, create("f", mid=i, sid=i, tid=i)),
            (False, created(ident, mid=i, sid=i, tid=i)),
            (True, read_file(ident, mid=10_000 + i)),
        ):
            reader.message(1, to_server, nbss(m), 0, len(m) + 4)
    two = reader._two
    assert len(two._sessions) <= 256
    assert len(two._trees) <= 512
    assert len(two._requests) <= 1_024
    assert len(two.files._opens) <= 1_024
    assert recorder.counts["smb.opens_dropped"] > 0


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"\x00", (0, 0)),
        (b"\x00\x00\x00\x40\xfeSM", (0, 0)),
        (b"\x00\x00\x00\x40\xfeSMX", (0, -1)),
        (b"\x00\x00\x00\x40\xfaSMB", (0, -1)),
        (b"\x42", (0, -1)),
        (b"\x85\x00\x00\x00", (4, 4)),
        (b"\x81\x00\x00\x44", (4, 72)),
        (b"\x81\xff\x00\x44", (0, -1)),
        (b"\x00\x00\x00\x40\xfdSMB", (56, 68)),
    ],
)
def test_frame(data, answer):
    assert smb.reader(flow(445), Recorder()).frame(TO_SERVER, data, 0, len(data)) == answer


def test_resync_finds_a_message_of_its_direction():
    request, answer = nbss(close(A)), nbss(closed())
    reader = smb.reader(flow(445), Recorder())
    data = b"\x00SMB garbage \xfeSMB" + answer + request
    at = data.index(request, len(data) - len(request))
    assert reader.resync(TO_SERVER, data, 0, len(data)) == at
    assert reader.resync(TO_CLIENT, data, 0, len(data)) == data.index(answer)
    assert reader.resync(TO_SERVER, b"nothing", 0, 7) == -1


@pytest.mark.parametrize(
    "message",
    [
        b"\xfeSMB" + b"\0" * 60,  # header size 0
        closed(),  # an answer from the client
        header(5) + b"\0" * 20,  # CREATE cut
        header(3) + struct.pack("<HHHH", 9, 0, 60_000, 40),  # path outside
        header(6, next_=70) + b"\0" * 24,  # next command unaligned
        header(0) + struct.pack("<HHHHI", 36, 65_535, 0, 0, 0) + b"\0" * 30,  # dialects
    ],
)
def test_malformed_messages(message):
    data = nbss(message)
    with pytest.raises((Malformed, IndexError, struct.error)):
        smb.reader(flow(445), Recorder()).message(1, TO_SERVER, data, 0, len(data))

"""Accounting-Requests as their server sees them: secrets, repeats, answers; pyrad is the client."""

import itertools

import pytest
from pyrad import dictionary, packet

from sensor.inputs import radiusrequests
from sensor.inputs.radiusrequests import Clients, Requests

SECRET = b"sixteen or more octets"
NOW = 1_700_000_000_000_000
HERE = ("192.0.2.1", 1813)
TYPES = {
    "User-Name": (1, "string"), "NAS-IP-Address": (4, "ipaddr"), "Framed-IP-Address": (8, "ipaddr"),
    "Calling-Station-Id": (31, "string"), "NAS-Identifier": (32, "string"), "Proxy-State": (33, "octets"),
    "Acct-Status-Type": (40, "integer"), "Acct-Delay-Time": (41, "integer"), "Acct-Session-Id": (44, "string"),
    "Acct-Session-Time": (46, "integer"), "NAS-Port-Type": (61, "integer"), "NAS-IPv6-Address": (95, "ipv6addr"),
    "Framed-IPv6-Address": (168, "ipv6addr"),
}  # fmt: skip
START, STOP, INTERIM, ON, OFF = 1, 2, 3, 7, 8
_numbers = itertools.count()


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    path = tmp_path_factory.mktemp("radius") / "dictionary"
    path.write_text("".join(f"ATTRIBUTE {n} {i} {t}\n" for n, (i, t) in TYPES.items()))
    return dictionary.Dictionary(str(path))


@pytest.fixture
def request_of(words):
    """A request of pyrad; a session, an account and a status are always there."""

    def make(secret=SECRET, status=START, **more):
        made = packet.AcctPacket(dict=words, secret=secret, id=next(_numbers) % 256)
        told = {"Acct_Session_Id": "s1", "User_Name": "CORP\\alice", **more}
        made["Acct-Status-Type"] = status
        for name, value in told.items():
            made[name.replace("_", "-")] = value
        return made

    return make


class Server:
    def __init__(self, *clients):
        self.events = []
        self.requests = Requests(Clients(clients or [("10.0.0.0/8", SECRET)]), self.events.append)

    def ask(self, request, peer="10.0.0.1", port=1812, after=0):
        data = request if isinstance(request, bytes) else request.RequestPacket()
        return self.requests.take(NOW + after, peer, port, HERE, data)

    @property
    def counts(self):
        return dict(self.requests.counts)


@pytest.fixture
def server():
    return Server()


def test_a_session_and_its_answer(server, request_of):
    start = request_of(
        Calling_Station_Id="203.0.113.7", Framed_IP_Address="10.8.0.5", NAS_IP_Address="10.0.0.1", NAS_Identifier="vpn1"
    )  # fmt: skip
    answer = server.ask(start)
    assert start.VerifyReply(start.CreateReply(packet=answer), answer)
    (event,) = server.events
    assert (event.ts, event.via, event.protocol, event.outcome, event.dst_ip, event.dst_port) == (
        NOW, "radius", "radius", "success", "192.0.2.1", 1813,
    )  # fmt: skip
    assert (event.phase, event.account, event.session, event.framed_ip, event.src_ip, event.nas) == (
        "start", "CORP\\alice", "s1", "10.8.0.5", "203.0.113.7", "ip:10.0.0.1",
    )  # fmt: skip
    assert server.counts == {"sessions": 1}


@pytest.mark.parametrize(
    ("status", "phase"),
    [(START, "start"), (INTERIM, "interim"), (STOP, "stop"), (ON, "accounting_on"), (OFF, "accounting_off")],
)  # fmt: skip
def test_phases(server, request_of, status, phase):
    assert server.ask(request_of(status=status)) is not None
    assert [e.phase for e in server.events] == [phase]


def test_addresses_of_ipv6(request_of):
    server = Server(("2001:db8::/32", SECRET))
    request = request_of(
        NAS_IPv6_Address="2001:db8::1", Framed_IPv6_Address="2001:db8:8::5", Calling_Station_Id="2001:db8:99::7"
    )  # fmt: skip
    assert server.ask(request, peer="2001:db8::1") is not None
    (event,) = server.events
    assert (event.nas, event.framed_ip, event.src_ip) == (
        "ip:2001:db8::1", "2001:db8:8::5", "2001:db8:99::7",
    )  # fmt: skip


def test_a_wrong_secret_is_counted_and_gets_no_answer(server, request_of):
    assert server.ask(request_of(secret=b"another")) is None
    assert (server.events, server.counts) == ([], {"wrong_secret": 1})


@pytest.mark.parametrize("peer", ["192.168.0.1", "2001:db8::1", "fe80::1%eth0"])
def test_a_stranger_is_counted_and_gets_no_answer(server, request_of, peer):
    assert server.ask(request_of(), peer=peer) is None
    assert (server.events, server.counts) == ([], {"unknown_client": 1})


def test_the_narrowest_network_has_the_secret(request_of):
    server = Server(("10.0.0.0/8", b"wide"), ("10.0.0.1", b"own"), ("10.0.0.0/24", b"near"))
    asked = {"10.0.0.1": b"own", "10.0.0.2": b"near", "10.1.0.1": b"wide"}
    for peer, secret in asked.items():
        assert server.ask(request_of(secret=secret), peer=peer) is not None
        assert server.ask(request_of(secret=b"else"), peer=peer) is None


def test_every_changed_bit_is_noticed(server, request_of):
    good = request_of().RequestPacket()
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1
        assert server.ask(bytes(bad)) is None
    assert server.events == []
    assert server.ask(good) is not None


@pytest.mark.parametrize("size", [0, 1, 19])
def test_a_stump_is_malformed(server, request_of, size):
    assert server.ask(request_of().RequestPacket()[:size]) is None
    assert server.counts == {"malformed": 1}


def test_attributes_that_lie_are_malformed(server):
    head = b"\x04\x01\x00\x18"
    digest = radiusrequests.md5(head + bytes(16) + b"\x28\x09ab" + SECRET).digest()
    assert server.ask(head + digest + b"\x28\x09ab") is None
    assert (server.events, server.counts) == ([], {"malformed": 1})


def test_padding_is_no_part_of_the_request(server, request_of):
    assert server.ask(request_of().RequestPacket() + bytes(7)) is not None


def test_a_request_that_comes_again_is_answered_again_and_told_once(server, request_of):
    data = request_of(Proxy_State=b"proxy").RequestPacket()
    assert server.ask(data) == server.ask(data, after=5_000_000) is not None
    assert (len(server.events), server.counts) == (1, {"sessions": 1, "repeated": 1})


def test_a_record_sent_again_with_a_delay_is_told_once_at_its_time(server, request_of):
    assert server.ask(request_of(Acct_Delay_Time=3)) is not None
    assert server.ask(request_of(Acct_Delay_Time=8), after=5_000_000) is not None
    assert [e.ts for e in server.events] == [NOW - 3_000_000]


def test_interim_records_are_told_each(server, request_of):
    for minute in range(3):
        server.ask(
            request_of(status=INTERIM, Acct_Session_Time=60 * minute), after=minute * 60_000_000
        )
    assert [e.duration for e in server.events] == [0, 60_000_000, 120_000_000]


def test_the_same_session_of_two_gateways_is_two(server, request_of):
    for peer in ("10.0.0.1", "10.0.0.2"):
        server.ask(request_of(), peer=peer)
    assert [e.nas for e in server.events] == ["ip:10.0.0.1", "ip:10.0.0.2"]


def test_the_state_of_proxies_goes_back_in_order(server, request_of):
    request = request_of()
    request[33] = [b"one", b"two"]
    answer = server.ask(request)
    assert answer[20:] == b"\x21\x05one\x21\x05two"
    assert request.VerifyReply(request.CreateReply(packet=answer), answer)


@pytest.mark.parametrize(
    ("more", "count"), [({"NAS_Port_Type": 19}, "no_vpn"), ({"status": 15}, "no_session")]
)
def test_what_is_no_session_is_answered_but_not_told(server, request_of, more, count):
    assert server.ask(request_of(**more)) is not None
    assert (server.events, server.counts) == ([], {count: 1})


def test_other_codes_are_passed_over(server, request_of):
    data = b"\x01" + request_of().RequestPacket()[1:]
    assert server.ask(data) is None
    assert server.counts == {"other": 1}


def test_memories_are_bounded(monkeypatch, server, request_of):
    monkeypatch.setattr(radiusrequests, "_REMEMBERED", 8)
    monkeypatch.setattr(radiusrequests, "_KNOWN", 8)
    for i in range(40):
        server.ask(request_of(Acct_Session_Id=f"s{i}"), peer=f"10.0.0.{i}")
    assert len(server.events) == 40
    assert len(server.requests._answered) <= 8
    assert len(server.requests._told) <= 8
    assert len(server.requests._clients._known) <= 8

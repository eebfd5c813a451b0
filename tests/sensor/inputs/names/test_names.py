"""Hosts asked for their names: each method against a host that answers so, or wrongly."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from struct import pack

import dnswire
import ntlmssp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from impacket.dcerpc.v5.rpcrt import MSRPCBind, MSRPCHeader
from impacket.ntlm import NTLMAuthNegotiate

from sensor.inputs.names import UNANSWERED, dns, methods, netbios, ntlm, rdp, settled

HERE = "127.0.0.1"


def run(coroutine):
    async def within():
        return await asyncio.wait_for(coroutine, 5)

    return asyncio.run(within())


async def tcp(ask, talk):
    """Ask a server whose one conversation is `talk`."""

    async def serve(reader, writer):
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HERE, 0)
    async with server:
        return await ask(HERE, server.sockets[0].getsockname()[1])


async def udp(ask, answer):
    """Ask a server that answers each datagram with `answer` of it."""

    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, addr):
            self.transport.sendto(answer(data), addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=(HERE, 0))
    try:
        return await ask(HERE, transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


def test_methods_are_found():
    found = methods()
    assert {name: (m.word, m.primary) for name, m in found.items()} == {
        "dns": ("probe_dns", False),
        "netbios": ("probe_netbios", True),
        "ntlm": ("probe_ntlm", True),
        "rdp": ("probe_rdp", True),
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], None),
        ([("a", "name:WS1")], ("a", "name:WS1")),
        ([("a", "name:WS1"), ("b", "ws1.x.test")], ("b", "ws1.x.test")),
        ([("a", "name:WS1"), ("b", "ws2.x.test")], None),
        ([("a", "ws1.y.test"), ("b", "ws1.x.test")], None),
        ([("a", "WS1.x.test"), ("b", "ws1.x.test")], ("a", "WS1.x.test")),
        ([("a", "name:A-VERY-LONG-NAM"), ("b", "a-very-long-name.x.test")], ("b", "a-very-long-name.x.test")),
    ],
)  # fmt: skip
def test_what_the_answers_agree_on(names, expected):
    assert settled(names) == settled(names[::-1]) == expected


# --- NTLM over DCE/RPC ----------------------------------------------------------------------------


def bind_ack(pairs, kind=12):
    info = b"".join(ntlmssp.av(k, v.encode("utf-16-le")) for k, v in pairs) + ntlmssp.av(0)
    token = b"NTLMSSP\0" + pack("<IHHII8s8xHHI", 2, 0, 0, 0, 0x8201, b"12345678", len(info), len(info), 48) + info  # fmt: skip
    body = pack("<HHIH", 5840, 5840, 1, 4) + b"135\0" + bytes(30) + pack("<BBBBI", 10, 2, 0, 0, 0)
    head = pack("<BBBBIHHI", 5, 0, kind, 3, 0x10, 16 + len(body) + len(token), len(token), 1)
    return head + body + token


def test_the_bind_is_one():
    header = MSRPCHeader(ntlm.question())
    bind = MSRPCBind(header["pduData"])
    assert (header["type"], bind["ctx_num"], header["auth_len"]) == (
        11,
        1,
        len(header["auth_data"]),
    )
    assert header.getData() == ntlm.question()
    negotiate = NTLMAuthNegotiate()
    negotiate.fromString(header["auth_data"])
    assert negotiate["flags"] == 0xA008_8207


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(2, "X"), (1, "WS1"), (4, "x.test"), (3, "ws1.x.test"), (5, "x.test")], "ws1.x.test"),
        ([(1, "WS1"), (3, "ws1")], "name:WS1"),
        ([(3, "ws1")], "name:ws1"),
        ([(2, "X")], None),
    ],
)
def test_ntlm(pairs, expected):
    async def talk(reader, writer):
        assert await reader.readexactly(len(ntlm.question())) == ntlm.question()
        writer.write(bind_ack(pairs))
        await reader.read()

    assert run(tcp(ntlm.ask, talk)) == expected


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.0 400 Bad Request\r\n\r\n", bind_ack([], kind=13), bind_ack([])[:40],
               pack("<BBBBIHHI", 5, 0, 12, 3, 0x10, 16, 0, 1)],
)  # fmt: skip
def test_ntlm_that_is_none(answer):
    async def talk(reader, writer):
        await reader.read(10)
        writer.write(answer)

    with pytest.raises(UNANSWERED):
        assert run(tcp(ntlm.ask, talk)) is not None


# --- NetBIOS --------------------------------------------------------------------------------------


def node_status(number, *names):
    entries = b"".join(text.ljust(15).encode() + pack(">BH", kind, flags) for text, kind, flags in names)  # fmt: skip
    data = bytes([len(names)]) + entries + bytes(46)
    return number + b"\x84\0\0\0\0\1\0\0\0\0" + b"\x20CK" + b"A" * 30 + b"\0" + pack(">HHIH", 0x21, 1, 0, len(data)) + data  # fmt: skip


def test_netbios():
    def answer(request):
        assert request[12:] == b"\x20CK" + b"A" * 30 + b"\0\0\x21\0\1"
        return node_status(request[:2], ("X", 0, 0x8400), ("WS1", 0x20, 0x400), ("WS1", 0, 0x400))

    assert run(udp(netbios.ask, answer)) == "name:WS1"


@pytest.mark.parametrize("answer", [lambda r: b"x", lambda r: node_status(b"\0\0")[:60], lambda r: r,
                                    lambda r: node_status(bytes([r[0] ^ 1, r[1]]), ("WS1", 0, 0))])  # fmt: skip
def test_netbios_that_is_none(answer):
    with pytest.raises(UNANSWERED):
        run(udp(netbios.ask, answer))


# --- Remote Desktop -------------------------------------------------------------------------------

AGREED = bytes.fromhex("03000013 0e d0 0000 1234 00 02 00 0800 01000000")


def certificate(folder, *names):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(kind, text) for kind, text in names])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(x509.Name([])).public_key(key.public_key())
        .serial_number(7).not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(plain + made.public_bytes(pem))
    return folder / "both.pem"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ([(x509.NameOID.COMMON_NAME, "ws1.x.test")], "ws1.x.test"),
        ([(x509.NameOID.ORGANIZATION_NAME, "Firm"), (x509.NameOID.COMMON_NAME, "WS1")], "name:WS1"),
        ([(x509.NameOID.COMMON_NAME, "*.x.test")], None),
        ([(x509.NameOID.ORGANIZATION_NAME, "Firm")], None),
    ],
)
def test_rdp(tmp_path, subject, expected):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, *subject))

    async def talk(reader, writer):
        assert len(await reader.readexactly(19)) == 19
        writer.write(AGREED)
        await writer.start_tls(context)
        await reader.read()

    assert run(tcp(rdp.ask, talk)) == expected


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n" * 3, AGREED[:11] + b"\3" + AGREED[12:], AGREED])  # fmt: skip
def test_rdp_that_is_none(answer):
    async def talk(reader, writer):
        await reader.readexactly(19)
        writer.write(answer)

    with pytest.raises(UNANSWERED):
        run(tcp(rdp.ask, talk))


# --- DNS ------------------------------------------------------------------------------------------


def test_the_servers_of_the_system():
    text = "# nameserver 9.9.9.9\nsearch x\nnameserver 10.0.0.1\noptions a\nnameserver ::1\n"
    assert dns.servers(text) == ["10.0.0.1", "::1"]


REVERSED = "1.0.0.127.in-addr.arpa"


def ptr(request, *records, dotted=REVERSED, **more):
    return dnswire.reply(int.from_bytes(request[:2]), dotted, 12, *records, **more)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([dnswire.record(REVERSED, 12, dnswire.name("ws1.x.test"))], "ws1.x.test"),
        ([dnswire.record(REVERSED, 5, dnswire.name("a.b")), dnswire.record("a.b", 12, dnswire.name("ws1.x.test"))],
         "ws1.x.test"),
        ([], None),
    ],
)  # fmt: skip
def test_dns(tmp_path, monkeypatch, records, expected):
    own = tmp_path / "resolv.conf"
    own.write_text(f"nameserver {HERE}\n")
    monkeypatch.setattr(dns, "RESOLVERS", own)
    assert run(udp(dns.ask, lambda request: ptr(request, *records))) == expected


@pytest.mark.parametrize(
    "answer",
    [
        lambda r: ptr(b"\0\0" if r[:2] != b"\0\0" else b"\1\1"),
        lambda r: ptr(r, dotted="2.0.0.127.in-addr.arpa"),
        lambda r: ptr(r, dnswire.record(REVERSED, 12, b"\xc0\xff")),
        lambda r: ptr(r, dnswire.record(REVERSED, 12, b"\x3f")),
        lambda r: r,
        lambda r: b"x",
    ],
)
def test_dns_that_is_none(tmp_path, monkeypatch, answer):
    own = tmp_path / "resolv.conf"
    own.write_text(f"nameserver {HERE}\n")
    monkeypatch.setattr(dns, "RESOLVERS", own)
    with pytest.raises(UNANSWERED):
        run(udp(dns.ask, answer))


def test_dns_without_a_server(tmp_path, monkeypatch):
    own = tmp_path / "resolv.conf"
    own.write_text("")
    monkeypatch.setattr(dns, "RESOLVERS", own)
    with pytest.raises(OSError, match="no name server"):
        run(dns.ask(HERE))

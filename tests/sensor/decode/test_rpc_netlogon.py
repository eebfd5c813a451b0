"""MS-NRPC: pass-through logons in clear, methods of the secure channel, and two real exploits."""

from __future__ import annotations

import collections
import shutil
import struct

import pytest
import zeeklog
from impacket.dcerpc.v5 import nrpc
from impacket.dcerpc.v5.dtypes import NULL
from stub_calls import ask, fields

from sensor.contract import Malformed

INTERACTIVE, NETWORK, SERVICE = 1, 2, 3
ARMS = {1: "LogonInteractive", 2: "LogonNetwork", 3: "LogonService"}
CALLS = {
    2: nrpc.NetrLogonSamLogon,
    39: nrpc.NetrLogonSamLogonEx,
    45: nrpc.NetrLogonSamLogonWithFlags,
}


@pytest.fixture(params=[False, True], ids=["ndr", "ndr64"])
def wide(request):
    return request.param


def identity(info, user="alice", domain="CORP", workstation="WS9"):
    info["Identity"]["LogonDomainName"] = domain
    info["Identity"]["ParameterControl"] = 0
    info["Identity"]["UserName"] = user
    info["Identity"]["Workstation"] = workstation


def logon(opnum, level, *, wide=False, server="FS1\0", nt=b"n" * 60, lm=b"l" * 24, **who):
    r = CALLS[opnum](isNDR64=wide)
    r["LogonServer"], r["ComputerName"] = "DC1\0", server
    if opnum != 39:
        for name in ("Authenticator", "ReturnAuthenticator"):
            r[name]["Credential"], r[name]["Timestamp"] = b"C" * 8, 7
    r["LogonLevel"] = level
    r["LogonInformation"]["tag"] = level
    info = r["LogonInformation"][ARMS[level]]
    identity(info, **who)
    if level == NETWORK:
        info["LmChallenge"] = b"\0" * 8
        info["NtChallengeResponse"], info["LmChallengeResponse"] = nt, lm
    else:
        info["LmOwfPassword"] = info["NtOwfPassword"] = b"H" * 16
    r["ValidationLevel"] = nrpc.NETLOGON_VALIDATION_INFO_CLASS.NetlogonValidationSamInfo2
    if opnum != 2:
        r["ExtraFlags"] = 0
    return r.getData()


@pytest.mark.parametrize("opnum", [2, 39, 45])
@pytest.mark.parametrize(
    ("level", "word", "version"),
    [(INTERACTIVE, "interactive", None), (NETWORK, "network", "v2"), (SERVICE, "service", None)],
)
def test_pass_through_in_clear(opnum, level, word, version, wide):
    (event,) = ask("netlogon", opnum, logon(opnum, level, wide=wide), b"\0" * 12, wide=wide)
    got = fields(event, "account", "workstation", "server", "logon_type", "ntlm_version", "status")
    assert got == ("CORP\\alice", "WS9", "name:FS1", word, version, 0)
    # the sender is the server that asks, not the client
    assert fields(event, "src_ip", "src_port", "dst_ip") == (None, None, "10.0.0.10")
    assert b"HHHH" not in repr(event).encode()


@pytest.mark.parametrize(
    ("nt", "lm", "version"),
    [
        (b"n" * 60, b"", "v2"),
        (b"n" * 24, b"l" * 24, "v1"),
        (b"", b"l" * 24, "lm"),
        (b"", b"", None),
    ],
)
def test_versions_by_the_length_of_the_responses(nt, lm, version):
    (event,) = ask("netlogon", 39, logon(39, NETWORK, nt=nt, lm=lm), b"\0" * 12)
    assert event.ntlm_version == version


def test_the_verdict():
    wrong = struct.pack("<I", 0xC000006A)
    (event,) = ask("netlogon", 39, logon(39, NETWORK), bytes(8) + wrong)
    assert (event.status, event.outcome) == (0xC000006A, "denied")


def test_names_that_are_missing():
    (event,) = ask("netlogon", 39, logon(39, NETWORK, server=NULL, user="", domain=""), bytes(12))
    assert fields(event, "account", "server") == (None, "ip:10.0.0.50")


@pytest.mark.parametrize("opnum", [2, 39, 45])
def test_sealed_or_torn_it_stays_a_call(opnum):
    whole = logon(opnum, NETWORK)
    (event,) = ask("netlogon", opnum)
    assert type(event).__name__ == "RpcCall"
    for end in range(30, len(whole) // 2, 7):
        with pytest.raises(Malformed):
            ask("netlogon", opnum, whole[:end])


@pytest.mark.parametrize(
    ("opnum", "method"),
    [
        (6, "NetrServerPasswordSet"), (31, "NetrServerPasswordGet"),
        (42, "NetrServerTrustPasswordsGet"), (46, "NetrServerGetTrustInfo"),
    ],
)  # fmt: skip
def test_calls_that_give_or_take_secrets(opnum, method, wide):
    r = nrpc.NetrServerPasswordGet(isNDR64=wide)
    r["PrimaryName"], r["AccountName"] = "\\\\DC1\0", "FS1$\0"
    r["AccountType"] = nrpc.NETLOGON_SECURE_CHANNEL_TYPE.WorkstationSecureChannel
    r["ComputerName"] = "FS1\0"
    r["Authenticator"]["Credential"], r["Authenticator"]["Timestamp"] = b"C" * 8, 7
    (event,) = ask("netlogon", opnum, r.getData(), b"\0" * 40, wide=wide)
    assert type(event).__name__ == "NetlogonSecure"
    assert fields(event, "method", "account", "computer", "outcome") == (
        method, "FS1$", "FS1", "success",
    )  # fmt: skip


def test_the_secure_channel_of_kerberos():
    name = "FS1$\0".encode("utf-16-le")
    text = struct.pack("<III", 5, 0, 5) + name
    stub = struct.pack("<I", 0) + text + struct.pack("<H", 2) + text
    stub += b"\0\0" + struct.pack("<I", 0x612FFFFF)
    (event,) = ask("netlogon", 59, stub, bytes(12))
    assert fields(event, "method", "account", "computer", "flags", "client_credential") == (
        "NetrServerAuthenticateKerberos", "FS1$", "FS1$", 0x612FFFFF, None,
    )  # fmt: skip


@pytest.mark.data
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")
@pytest.mark.parametrize(("name", "challenges", "granted"), [("exploit", 286, 1), ("test", 781, 1)])
def test_zerologon_as_it_was_recorded(atp_data, name, challenges, granted):
    capture = (
        atp_data / f"pcap/corelight+zerologon/testing__Traces__CVE-2020-1472_{name}_win2016.pcap"
    )
    events = zeeklog.events(capture, "NetlogonSecure")
    by_method = collections.Counter(e.method for e in events)
    assert by_method["NetrServerReqChallenge"] == challenges
    assert by_method["NetrServerAuthenticate3"] == challenges
    assert {(e.client_challenge, e.client_credential) for e in events} >= {
        (bytes(8), None), (None, bytes(8)),
    }  # fmt: skip
    assert {e.flags for e in events} == {None, 0x212FFFFF}
    assert (
        sum(e.method == "NetrServerAuthenticate3" and e.outcome == "success" for e in events)
        == granted
    )

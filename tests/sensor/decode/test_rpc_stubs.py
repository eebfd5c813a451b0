"""Stub readers of each interface. Requests are marshalled by impacket, an independent NDR, where it
knows the method, in NDR and NDR64; else by hand.
"""

from __future__ import annotations

import struct

import pytest
from impacket.dcerpc.v5 import bkrp, drsuapi, even, icpr, lsad, nrpc, rprn, samr, scmr, srvs, tsch
from impacket.dcerpc.v5.dtypes import NULL
from stub_calls import READERS, ask, fields

from sensor.contract import Malformed
from sensor.decode import rpc_interfaces
from sensor.decode.ndr import Ndr
from sensor.decode.rpc_call import Handles, raw_host, unc_host

HANDLE = bytes(range(20))
DOMAIN = "S-1-5-21-1-2-3"


@pytest.fixture(params=[False, True], ids=["ndr", "ndr64"])
def wide(request):
    return request.param


def create_service(image="cmd /c calc\0", *, wide=False):
    r = scmr.RCreateServiceW(isNDR64=wide)
    r["hSCManager"] = HANDLE
    r["lpServiceName"], r["lpDisplayName"] = "evil\0", "Evil\0"
    r["dwDesiredAccess"], r["dwServiceType"] = 0xF01FF, 0x10
    r["dwStartType"], r["dwErrorControl"] = 3, 0
    r["lpBinaryPathName"] = image
    r["lpLoadOrderGroup"], r["lpdwTagId"], r["lpDependencies"] = NULL, NULL, NULL
    r["dwDependSize"] = 0
    r["lpServiceStartName"] = "CORP\\svc\0"
    r["lpPassword"], r["dwPwSize"] = NULL, 0
    return r


def test_service_created(wide):
    stub = create_service(wide=wide).getData()
    call, install = ask("svcctl", 12, stub, wide=wide)
    assert fields(call, "method", "object") == ("RCreateServiceW", "evil")
    got = fields(install, "name", "image_path", "start_type", "run_as", "remote")
    assert got == ("evil", "cmd /c calc", "demand", "CORP\\svc", True)


def test_service_with_an_image_path_beyond_what_is_kept():
    stub = create_service("%COMSPEC% /c " + "A" * 9_000 + "\0").getData()[:8_192]
    _call, install = ask("svcctl", 12, stub)
    assert install.image_path.startswith("%COMSPEC% /c AAAA")
    assert 3_000 < len(install.image_path) <= 4_096
    assert install.run_as is None


def test_service_handles_are_followed():
    handles = Handles()
    opened = scmr.ROpenServiceW()
    opened["hSCManager"], opened["lpServiceName"], opened["dwDesiredAccess"] = (
        HANDLE,
        "spooler\0",
        1,
    )
    ask("svcctl", 16, opened.getData(), b"S" * 20 + b"\0" * 4, handles=handles)
    (start,) = ask("svcctl", 19, b"S" * 20 + b"\0" * 8, handles=handles)
    assert start.object == "spooler"
    change = scmr.RChangeServiceConfigW()
    change["hService"] = b"S" * 20
    change["dwServiceType"] = change["dwStartType"] = change["dwErrorControl"] = 0xFFFFFFFF
    change["lpBinaryPathName"] = "C:\\x.exe\0"
    for name in ("lpLoadOrderGroup", "lpdwTagId", "lpDependencies", "lpServiceStartName"):
        change[name] = NULL
    change["lpPassword"], change["lpDisplayName"] = NULL, NULL
    change["dwDependSize"] = change["dwPwSize"] = 0
    _call, install = ask("svcctl", 11, change.getData(), handles=handles)
    assert fields(install, "name", "image_path", "start_type") == ("spooler", "C:\\x.exe", None)
    ask("svcctl", 0, b"S" * 20, handles=handles)
    (start,) = ask("svcctl", 19, b"S" * 20 + b"\0" * 8, handles=handles)
    assert start.object is None


def test_samr_handles_give_sids(wide):
    handles = Handles()
    domain = samr.SamrOpenDomain(isNDR64=wide)
    domain["ServerHandle"], domain["DesiredAccess"] = HANDLE, 1
    domain["DomainId"].fromCanonical(DOMAIN)
    answer = b"D" * 20 + b"\0" * 4
    (event,) = ask("samr", 7, domain.getData(), answer, handles=handles, wide=wide)
    assert fields(event, "method", "object_sid") == ("SamrOpenDomain", DOMAIN)
    user = samr.SamrOpenUser(isNDR64=wide)
    user["DomainHandle"], user["DesiredAccess"], user["UserId"] = b"D" * 20, 1, 500
    (event,) = ask("samr", 34, user.getData(), b"U" * 20 + b"\0" * 4, handles=handles, wide=wide)
    assert event.object_sid == DOMAIN + "-500"
    (event,) = ask("samr", 36, b"U" * 20 + b"\x15\0", handles=handles, wide=wide)
    assert fields(event, "method", "object_sid", "enumerates") == (
        "SamrQueryInformationUser", DOMAIN + "-500", False,
    )  # fmt: skip


def test_samr_refused_open_gives_no_handle():
    handles = Handles()
    handles.open(b"D" * 20, DOMAIN)
    user = samr.SamrOpenUser()
    user["DomainHandle"], user["DesiredAccess"], user["UserId"] = b"D" * 20, 1, 500
    (event,) = ask("samr", 34, user.getData(), b"\0" * 20 + b"\x22\0\0\xc0", handles=handles)
    assert fields(event, "object_sid", "outcome") == (DOMAIN + "-500", "denied")
    assert handles.get(b"\0" * 20) is None


@pytest.mark.parametrize(
    ("opnum", "enumerates"),
    [(11, True), (13, True), (15, True), (25, True), (33, True), (40, True), (48, True),
     (51, True), (6, False), (8, False), (17, False), (34, False), (46, False)],
)  # fmt: skip
def test_samr_reads(opnum, enumerates):
    (event,) = ask("samr", opnum)
    assert fields(event, "enumerates", "encrypted") == (enumerates, True)
    assert event.method == rpc_interfaces.method_of("samr", opnum)


def test_samr_counts_what_is_returned():
    answer = b"\0" * 40 + struct.pack("<II", 13, 0)
    (event,) = ask("samr", 13, HANDLE + b"\0" * 12, answer)
    assert event.returned_count == 13


@pytest.mark.parametrize("opnum", [0, 1, 12, 50, 58, 64])
def test_samr_writes_and_handles_stay_calls(opnum):
    (event,) = ask("samr", opnum)
    assert fields(event, "interface", "opnum") == ("samr", opnum)


def test_samr_look_up_of_one_name(wide):
    r = samr.SamrLookupNamesInDomain(isNDR64=wide)
    r["DomainHandle"], r["Count"] = HANDLE, 1
    name = samr.RPC_UNICODE_STRING(isNDR64=wide)
    name["Data"] = "administrator"
    r["Names"].append(name)
    r.fields["Names"].fields["MaximumCount"] = 1_000
    (event,) = ask("samr", 17, r.getData(), wide=wide)
    assert event.object == "administrator"


@pytest.mark.parametrize("version", [8, 10])
def test_replication_asked_in_the_clear(version):
    r = drsuapi.DRSGetNCChanges()
    r["hDrs"], r["dwInVersion"] = HANDLE, version
    r["pmsgIn"]["tag"] = version
    m = r["pmsgIn"]["V8" if version == 8 else "V10"]
    m["uuidDsaObjDest"] = m["uuidInvocIdSrc"] = b"\0" * 16
    m["pNC"]["SidLen"] = 0
    m["pNC"]["Guid"] = b"\0" * 16
    m["pNC"]["Sid"] = ""
    m["pNC"]["NameLen"] = 13
    m["pNC"]["StringName"] = "DC=corp,DC=x1\0"
    m["pNC"]["structLen"] = len(m["pNC"].getData())
    for name in ("usnHighObjUpdate", "usnHighPropUpdate"):
        m["usnvecFrom"][name] = 0
    m["pUpToDateVecDest"] = NULL
    m["ulFlags"], m["cMaxObjects"], m["cMaxBytes"], m["ulExtendedOp"] = 0x10, 1, 0, 6
    m["pPartialAttrSet"] = m["pPartialAttrSetEx1"] = NULL
    m["PrefixTableDest"]["pPrefixEntry"] = NULL
    (event,) = ask("drsuapi", 3, r.getData())
    got = fields(event, "method", "direction", "naming_context", "exop")
    assert got == ("DRSGetNCChanges", "outbound", "DC=corp,DC=x1", "repl_obj")


@pytest.mark.parametrize(
    ("opnum", "kind", "direction"),
    [(2, "replication", "inbound"), (3, "replication", "outbound"), (4, "replication", "outbound"),
     (5, "replication", "inbound"), (6, "replication", "inbound"), (17, "replication", None),
     (0, "rpc_call", None), (12, "rpc_call", None), (16, "rpc_call", None)],
)  # fmt: skip
def test_replication_sealed(opnum, kind, direction):
    (event,) = ask("drsuapi", opnum)
    assert type(event).__struct_config__.tag == kind
    assert getattr(event, "direction", None) == direction
    assert event.encrypted is True


def server_authenticate(call, *, wide):
    r = call(isNDR64=wide)
    r["PrimaryName"], r["AccountName"] = "\\\\dc1\0", "DC1$\0"
    r["SecureChannelType"] = nrpc.NETLOGON_SECURE_CHANNEL_TYPE.ServerSecureChannel
    r["ComputerName"] = "DC1\0"
    r["ClientCredential"] = b"\0" * 8
    r["NegotiateFlags"] = 0x212FFFFF
    return r


@pytest.mark.parametrize(
    ("opnum", "call"),
    [(15, nrpc.NetrServerAuthenticate2), (26, nrpc.NetrServerAuthenticate3)],
)
def test_zerologon_proof(opnum, call, wide):
    stub = server_authenticate(call, wide=wide).getData()
    (event,) = ask("netlogon", opnum, stub, wide=wide)
    assert fields(event, "account", "computer", "client_credential", "flags") == (
        "DC1$", "DC1", b"\0" * 8, 0x212FFFFF,
    )  # fmt: skip


def test_netlogon_challenge(wide):
    r = nrpc.NetrServerReqChallenge(isNDR64=wide)
    r["PrimaryName"], r["ComputerName"] = NULL, "WS9\0"
    r["ClientChallenge"] = b"12345678"
    (event,) = ask("netlogon", 4, r.getData(), wide=wide)
    assert fields(event, "computer", "client_challenge") == ("WS9", b"12345678")


def test_netlogon_password_set_keeps_no_password():
    r = nrpc.NetrServerPasswordSet2()
    r["PrimaryName"], r["AccountName"] = NULL, "DC1$\0"
    r["SecureChannelType"] = nrpc.NETLOGON_SECURE_CHANNEL_TYPE.ServerSecureChannel
    r["ComputerName"] = "DC1\0"
    r["Authenticator"]["Credential"], r["Authenticator"]["Timestamp"] = b"\0" * 8, 0
    r["ClearNewPassword"] = b"\xaa" * 516
    (event,) = ask("netlogon", 30, r.getData(), b"\0" * 16)
    assert fields(event, "method", "account", "outcome") == (
        "NetrServerPasswordSet2", "DC1$", "success",
    )  # fmt: skip
    assert b"\xaa" not in repr(event).encode()


def test_clear_logon_is_an_ntlm_validation():
    r = nrpc.NetrLogonSamLogonEx()
    r["LogonServer"], r["ComputerName"] = "DC1\0", "FS1\0"
    r["LogonLevel"] = nrpc.NETLOGON_LOGON_INFO_CLASS.NetlogonNetworkInformation
    r["LogonInformation"]["tag"] = r["LogonLevel"]
    info = r["LogonInformation"]["LogonNetwork"]
    info["Identity"]["LogonDomainName"] = "CORP"
    info["Identity"]["ParameterControl"] = 0
    info["Identity"]["UserName"] = "alice"
    info["Identity"]["Workstation"] = "WS9"
    info["LmChallenge"] = b"\0" * 8
    info["NtChallengeResponse"] = b"n" * 60
    info["LmChallengeResponse"] = b"l" * 24
    r["ValidationLevel"] = nrpc.NETLOGON_VALIDATION_INFO_CLASS.NetlogonValidationSamInfo2
    r["ExtraFlags"] = 0
    (event,) = ask("netlogon", 39, r.getData(), b"\0" * 12)
    got = fields(event, "account", "workstation", "server", "logon_type", "ntlm_version", "outcome")
    assert got == ("CORP\\alice", "WS9", "name:FS1", "network", "v2", "success")
    assert type(ask("netlogon", 39)[0]).__struct_config__.tag == "rpc_call"


def secret(call, key, *, wide):
    r = call(isNDR64=wide)
    r["PolicyHandle"] = HANDLE
    r[key] = "G$BCKUPKEY_PREFERRED"
    if "DesiredAccess" in r.fields:
        r["DesiredAccess"] = 1
    if "EncryptedData" in r.fields:
        r["EncryptedData"] = NULL
    return r


@pytest.mark.parametrize(
    ("opnum", "call", "key"),
    [(43, lsad.LsarRetrievePrivateData, "KeyName"), (28, lsad.LsarOpenSecret, "SecretName")],
)
def test_secrets(opnum, call, key, wide):
    handles = Handles()
    answer = b"S" * 20 + b"\0" * 4
    stub = secret(call, key, wide=wide).getData()
    (event,) = ask("lsarpc", opnum, stub, answer, handles=handles, wide=wide)
    assert event.object == "G$BCKUPKEY_PREFERRED"
    if opnum == 28:
        (event,) = ask("lsarpc", 30, b"S" * 20, handles=handles)
        assert event.object == "G$BCKUPKEY_PREFERRED"


def wstr(value):
    value += "\0"
    data = struct.pack("<III", len(value), 0, len(value)) + value.encode("utf-16-le")
    return data + b"\0" * (-len(data) % 4)


UNC = "\\\\10.0.0.66\\share\\x"
POINTER = b"\1\0\0\0"


@pytest.mark.parametrize(
    ("interface", "opnum", "stub", "unc", "host"),
    [
        ("efsrpc", 0, wstr(UNC), UNC, "ip:10.0.0.66"),
        ("efsrpc_lsarpc", 4, wstr(UNC), UNC, "ip:10.0.0.66"),
        ("efsrpc", 15, b"\0" * 8 + wstr(UNC), UNC, "ip:10.0.0.66"),
        ("efsrpc", 5, wstr("C:\\file"), "C:\\file", None),
        ("netdfs", 13, wstr("evil") + wstr("x"), "\\\\evil\\x", "name:evil"),
        ("netdfs", 12, wstr("10.0.0.66") + wstr("x"), "\\\\10.0.0.66\\x", "ip:10.0.0.66"),
        ("netdfs", 11, wstr("evil") + wstr("dc") + wstr("x"), "\\\\evil\\x", "name:evil"),
        ("netdfs", 1, wstr("\\\\evil.test\\a"), "\\\\evil.test\\a", "evil.test"),
        ("fsrvp", 8, wstr("\\\\evil\\NETLOGON\\"), "\\\\evil\\NETLOGON\\", "name:evil"),
        ("spoolss", 65, HANDLE + b"\0" * 8 + POINTER + wstr("\\\\evil"), "\\\\evil", "name:evil"),
        ("srvsvc", 30, b"\0" * 4 + wstr(UNC), UNC, "ip:10.0.0.66"),
    ],
)
def test_paths_that_name_another_machine(interface, opnum, stub, unc, host):
    (event,) = ask(interface, opnum, stub)
    assert fields(event, "unc", "unc_host") == (unc, host)
    assert event.method


def test_printer_driver_from_another_machine():
    container = rprn.DRIVER_CONTAINER()
    container["Level"] = 2
    container["DriverInfo"]["tag"] = 2
    info = container["DriverInfo"]["Level2"]
    info["cVersion"] = 3
    info["pName"], info["pEnvironment"] = "1234\0", "Windows x64\0"
    info["pDriverPath"] = "C:\\w\\UNIDRV.DLL\0"
    info["pDataFile"] = "\\\\evil.test\\s\\m.dll\0"
    info["pConfigFile"] = "C:\\w\\winhttp.dll\0"
    r = rprn.RpcAddPrinterDriverEx()
    r["pName"], r["pDriverContainer"], r["dwFileCopyFlags"] = "\\\\dc1\0", container, 0x8014
    event, install = ask("spoolss", 89, r.getData())
    assert install.unc == "\\\\evil.test\\s\\m.dll"
    assert fields(event, "object", "unc", "unc_host") == (
        "1234", "\\\\evil.test\\s\\m.dll", "evil.test",
    )  # fmt: skip


def test_event_log_backup_on_another_machine():
    r = even.ElfrOpenBELW()
    r["UNCServerName"] = NULL
    r["BackupFileName"] = "\\??\\UNC\\10.0.0.66\\x"
    r["MajorVersion"] = r["MinorVersion"] = 1
    (event,) = ask("eventlog", 9, r.getData())
    assert fields(event, "unc", "unc_host") == ("\\??\\UNC\\10.0.0.66\\x", "ip:10.0.0.66")


def test_registry_keys_are_followed(wide):
    handles = Handles()
    (event,) = ask("winreg", 2, b"\0" * 8, b"K" * 20 + b"\0" * 4, handles=handles)
    assert event.object == "HKLM"
    form = "<4xHH4xQQQQ" if wide else "<HHIIII"
    stub = b"K" * 20 + struct.pack(form, 16, 16, 1, 8, 0, 8) + "SAM\\SAM\0".encode("utf-16-le")
    (event,) = ask("winreg", 15, stub, b"L" * 20 + b"\0" * 4, handles=handles, wide=wide)
    assert event.object == "HKLM\\SAM\\SAM"
    (event,) = ask("winreg", 20, b"L" * 20 + b"\0" * 20, handles=handles)
    assert fields(event, "method", "object") == ("BaseRegSaveKey", "HKLM\\SAM\\SAM")


def test_task_registered():
    r = tsch.SchRpcRegisterTask()
    r["path"] = "\\evil\0"
    r["xml"] = "<Task><Exec><Command>cmd.exe</Command><Arguments>/c x</Arguments></Exec></Task>\0"
    r["flags"], r["sddl"], r["logonType"], r["cCreds"], r["pCreds"] = 2, NULL, 0, 0, NULL
    call, task = ask("itask", 1, r.getData())
    assert call.object == "\\evil"
    assert fields(task, "name", "command", "remote") == ("\\evil", "cmd.exe /c x", True)
    _call, sealed = ask("itask", 1)
    assert fields(sealed, "name", "command", "encrypted") == (None, None, True)


def test_job_added():
    stub = b"\0" * 4 + struct.pack("<IIBBH", 1, 0, 0, 0, 0) + POINTER + wstr("cmd /c x")
    _call, task = ask("atsvc", 0, stub)
    assert fields(task, "command", "remote") == ("cmd /c x", True)


def test_share_named(wide):
    r = srvs.NetrShareGetInfo(isNDR64=wide)
    r["ServerName"], r["NetName"], r["Level"] = NULL, "SYSVOL\0", 1
    (event,) = ask("srvsvc", 16, r.getData(), wide=wide)
    assert event.object == "SYSVOL"


def test_every_reader_stands_a_sealed_call_of_any_method():
    for interface in READERS:
        for opnum in range(140):
            events = ask(interface, opnum)
            assert events
            assert all(e.encrypted for e in events)


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("\\\\evil\\x", "name:evil"),
        ("\\\\evil@80\\x", "name:evil"),
        ("\\\\?\\UNC\\evil.test\\x", "evil.test"),
        ("\\??\\unc\\10.0.0.1\\x", "ip:10.0.0.1"),
        ("\\\\?\\C:\\x", None),
        ("C:\\x", None),
        ("\\\\", None),
        ("", None),
        (None, None),
    ],
)
def test_unc_host(path, host):
    assert unc_host(path) == host


def test_raw_host():
    assert [raw_host(h) for h in ("fe80::1", "10.0.0.1", "a.b", "a")] == [
        "ip:fe80::1", "ip:10.0.0.1", "a.b", "name:a",
    ]  # fmt: skip


def test_ndr_stays_inside_its_stub():
    stub = Ndr(struct.pack("<IIII", 4, 1, 4, 0), 0, 16, big=False, wide=False)
    with pytest.raises(Malformed):
        stub.text()  # begins at element 1
    stub = Ndr(struct.pack("<III", 2, 0, 9) + b"x" * 40, 0, 52, big=False, wide=False)
    with pytest.raises(Malformed):
        stub.text()  # longer than its maximum
    stub = Ndr(struct.pack("<III", 9, 0, 9) + b"a\0b\0", 0, 16, big=False, wide=False)
    assert (stub.text(), stub.cut) == ("ab", True)
    with pytest.raises(Malformed):
        stub.u32()
    big = Ndr(
        struct.pack(">III", 3, 0, 3) + "hi\0".encode("utf-16-be"), 0, 18, big=True, wide=False
    )
    assert big.text() == "hi"
    sid = struct.pack("<I", 16) + bytes((1, 16, 0, 0, 0, 0, 0, 5)) + b"\0" * 64
    with pytest.raises(Malformed):
        Ndr(sid, 0, len(sid), big=False, wide=False).sid()


def test_backup_key_action(wide):
    r = bkrp.BackuprKey(isNDR64=wide)
    r["pguidActionAgent"] = bkrp.BACKUPKEY_RETRIEVE_BACKUP_KEY_GUID
    r["pDataIn"], r["cbDataIn"], r["dwParam"] = b"\0", 0, 0
    (event,) = ask("bkrp", 0, r.getData(), wide=wide)
    assert fields(event, "method", "object") == (
        "BackuprKey", "BACKUPKEY_RETRIEVE_BACKUP_KEY_GUID",
    )  # fmt: skip


def test_certificate_request(wide):
    attributes = "CertificateTemplate:User\nSAN:upn=administrator@corp.test&dns=dc1.corp.test\n\0"
    r = icpr.CertServerRequest(isNDR64=wide)
    r["dwFlags"], r["pwszAuthority"], r["pdwRequestId"] = 0, "corp-CA\0", 0
    r["pctbAttribs"]["cb"] = len(attributes) * 2
    r["pctbAttribs"]["pb"] = attributes.encode("utf-16-le")
    r["pctbRequest"]["cb"], r["pctbRequest"]["pb"] = 3, b"abc"
    call, request = ask("icpr", 0, r.getData(), struct.pack("<III", 42, 3, 0), wide=wide)
    assert call.object == "corp-CA"
    assert fields(request, "template", "sans", "request_id", "outcome") == (
        "User", ["upn=administrator@corp.test", "dns=dc1.corp.test"], 42, "success",
    )  # fmt: skip
    _call, sealed = ask("icpr", 0)
    assert fields(sealed, "template", "encrypted") == (None, True)


def test_certificate_mapping_names_the_share_to_look_at():
    stub = b"\0\0\2\0" + wstr("\\\\dc") + b"\2\0\0\0" + wstr("CN=x") + wstr("\\\\10.0.0.66\\root")
    (event,) = ask("srvsvc", 74, stub)
    assert fields(event, "unc", "unc_host") == ("\\\\10.0.0.66\\root", "ip:10.0.0.66")


def test_duplicated_encryption_information_names_two_files():
    (event,) = ask("efsrpc", 13, wstr("C:\\x") + wstr(UNC))
    assert event.unc == UNC

"""Activation of classes and calls of WMI, marshalled by impacket as its own clients do it."""

from __future__ import annotations

import struct
import uuid

import pytest
from impacket.dcerpc.v5 import dcomrt
from impacket.dcerpc.v5.dcom import wmi
from impacket.dcerpc.v5.dtypes import NULL
from impacket.uuid import string_to_bin
from stub_calls import ask, fields

from sensor.inputs.captures import read_capture

WBEM = "8bc3f05e-d86b-11d0-a075-00c04fb68820"


def this():
    r = dcomrt.ORPCTHIS()
    r["cid"] = b"c" * 16
    r["extensions"] = NULL
    r["flags"] = 1
    return r


def activation(clsid, *, before=()):
    """Activation properties with the structures `before` the one that names the class."""
    blob = dcomrt.ACTIVATION_BLOB()
    blob["CustomHeader"]["destCtx"] = 2
    blob["CustomHeader"]["pdwReserved"] = NULL
    info = dcomrt.InstantiationInfoData()
    info["classId"] = string_to_bin(clsid)
    info["cIID"] = 1
    iid = dcomrt.IID()
    iid["Data"] = wmi.IID_IWbemLevel1Login
    info["pIID"].append(iid)
    named = info.getData() + info.getDataReferents()
    named += b"\xfa" * (-len(named) % 8)
    properties = b""
    for kind, data in [*before, (dcomrt.CLSID_InstantiationInfo, named)]:
        entry = dcomrt.CLSID()
        entry["Data"] = kind
        blob["CustomHeader"]["pclsid"].append(entry)
        size = dcomrt.DWORD()
        size["Data"] = len(data)
        blob["CustomHeader"]["pSizes"].append(size)
        properties += data
    blob["Property"] = properties
    reference = dcomrt.OBJREF_CUSTOM()
    reference["iid"] = dcomrt.IID_IActivationPropertiesIn[:-4]
    reference["clsid"] = dcomrt.CLSID_ActivationPropertiesIn
    reference["pObjectData"] = blob.getData()
    reference["ObjectReferenceSize"] = len(reference["pObjectData"]) + 8
    return reference.getData()


def create(data, call=dcomrt.RemoteCreateInstance):
    r = call()
    r["ORPCthis"] = this()
    if call is dcomrt.RemoteCreateInstance:
        r["pUnkOuter"] = NULL
    r["pActProperties"]["ulCntData"] = len(data)
    r["pActProperties"]["abData"] = list(data)
    return r.getData()


@pytest.mark.parametrize(
    ("clsid", "name"),
    [(WBEM, "WbemLevel1Login"), ("9ba05972-f6a8-11cf-a442-00a0c90a8f39", "ShellWindows"),
     ("00000000-1111-2222-3333-444444444444", "00000000-1111-2222-3333-444444444444")],
)  # fmt: skip
@pytest.mark.parametrize("first", [(), ((dcomrt.CLSID_ServerLocationInfo, b"\0" * 40),)])
def test_class_of_an_activation(clsid, name, first):
    (event,) = ask("dcom_activation", 4, create(activation(clsid, before=first)))
    assert fields(event, "method", "object") == ("RemoteCreateInstance", name)


def test_class_object_and_the_older_activation():
    stub = create(activation(WBEM), dcomrt.RemoteGetClassObject)
    (event,) = ask("dcom_activation", 3, stub)
    assert event.object == "WbemLevel1Login"
    (event,) = ask("dcom_activation", 0, this().getData() + uuid.UUID(WBEM).bytes_le + b"\0" * 40)
    assert fields(event, "method", "object") == ("RemoteActivation", "WbemLevel1Login")


def test_cut_and_foreign_activations_are_still_calls():
    whole = activation(WBEM)
    for data in (whole[:60], b"MEOW" + b"\1\0\0\0" + whole[8:], whole[:48] + b"\xff" * 90, b"MEOW"):
        stub = create(data)
        try:
            (event,) = ask("dcom_activation", 4, stub)
        except ValueError:
            continue  # the association asks again without the stub
        assert event.object is None


def test_extensions_of_a_call_are_passed_over():
    extent = struct.pack("<I16sI", 8, b"g" * 16, 3) + b"x" * 8
    stub = b"\5\0\7\0" + b"\1" + b"\0" * 7 + b"c" * 16 + struct.pack("<IIII", 1, 1, 0, 1)
    stub += struct.pack("<III", 2, 1, 0) + extent + uuid.UUID(WBEM).bytes_le + b"\0" * 40
    (event,) = ask("dcom_activation", 0, stub)
    assert event.object == "WbemLevel1Login"


def bstr(call, key, value):
    call[key]["asData"] = value


def test_wmi_log_in_and_query():
    r = wmi.IWbemLevel1Login_NTLMLogin()
    r["ORPCthis"] = this()
    r["wszNetworkResource"], r["wszPreferredLocale"] = "//./root/cimv2\0", NULL
    r["lFlags"], r["pCtx"] = 0, NULL
    (event,) = ask("wbem_login", 6, r.getData())
    assert fields(event, "method", "object") == ("NTLMLogin", "//./root/cimv2")
    r = wmi.IWbemServices_ExecQuery()
    r["ORPCthis"] = this()
    bstr(r, "strQueryLanguage", "WQL")
    bstr(r, "strQuery", "SELECT * FROM Win32_Service")
    r["lFlags"], r["pCtx"] = 0, NULL
    (event,) = ask("wbem_services", 20, r.getData())
    assert fields(event, "method", "object") == ("ExecQuery", "SELECT * FROM Win32_Service")


@pytest.mark.parametrize(
    ("path", "shell"),
    [("Win32_Process", True), ("\\\\DC1\\root\\cimv2:Win32_Process", True), ("StdRegProv", False)],
)
def test_wmi_method(path, shell):
    r = wmi.IWbemServices_ExecMethod()
    r["ORPCthis"] = this()
    bstr(r, "strObjectPath", path)
    bstr(r, "strMethodName", "Create")
    for name in ("pCtx", "pInParams", "ppOutParams", "ppCallResult"):
        r[name] = NULL
    r["lFlags"] = 0
    call, *more = ask("wbem_services", 24, r.getData())
    assert fields(call, "method", "object") == ("ExecMethod", f"{path}.Create")
    assert [event.kind for event in more] == (["wmi"] if shell else [])


def test_sealed_wmi_method_is_a_shell_of_unknown_content():
    call, shell = ask("wbem_services", 24)
    assert fields(call, "method", "object", "encrypted") == ("ExecMethod", None, True)
    assert fields(shell, "kind", "script", "encrypted") == ("wmi", None, True)


@pytest.mark.data
def test_real_activation_and_method(atp_data):
    """SharpWMI on Windows: activation with integrity, then WMI; a process it starts is a shell."""
    folder = atp_data / "pcap/OTRF+Security-Datasets"
    (path,) = folder.glob("*covenant_sharpwmi_create*")
    events = []
    read_capture(path, events.append)
    calls = {e.method: e.object for e in events if hasattr(e, "opnum")}
    assert calls["RemoteCreateInstance"] == "WbemLevel1Login"
    assert calls["NTLMLogin"] == "\\\\WORKSTATION6\\root\\cimv2"
    assert [e.kind for e in events if type(e).__struct_config__.tag == "remote_shell"] == ["wmi"]


@pytest.mark.data
def test_real_driver_install(atp_data):
    """A driver from another machine, over MS-PAR with packet integrity or in clear."""
    path = atp_data / "pcap/OISF+suricata-verify/tests__smb-dce_iface__input.pcap"
    events = []
    read_capture(path, events.append)
    (event,) = [e for e in events if type(e).__struct_config__.tag == "driver_install"]
    assert (event.unc, event.outcome) == ("\\\\ws02.cylera.lab\\security\\mimilib.dll", "denied")


@pytest.mark.data
def test_real_join_makes_an_account(atp_data):
    path = atp_data / "pcap/odedshimon+BruteShark/Pcap_Examples__Kerberos_-_v5_UDP.pcap"
    events = []
    read_capture(path, events.append)
    changes = [e for e in events if type(e).__struct_config__.tag == "account_change"]
    account = "S-1-5-21-1482314447-3272439604-2899858960-1105"
    assert [(e.actor, e.account, e.action) for e in changes] == [
        ("Administrator", f"localadmember$|{account}", "created"),
        ("Administrator", account, "changed"),
        ("Administrator", account, "password_reset"),
    ]

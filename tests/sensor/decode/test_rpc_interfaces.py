"""Tables of interfaces and methods, beside impacket's numbering of the same specifications."""

from __future__ import annotations

import importlib
import inspect

import pytest

from dsl.schema import enums
from sensor.decode import rpc_interfaces
from sensor.decode.rpc import stub_readers
from sensor.decode.rpc_methods import METHODS

MODULES = {
    "atsvc": "atsvc", "bkrp": "bkrp", "drsuapi": "drsuapi", "dssp": "dssetup", "epm": "epmapper",
    "even": "eventlog", "even6": "even6", "icpr": "icpr", "lsad": "lsarpc", "lsat": "lsarpc",
    "nrpc": "netlogon", "nspi": "nspi", "par": "par", "rprn": "spoolss", "rrp": "winreg",
    "samr": "samr", "sasec": "sasec", "scmr": "svcctl", "srvs": "srvsvc", "tsch": "itask",
    "wkst": "wkssvc",
}  # fmt: skip


@pytest.mark.parametrize("module", sorted(MODULES))
def test_methods_have_impackets_numbers(module):
    impacket = importlib.import_module(f"impacket.dcerpc.v5.{module}")
    compared = 0
    for name, call in inspect.getmembers(impacket, inspect.isclass):
        opnum = vars(call).get("opnum")
        if call.__module__ == impacket.__name__ and isinstance(opnum, int):
            ours = rpc_interfaces.method_of(MODULES[module], opnum)
            assert ours is not None, f"{module} {opnum} {name}"
            assert ours.lower() == name.lower()
            compared += 1
    assert compared


def test_every_word_of_the_schema_has_a_uuid():
    words = set(rpc_interfaces._UUIDS.values())
    assert set(enums.RPC_INTERFACE) - words - {"unknown", "sasec"} <= set()
    # of interfaces that only Exchange and address books speak
    assert words - set(enums.RPC_INTERFACE) == {"nspi", "exchange_mapi"}


def test_methods_belong_to_interfaces():
    assert set(METHODS) <= set(rpc_interfaces._UUIDS.values())
    assert set(stub_readers()) <= set(METHODS)
    assert set(rpc_interfaces._PIPES.values()) <= set(rpc_interfaces._UUIDS.values())


@pytest.mark.parametrize("big", [False, True])
def test_uuid_in_both_orders(big):
    raw = bytes.fromhex("354251e3064bd111ab0400c04fc2dcd2")
    if big:
        raw = bytes.fromhex("e35142354b0611d1ab0400c04fc2dcd2")
    uuid = "e3514235-4b06-11d1-ab04-00c04fc2dcd2"
    assert rpc_interfaces.interface_of(raw, big=big) == ("drsuapi", uuid)


def test_what_has_no_name_keeps_its_number():
    other = "00112233-4455-6677-8899-aabbccddeeff"
    raw = bytes.fromhex(other.replace("-", ""))
    assert rpc_interfaces.interface_of(raw, big=True) == (other, other)
    assert rpc_interfaces.method_of("samr", 4) is None
    assert rpc_interfaces.method_of("samr", 9_999) is None
    assert rpc_interfaces.method_of(other, 0) is None

"""Which RPC interface a UUID names, and which a named pipe stands for; tables only.

A row is a UUID and the word of `enums.RPC_INTERFACE`; a UUID that is not here stays text, so that
nothing seen is lost. Methods are in `sensor.decode.rpc_methods`. References: C706 appendix, the
interface sections of MS-RPCE, MS-SAMR, MS-LSAD, MS-DRSR, MS-NRPC, MS-SRVS, MS-SCMR, MS-TSCH,
MS-WMI, MS-DCOM, MS-EFSR, MS-RPRN, MS-PAR, MS-DFSNM, MS-FSRVP, MS-ICPR, MS-BKRP, MS-RRP, MS-EVEN.
"""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Final

from sensor.decode.rpc_methods import METHODS

_UUIDS: Final[dict[str, str]] = {
    "e3514235-4b06-11d1-ab04-00c04fc2dcd2": "drsuapi",
    "12345778-1234-abcd-ef00-0123456789ac": "samr",
    "12345778-1234-abcd-ef00-0123456789ab": "lsarpc",
    "12345678-1234-abcd-ef00-01234567cffb": "netlogon",
    "4b324fc8-1670-01d3-1278-5a47bf6ee188": "srvsvc",
    "367abb81-9844-35f1-ad32-98f038001003": "svcctl",
    "1ff70682-0a51-30e8-076d-740be8cee98b": "atsvc",
    "378e52b0-c0a9-11cf-822d-00aa0051e40f": "sasec",
    "86d35949-83c9-4044-b424-db363231fd0c": "itask",
    "9556dc99-828c-11cf-a37e-00aa003240c7": "wbem_services",
    "f309ad18-d86a-11d0-a075-00c04fb68820": "wbem_login",
    "d4781cd6-e5d3-44df-ad94-930efe48a887": "wbem_login",
    "df1941c5-fe89-4e79-bf10-463657acf44d": "efsrpc",
    "c681d488-d850-11d0-8c52-00c04fd90f7e": "efsrpc_lsarpc",
    "12345678-1234-abcd-ef00-0123456789ab": "spoolss",
    "76f03f96-cdfd-44fc-a22c-64950a001209": "par",
    "4fc742e0-4a10-11cf-8273-00aa004ae673": "netdfs",
    "91ae6020-9e3c-11cf-8d7c-00aa00c091be": "icpr",
    "3dde7c30-165d-11d1-ab8f-00805f14db40": "bkrp",
    "338cd001-2244-31f1-aaaa-900038001003": "winreg",
    "e1af8308-5d1f-11c9-91a4-08002b14a0fa": "epmapper",
    "4d9f4ab8-7d1c-11cf-861e-0020af6e7c57": "dcom_activation",
    "000001a0-0000-0000-c000-000000000046": "dcom_activation",
    "99fcfec4-5260-101b-bbcb-00aa0021347a": "oxid_resolver",
    "00000131-0000-0000-c000-000000000046": "remunknown",
    "00000143-0000-0000-c000-000000000046": "remunknown",
    "82273fdc-e32a-18c3-3f78-827929dc23ea": "eventlog",
    "f6beaff7-1e19-4fbb-9f8f-b89e2018337c": "even6",
    "6bffd098-a112-3610-9833-46c3f87e345a": "wkssvc",
    "50abc2a4-574d-40b3-9d66-ee4fd5fba076": "dnsserver",
    "f5cc59b4-4264-101a-8c59-08002b2f8426": "frsrpc",
    "d049b186-814f-11d1-9a3c-00c04fc9b232": "frsrpc",
    "897e2e5f-93f3-4376-9c9c-fd2277495c27": "frstrans",
    "3919286a-b10c-11d0-9ba8-00c04fd92ef5": "dssetup",
    "afa8bd80-7d8a-11c9-bef4-08002b102989": "mgmt",
    "6bffd098-a112-3610-9833-012892020162": "browser",
    "a8e0653c-2744-4389-a61d-7373df8b2292": "fsrvp",
    "894de0c0-0d55-11d3-a322-00c04fa321a1": "initshutdown",
    "17fdd703-1827-4e34-79d4-24a55c53bb37": "msgsvc",
    "5a7b91f8-ff00-11d0-a9b2-00c04fb6e6fc": "msgsvc",
    "8d9f4e40-a03d-11ce-8f69-08003e30051b": "ntsvcs",
    "8fb6d884-2388-11d0-8c35-00c04fda2795": "w32time",
    "4da1c422-943d-11d1-acae-00c04fc2aa3f": "trksvr",
    "300f3532-38cc-11d0-a3f0-0020af6b0add": "trkwks",
    "8d0ffe72-d252-11d0-bf8f-00c04fd9126b": "keysvc",
    "ccd8c074-d0e5-4a40-92b4-d074faa6ba28": "witness",
    "3c4728c5-f0ab-448b-bda1-6ce01eb0a6d5": "dhcpcsvc",
    "f5cc5a18-4264-101a-8c59-08002b2f8426": "nspi",
    "a4f1db00-ca47-1067-b31f-00dd010662da": "exchange_mapi",
}

NDR64: Final = uuid.UUID("71710533-beba-4937-8319-b5dbef9ccc36").bytes_le
"""Transfer syntax with 8-byte pointers and counts (MS-RPCE 2.2.4.12)."""
FEATURES: Final = uuid.UUID("6cb71c2c-9812-4540-0000-000000000000").bytes_le[:8]
"""First half of the bind-time feature pseudo-syntax (MS-RPCE 3.3.1.5.3): no real context."""

_PIPES: Final[dict[str, str]] = {
    "samr": "samr",
    "netlogon": "netlogon",
    "srvsvc": "srvsvc",
    "svcctl": "svcctl",
    "drsuapi": "drsuapi",
    "winreg": "winreg",
    "wkssvc": "wkssvc",
    "spoolss": "spoolss",
    "netdfs": "netdfs",
    "efsrpc": "efsrpc",
    "eventlog": "eventlog",
    "epmapper": "epmapper",
    "fssagentrpc": "fsrvp",
    "initshutdown": "initshutdown",
    "browser": "browser",
    "w32time": "w32time",
    "keysvc": "keysvc",
}
"""Pipes that clients use for one interface. Not here: lsarpc and lsass (also EFSR, DSSP),
atsvc (also SASec, TSCH), protected_storage, and every other name."""


@lru_cache(maxsize=1024)
def interface_of(raw: bytes, *, big: bool) -> tuple[str, str]:
    """(word or UUID text, UUID text) for the 16 bytes of a UUID in the peer's byte order."""
    text = str(uuid.UUID(bytes=raw) if big else uuid.UUID(bytes_le=raw))
    return _UUIDS.get(text, text), text


def interface_of_pipe(name: str) -> str:
    """The interface that calls in this pipe surely belong to, else `unknown`."""
    return _PIPES.get(name.rpartition("\\")[2].lower(), "unknown")


def method_of(interface: str, opnum: int) -> str | None:
    """Name of a method as its specification spells it, None when it is in no table."""
    methods = METHODS.get(interface)
    if methods is None or opnum >= len(methods):
        return None
    return methods[opnum] or None

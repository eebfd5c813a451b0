"""The checks of Suricata's own tests (test.yaml, test.rules), counted in our events.

A check says how many of Suricata's events (or alerts of a rule) match a filter. It is compared where
filter and rule speak of what our events carry; else the finding says so, for agreement.yaml to
accept. Suricata logs each Kerberos message, we an exchange: its AS-REQ is our event, its AS-REP an
event with a ticket, its KRB-ERROR one with a result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

Test = Callable[[Any], bool]
CALLS = ("RpcCall", "SamrQuery", "Replication", "NetlogonSecure", "ServiceInstall", "TaskCreate", "DriverInstall", "NtlmAuth")  # fmt: skip
INTERFACES = {
    "367abb81-9844-35f1-ad32-98f038001003": "svcctl", "12345678-1234-abcd-ef00-01234567cffb": "netlogon",
    "12345678-1234-abcd-ef00-0123456789ab": "spoolss", "e1af8308-5d1f-11c9-91a4-08002b14a0fa": "epmapper",
}  # fmt: skip
ETYPES = {
    "rc4-hmac": "rc4_hmac", "23": "rc4_hmac", "weak": "rc4_hmac", "<none>": None,
    "aes256-cts-hmac-sha1-96": "aes256", "aes128-cts-hmac-sha1-96": "aes128",
}  # fmt: skip
SCOPES = {0: "base", 1: "one", 2: "subtree"}


class NotComparable(Exception):
    """The check speaks of what our events do not carry."""


def kind(event: Any) -> str:
    return type(event).__name__


def text_is(value: object, wanted: object) -> bool:
    if wanted in ("<empty>", "<none>"):
        return value is None or value == ""
    return str(value).lower() == str(wanted).lower()


def call_of(interface: str | None) -> Test:
    """A call of this interface; events of their own type stand for some interfaces."""
    own = {"samr": "SamrQuery", "drsuapi": "Replication", "netlogon": "NetlogonSecure", "svcctl": "ServiceInstall"}  # fmt: skip
    return lambda e: (
        (
            (kind(e) in CALLS and getattr(e, "method", None) is not None)
            or kind(e) == "RpcCall"
            or kind(e) == own.get(interface or "")
        )
        and (interface is None or getattr(e, "interface", interface) == interface)
    )


def krb5(match: dict[str, object]) -> list[Test]:
    message = match.get("krb5.msg_type")
    failed = match.get("krb5.failed_request")
    tests: list[Test] = []
    if message in ("KRB_AS_REQ", "KRB_AS_REP") or failed == "KRB_AS_REQ":
        tests.append(lambda e: kind(e) == "KerberosAs")
    else:
        tests.append(lambda e: kind(e) == "KerberosTgs")
    if message in ("KRB_AS_REP", "KRB_TGS_REP"):
        tests.append(lambda e: e.ticket_size is not None)
    if message == "KRB_ERROR":
        tests.append(lambda e: e.result not in (None, "none"))
    if code := match.get("krb5.error_code"):
        word = str(code).removeprefix("KDC_ERR_").lower()
        tests.append(lambda e: e.result == word)
    asked = message in ("KRB_AS_REQ", "KRB_AS_REP")
    if (cname := match.get("krb5.cname")) and asked:
        tests.append(lambda e: text_is(e.account_name, cname))
    if (realm := match.get("krb5.realm")) and asked:
        tests.append(lambda e: text_is(e.realm, realm))
    if sname := match.get("krb5.sname"):
        tests.append(lambda e: text_is(e.service, sname))
    if etype := match.get("krb5.ticket_encryption"):
        tests.append(lambda e: e.etype == ETYPES.get(str(etype), etype))
    return tests


def dcerpc(match: dict[str, object]) -> list[Test]:
    if match.get("dcerpc.request") in ("BIND", "ALTER_CONTEXT"):
        uuid = match.get("dcerpc.interfaces[0].uuid")
        return [lambda e: kind(e) == "RpcBind" and uuid in (None, e.uuid)]
    if match.get("dcerpc.request") == "REQUEST_LOST":
        raise NotComparable
    tests: list[Test] = []
    interface = match.get("dcerpc.interfaces[0].service")
    if uuid := match.get("dcerpc.interfaces[0].uuid"):
        interface = INTERFACES.get(str(uuid))
    named = {k for k in match if k.startswith("dcerpc.")} - {"dcerpc.call_id"}
    if not named:
        return [lambda e: kind(e) == "RpcBind" or call_of(None)(e)]
    tests.append(call_of(None if interface is None else str(interface)))
    if procedure := match.get("dcerpc.interfaces[0].procedure"):
        # MS-SCMR writes an R before the names that others use
        tests.append(lambda e: getattr(e, "method", None) in (procedure, f"R{procedure}"))
    if (opnum := match.get("dcerpc.req.opnum")) is not None:
        tests.append(lambda e: getattr(e, "opnum", None) == opnum)
    if "dcerpc.call_id" in match:
        raise NotComparable
    return tests


def asks(attribute: str) -> Test:
    return lambda e: attribute.lower() in (e.attributes or [])


def ldap(match: dict[str, object]) -> list[Test]:
    operation = match.get("ldap.request.operation")
    if operation == "search_request":
        head = "ldap.request.search_request."
        tests: list[Test] = [lambda e: kind(e) == "LdapSearch"]
        if (base := match.get(head + "base_object")) is not None:
            tests.append(lambda e: e.base == base)
        if (scope := match.get(head + "scope")) is not None:
            tests.append(lambda e: e.scope == SCOPES[int(str(scope))])
        asked = [match.get(f"{head}attributes[{at}]") for at in range(3)]
        return [*tests, *(asks(str(attribute)) for attribute in asked if attribute)]
    changes = {"add_request": "entry", "modify_request": "object", "del_request": "dn", "mod_dn_request": "entry"}  # fmt: skip
    if operation in changes:
        name = match.get(f"ldap.request.{operation}.{changes[str(operation)]}")
        return [lambda e: kind(e) == "DirectoryChange" and text_is(e.object, name)]
    raise NotComparable


def smb(match: dict[str, object]) -> list[Test]:
    if "smb.rename.from" in match:
        return [lambda e: kind(e) == "SmbFile" and e.action == "rename"]
    if match.get("smb.access") == "delete on close":
        name = match.get("smb.filename")
        return [lambda e: kind(e) == "SmbFile" and e.action == "delete" and text_is(e.path, name)]
    raise NotComparable


def rule(path: Path, sid: object) -> list[Test]:
    """The rule of test.rules with this number, if we can say it."""
    text = path.with_name("test.rules").read_text(encoding="utf-8") if path.with_name("test.rules").exists() else ""  # fmt: skip
    line = next((row for row in text.splitlines() if re.search(rf"sid:\s*{sid};", row)), "")
    words = dict(re.findall(r"([\w.]+):\s*\"?([^;\"]+)\"?;", line))
    words.update((word, "") for word in re.findall(r"[;(]\s*([\w.]+);", line))
    known = {
        "msg",
        "flow",
        "sid",
        "rev",
        "classtype",
        "requires",
        "startswith",
        "endswith",
        "content",
    }
    tests: list[Test] = []
    if "dcerpc.iface" in words or "dcerpc.opnum" in words:
        uuid = words.get("dcerpc.iface")
        tests.append(call_of(None if uuid is None else INTERFACES.get(uuid, uuid)))
        if "dcerpc.opnum" in words:
            opnum = int(words["dcerpc.opnum"])
            tests.append(lambda e: getattr(e, "opnum", None) == opnum)
        known |= {"dcerpc.iface", "dcerpc.opnum"}
    elif "krb5_msg_type" in words:
        wanted = {"10": "KerberosAs", "12": "KerberosTgs"}[words["krb5_msg_type"]]
        tests.append(lambda e: kind(e) == wanted)
        known.add("krb5_msg_type")
    elif "krb5_err_code" in words:
        wanted = words["krb5_err_code"]
        tests.append(
            lambda e: (
                kind(e) in ("KerberosAs", "KerberosTgs")
                and e.result not in (None, "none")
                and (wanted == "!0" or e.result == {"25": "preauth_required"}[wanted])
            )
        )
        known.add("krb5_err_code")
    elif "krb5.ticket_encryption" in words:
        etype = ETYPES[words["krb5.ticket_encryption"]]
        tests.append(lambda e: kind(e) == "KerberosTgs" and e.etype == etype)
        known.add("krb5.ticket_encryption")
    elif words.get("ldap.request.operation") in ("3", "search_request"):
        tests.append(lambda e: kind(e) == "LdapSearch")
        known.add("ldap.request.operation")
    elif "ldap.request.dn" in words:
        tests.append(lambda e: kind(e) == "LdapSearch" and e.base == words["content"])
        known.add("ldap.request.dn")
    elif "ldap.request.attribute_type" in words:
        tests.append(lambda e: kind(e) == "LdapSearch" and words["content"] in e.attributes)
        known.add("ldap.request.attribute_type")
    elif "smb_named_pipe" in words:
        tests.append(lambda e: kind(e) == "SmbFile" and words["content"] in (e.share or ""))
        known.add("smb_named_pipe")
    if not tests or set(words) - known:
        raise NotComparable
    return tests


def tests_of(path: Path, match: dict[str, object]) -> list[Test]:
    family = match.get("event_type")
    if family == "alert":
        return rule(path, match.get("alert.signature_id"))
    families = {"krb5": krb5, "dcerpc": dcerpc, "ldap": ldap, "smb": smb}
    if family not in families:
        raise NotComparable
    return families[str(family)](match)


def compare(path: Path, events: list[Any]) -> Iterator[tuple[str, bool, str]]:
    """(what, equal, detail) of every check."""
    for check in yaml.safe_load(path.read_text(encoding="utf-8")).get("checks") or ():
        if "filter" not in check:
            continue
        match = check["filter"]["match"]
        what = f"{path.parent.name}/{match.get('event_type', 'any')}"
        said = ", ".join(f"{k.rpartition('.')[2]}={v}" for k, v in match.items() if k != "event_type")[:140]  # fmt: skip
        try:
            tests = tests_of(path, match)
        except NotComparable:
            yield what, False, f"not comparable: {said}"
            continue
        count = sum(all(test(event) for test in tests) for event in events)
        wanted = check["filter"]["count"]
        yield what, count == wanted, f"suricata {wanted} ours {count}: {said}"

"""Rows of Zeek's logs paired with our events, column by column.

A row is paired with the not yet paired event of its kind, addresses, ports and key columns that
agrees best. Not compared, for our events do not carry them: uid, fuid, times (baselines hide them),
message and transaction numbers, Kerberos' forwardable and renewable, files' sizes and times, and
LDAP's diagnostic text. What Zeek's authors replaced (X…, REDACTED, x…) is not compared either.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zeeklog

ETYPES = {
    "des-cbc-crc": "des_cbc_crc", "des-cbc-md5": "des_cbc_md5", "des3-cbc-sha1": "des3_cbc_sha1",
    "aes128-cts-hmac-sha1-96": "aes128", "aes256-cts-hmac-sha1-96": "aes256", "rc4-hmac": "rc4_hmac",
    "arcfour-hmac-md5": "rc4_hmac",
}  # fmt: skip
SCOPES = {"base": "base", "single": "one", "tree": "subtree"}
ERRORS = {  # Zeek uses the words of several implementations
    "ticket not renewable": "badoption", "client_not_found": "c_principal_unknown", "client expired": "name_exp",
    "client key expired": "key_expired", "cant_find_client_key": "etype_nosupp", "preauth_failed": "bad_integrity",
    "locked_out": "client_revoked", "server_not_found": "s_principal_unknown",
}  # fmt: skip
LDAP_RESULTS = {
    "success": 0, "operations error": 1, "protocol error": 2, "size limit exceeded": 4, "sasl bind in progress": 14, "no such object": 32,
    "invalid credentials": 49, "insufficient access rights": 50, "unwilling to perform": 53, "entry already exists": 68, "referral": 10,
}  # fmt: skip
Get = Callable[[Any], object]
Want = Callable[[str], object]


def low(value: object) -> object:
    return None if value is None else str(value).lower()


def same(text: str) -> object:
    return text.lower()


@dataclass
class Column:
    """Our value of an event, and how Zeek's text becomes one to compare with it."""

    ours: Get
    want: Want = same


@dataclass
class Log:
    """`kinds`: event types (class names) that stand for a row; `key` columns must be equal."""

    kinds: Callable[[dict[str, str | None]], tuple[str, ...]]
    key: tuple[str, ...]
    columns: dict[str, Column]


def attribute(name: str) -> Get:
    return lambda event: low(getattr(event, name, None))


def user(event: Any) -> object:
    """The name alone of `DOMAIN\\name` or `name@REALM`."""
    account = event.account or ""
    return low(account.rpartition("\\")[2].partition("@")[0]) or None


def user_domain(event: Any) -> object:
    account = event.account or ""
    return low(account.partition("\\")[0]) if "\\" in account else None


def kerberos_error(text: str) -> object:
    word = re.sub(r"^(kdc|krb_ap)_err_", "", text.lower())
    return ERRORS.get(word, word)


def ldap_result(event: Any) -> object:
    """A directory change has the outcome only."""
    return getattr(event, "result", 0 if event.outcome == "success" else None)


def ldap_wanted(text: str) -> object:
    return LDAP_RESULTS.get(text.lower(), text)


def client(event: Any) -> object:
    if type(event).__name__ == "KerberosAs":
        return low(f"{event.account_name or ''}/{event.realm or ''}")
    return low((event.account or "").replace("@", "/")) or None


def success(event: Any) -> object:
    return event.outcome == "success"


def share(event: Any) -> object:
    return low((event.share or "").rstrip("\\"))


def scalar(text: str) -> object:
    return int(float(text))


def always(*kinds: str) -> Callable[[dict[str, str | None]], tuple[str, ...]]:
    return lambda row: kinds


def kerberos(row: dict[str, str | None]) -> tuple[str, ...]:
    return ("KerberosAs",) if row["request_type"] == "AS" else ("KerberosTgs", "KerberosAp")


def pipe(text: str) -> object:
    return text.lower().replace("\\pipe\\", "").lstrip("\\")


def flat_filter(text: object) -> object:
    """Without spaces, and with an AND inside an AND opened: Zeek nests one of three."""
    if text is None:
        return None
    found = re.sub(r"\s+", "", str(text)).lower()
    for operator in "&|":
        start = found.find(f"({operator}({operator}(")
        while start >= 0:
            depth = 0
            for at in range(start + 2, len(found)):
                depth += (found[at] == "(") - (found[at] == ")")
                if depth == 0:
                    found = found[: start + 2] + found[start + 4 : at] + found[at + 1 :]
                    break
            else:
                return found
            start = found.find(f"({operator}({operator}(")
    return found


LOGS: dict[str, Log] = {
    "kerberos": Log(
        kerberos,
        (),
        {
            "client": Column(client),
            "service": Column(attribute("service"), same),
            "success": Column(success, lambda t: t == "T"),
            "error_msg": Column(attribute("result"), kerberos_error),
            "cipher": Column(attribute("etype"), lambda t: ETYPES.get(t, t)),
            "till": Column(
                lambda e: None if getattr(e, "till", None) is None else e.till // 1_000_000, scalar
            ),
        },
    ),
    "ntlm": Log(
        always("NtlmAuth"),
        ("username",),
        {
            "username": Column(user),
            "hostname": Column(attribute("workstation")),
            "domainname": Column(user_domain),
            "success": Column(success, lambda t: t == "T"),
        },
    ),
    "smb_files": Log(
        always("SmbFile"),
        ("name", "action"),
        {
            "action": Column(
                attribute("action"), lambda t: t.lower().rpartition("_")[2].replace("close", "open")
            ),
            "path": Column(share, lambda t: t.lower().rstrip("\\")),
            "name": Column(
                lambda e: low((e.path or "").strip("\\")),
                lambda t: "" if t == "<share_root>" else t.lower().strip("\\"),
            ),
        },
    ),
    "dce_rpc": Log(
        always("RpcCall", "SamrQuery", "Replication", "NetlogonSecure", "ServiceInstall", "TaskCreate", "NtlmAuth", "DriverInstall"),
        ("operation",),
        {
            "named_pipe": Column(lambda e: low(getattr(e, "pipe", None) or str(e.dst_port)), pipe),
            "endpoint": Column(attribute("interface")),
            "operation": Column(attribute("method")),
        },
    ),
    "ldap": Log(
        always("LdapBind", "DirectoryChange", "LdapSearch"),
        (),
        {
            "result": Column(ldap_result, ldap_wanted),
            "object": Column(
                lambda e: low(getattr(e, "bind_name", None) or getattr(e, "object", None) or "")
            ),
        },
    ),
    "ldap_search": Log(
        always("LdapSearch"),
        ("base_object", "filter"),
        {
            "scope": Column(attribute("scope"), lambda t: SCOPES[t]),
            "base_object": Column(attribute("base")),
            "result_count": Column(lambda e: e.returned_count, scalar),
            "result": Column(ldap_result, ldap_wanted),
            "filter": Column(lambda e: flat_filter(e.filter), flat_filter),
            "attributes": Column(
                lambda e: ",".join(sorted(e.attributes or [])),
                lambda t: ",".join(sorted(t.lower().split(","))),
            ),
        },
    ),
    "dns": Log(
        always("DnsQuery"),
        (),
        {
            "proto": Column(attribute("transport")),
            "query": Column(attribute("query")),
            "qtype_name": Column(attribute("qtype")),
            "rcode_name": Column(attribute("rcode")),
            "answers": Column(lambda e: e.answers, lambda t: len(t.split(","))),
        },
    ),
}  # fmt: skip


def log_of(path: Path) -> str | None:
    """Which of our logs a file is, by its name (`ntlm.log`, `krb.ldap_search.log`, `x.log.cut`)."""
    if "zeek" not in str(path):
        return None
    match = re.search(r"(?:^|\.)([a-z_]+)\.log(?:\.\w+)?$", path.name)
    return match[1] if match and match[1] in LOGS else None


def is_set(value: str | None) -> bool:
    return value not in (None, "-", "", "(empty)", "REDACTED") and not re.match(
        r"x{3}", value, re.IGNORECASE
    )


def ends_of(event: Any) -> tuple[object, ...]:
    return (event.src_ip, event.src_port, event.dst_ip, event.dst_port)


def compare(log: str, path: Path, events: list[Any]) -> Iterator[tuple[str, bool, str]]:
    """(what, equal, detail) of every set column of every row; a row without event is one."""
    spec = LOGS[log]
    by_kind = defaultdict(list)
    for event in events:
        by_kind[type(event).__name__].append(event)
    used: set[int] = set()
    for row in zeeklog.rows(path):
        ends = [row.get(c) for c in ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")]
        told = {
            name: (column, column.want(str(row[name])))
            for name, column in spec.columns.items()
            if is_set(row.get(name))
        }
        here = [
            event
            for kind in spec.kinds(row)
            for event in by_kind[kind]
            if id(event) not in used
            and (not all(ends) or [str(v) for v in ends_of(event)] == ends)
            and all(told[k][0].ours(event) == told[k][1] for k in spec.key if k in told)
        ]
        if not here:
            yield log, False, "no event for " + " ".join(str(row.get(c)) for c in row if is_set(row.get(c)) and c not in ("ts", "uid"))[:160]  # fmt: skip
            continue
        event = max(here, key=lambda e: sum(c.ours(e) == want for c, want in told.values()))
        used.add(id(event))
        for name, (column, want) in told.items():
            ours = column.ours(event)
            yield f"{log}.{name}", ours == want, f"zeek {want!r} ours {ours!r}"

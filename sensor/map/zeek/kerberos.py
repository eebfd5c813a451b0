"""kerberos.log -> `kerberos_as`, `kerberos_tgs`, `kerberos_ap`.

Zeek merges a request that was answered by PREAUTH_REQUIRED with the next of its connection, and
writes the error's text where the KDC gave one (MIT), else the name of RFC 4120. In a row of an
AP-REQ the client is not known. Two of the KDC options are logged: none are told, for the list would
look whole. Reference: base/protocols/krb, policy/protocols/krb/ticket-logging.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dsl.schema.enums import KERBEROS_ERROR
from dsl.schema.kerberos import KerberosAp, KerberosAs, KerberosTgs
from sensor.map import kdc
from sensor.map.zeek_row import micros

if TYPE_CHECKING:
    from dsl.schema.base import Event
    from sensor.map.zeek_row import Row

PATH: Final = "kerberos"
MARKS: Final = (frozenset({"request_type"}),)
_PREFIX: Final = re.compile(r"^(KDC_ERR_|KRB_AP_ERR_|KRB_ERR_|KRB_AP_)")
_WORDS: Final = frozenset(KERBEROS_ERROR.values())
_MIT: Final[dict[str, str]] = {
    "TICKET NOT RENEWABLE": "badoption",
    "CLIENT_NOT_FOUND": "c_principal_unknown",
    "CLIENT EXPIRED": "name_exp",
    "CLIENT KEY EXPIRED": "key_expired",
    "CANT_FIND_CLIENT_KEY": "etype_nosupp",
    "LOCKED_OUT": "client_revoked",
    "SERVER_NOT_FOUND": "s_principal_unknown",
    "NEEDED_PREAUTH": "preauth_required",
    "PREAUTH_FAILED": "preauth_failed",
}
"""What MIT's KDC says in e-text."""
_ETYPES: Final[dict[str, str]] = {
    "des-cbc-crc": "des_cbc_crc", "des-cbc-md4": "des_cbc_md4", "des-cbc-md5": "des_cbc_md5",
    "des3-cbc-sha1": "des3_cbc_sha1", "des3-cbc-sha1-kd": "des3_cbc_sha1",
    "aes128-cts-hmac-sha1-96": "aes128", "aes256-cts-hmac-sha1-96": "aes256",
    "aes128-cts-hmac-sha256-128": "aes128_sha256", "aes256-cts-hmac-sha384-192": "aes256_sha384",
    "rc4-hmac": "rc4_hmac", "rc4-hmac-exp": "rc4_hmac_exp",
    "camellia128-cts-cmac": "camellia128", "camellia256-cts-cmac": "camellia256",
}  # fmt: skip


def events(row: Row) -> list[Event]:
    """The event of a row."""
    kind = row.text("request_type")
    name, _, realm = (row.text("client") or "").rpartition("/")
    service, result = row.text("service"), _result(row)
    # older KDCs refuse a timestamp under the wrong key so
    outcome = "wrong_password" if (kind, result) == ("AS", "bad_integrity") else kdc.outcome(result)
    outcome = outcome or "unknown"
    etype = _etype(row.text("cipher"))
    if kind == "AS":
        return [
            KerberosAs(
                **row.common("kerberos"), account_name=name, realm=realm, service=service,
                result=result, outcome=outcome, etype=etype,
                till=micros(row.text("till")) or None, ticket_hash=_hash(row, "new_ticket_sha256"),
            )
        ]  # fmt: skip
    if kind == "TGS":
        return [
            KerberosTgs(
                **row.common("kerberos"), account=f"{name}@{realm}" if name else None, realm=realm,
                service=service, service_class=kdc.service_class(service), result=result,
                outcome=outcome, etype=etype,
                ticket_hash=_hash(row, "new_ticket_sha256"),
                tgt_hash=_hash(row, "auth_ticket_sha256"),
            )
        ]  # fmt: skip
    if kind == "AP":
        return [
            KerberosAp(
                **row.common("kerberos"), service=service, result=result, outcome=outcome,
                etype=etype, ticket_hash=_hash(row, "auth_ticket_sha256"),
            )
        ]  # fmt: skip
    return []


def _result(row: Row) -> str | None:
    error = row.text("error_msg")
    if error is None:
        return "none" if row.flag("success") else None
    known = _MIT.get(error)
    if known is not None:
        return known
    word = _PREFIX.sub("", error).lower()
    return word if word in _WORDS else "generic"


def _etype(cipher: str | None) -> str | None:
    return None if cipher is None else _ETYPES.get(cipher.lower(), cipher.lower()[:40])


def _hash(row: Row, name: str) -> bytes | None:
    try:
        found = bytes.fromhex(row.text(name) or "")
    except ValueError:
        return None
    return found if len(found) == 32 else None

"""Numbers of the KDC's audit records (4768 to 4771) -> words of the event schema. Pure tables.

Reference: RFC 4120 §5.4.1 (KDCOptions), §7.5.9 (errors), RFC 3961 (etypes); Windows security
auditing, events 4768 (version 2: advertised etypes and ticket hashes) and 4769.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from dsl.schema import enums

CNAME_IN_ADDL_TKT: Final = 14
ENC_TKT_IN_SKEY: Final = 28
_OUTCOME: Final[dict[str, str]] = {
    "none": "success",
    "name_exp": "expired",
    "c_principal_unknown": "no_such_user",
    "policy": "restricted",
    "badoption": "denied",  # what a refused delegation gets
    "client_revoked": "disabled",  # or locked, or expired: the record does not tell
    "tgt_revoked": "denied",
    "client_notyet": "restricted",
    "key_expired": "expired",
    "preauth_failed": "wrong_password",
    "preauth_required": "continue",
    "response_too_big": "continue",
    "client_not_trusted": "denied",
    "certificate_mismatch": "denied",
    "wrong_realm": "continue",  # a referral
    "cant_verify_certificate": "denied",
    "invalid_certificate": "denied",
    "revoked_certificate": "denied",
    "client_name_mismatch": "denied",
    "preauth_expired": "continue",
    "more_preauth_data_required": "continue",
}
"""As the decoder of the protocol reads the same errors; others say nothing of the account."""
_ETYPE_NAME: Final[dict[str, str]] = {
    "AES256-CTS-HMAC-SHA1-96": "aes256",
    "AES128-CTS-HMAC-SHA1-96": "aes128",
    "AES256-CTS-HMAC-SHA384-192": "aes256_sha384",
    "AES128-CTS-HMAC-SHA256-128": "aes128_sha256",
    "RC4-HMAC-NT": "rc4_hmac",
    "RC4-HMAC-NT-EXP": "rc4_hmac_exp",
    "RC4-HMAC-OLD": "rc4_hmac_old",
    "RC4-HMAC-OLD-EXP": "rc4_hmac_old_exp",
    "RC4-MD4": "rc4_md4",
    "DES-CBC-MD5": "des_cbc_md5",
    "DES-CBC-CRC": "des_cbc_crc",
}
_NO_ETYPE: Final = frozenset({0, 0xFFFFFFFF})


def result(code: int | None) -> str | None:
    """The error's name; a number without a name stays `error_N`."""
    return None if code is None else enums.KERBEROS_ERROR.get(code, f"error_{code}")


def outcome(name: str | None) -> str | None:
    """The common outcome of an error's name."""
    return None if name is None else _OUTCOME.get(name, "error")


def options(mask: int | None) -> list[int] | None:
    """Bits set in KDCOptions; bit 0 is the most significant, as in ASN.1."""
    if mask is None:
        return None
    return [bit for bit in range(32) if mask & (0x80000000 >> bit)]


def etype(number: int | None) -> str | None:
    """The etype's name; None where no ticket was issued (0xFFFFFFFF)."""
    if number is None or number in _NO_ETYPE:
        return None
    if number >= 0x80000000:
        number -= 0x100000000
    return enums.ETYPE.get(number, f"etype_{number}")


def advertised(text: str | None) -> list[str] | None:
    """The client's etypes in its order, from the names Windows prints."""
    if text is None:
        return None
    return [_ETYPE_NAME.get(word.upper(), word.lower()[:40]) for word in text.split()[:32]]


def preauth(text: str | None) -> list[str] | None:
    """PreAuthType: one padata number, 0 for none. None where Windows gave no number."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 6:
        return None
    number = int(text)
    return [enums.PADATA.get(number, f"padata_{number}")] if number else []


def ticket_hash(text: str | None) -> bytes | None:
    """A ticket's SHA-256 from its Base64; None where there is no such hash."""
    if text is None:
        return None
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return value if len(value) == 32 else None


def service_class(name: str | None) -> str | None:
    """The first component of a service name; an account name has none, `krbtgt` is its own."""
    if name is None:
        return None
    first, slash, _ = name.partition("/")
    return first.lower() if slash or first.lower() == "krbtgt" else None

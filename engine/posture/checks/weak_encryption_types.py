"""Accounts whose tickets are encrypted with DES or RC4 only (MS-KILE §2.2.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.posture.finding import Check, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.posture.estate import Estate

_AES: Final = 0x8 | 0x10
_CIPHERS: Final[dict[int, str]] = {0x1: "des_cbc_crc", 0x2: "des_cbc_md5", 0x4: "rc4_hmac"}
CHECK: Final = Check(
    title="An account has no AES keys in use",
    severity="medium",
    why="Tickets in RC4 or DES are guessed hundreds of times faster.",
    remedy="Set `msDS-SupportedEncryptionTypes` to 24 (AES only), clear `USE_DES_KEY_ONLY`, and change the password once so that AES keys are made.",
    product="Weak cipher usage; unsecure account attributes",
    mitre=("T1558.003",),
)


def find(estate: Estate) -> Iterator[Finding]:
    """Where it is not set, the domain's default holds, which is not the account's weakness."""
    for item in estate.accounts():
        bits = item.bits("msDS-SupportedEncryptionTypes")
        weak = [word for bit, word in _CIPHERS.items() if bits & bit]
        if "use_des_key_only" in item.flags:
            yield Finding(item.name, "userAccountControl", "use_des_key_only", "DES only")
        elif weak and not bits & _AES:
            yield Finding(
                item.name, "msDS-SupportedEncryptionTypes", ", ".join(weak), "no AES among them"
            )

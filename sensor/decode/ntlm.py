"""NTLMSSP messages as plain records (MS-NLMP §2.2).

Reads NEGOTIATE, CHALLENGE and AUTHENTICATE as far as the event schema asks; never keeps a
response. Knows no carrier, no SPNEGO and no event.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from dsl.schema.enums import AV_FLAG, NTLM_FLAG
from sensor.contract import Malformed

SIGNATURE: Final = b"NTLMSSP\0"
NEGOTIATE: Final = 1
CHALLENGE: Final = 2
AUTHENTICATE: Final = 3

UNICODE: Final = 0x00000001
SIGN: Final = 0x00000010
EXTENDED_SESSION_SECURITY: Final = 0x00080000
VERSION: Final = 0x02000000

_FIELDS: Final = Struct("<HHI")
_U32: Final = Struct("<I")
_U16X2: Final = Struct("<HH")
_AV_EOL: Final = 0
_AV_NETBIOS: Final = 1
_AV_DNS: Final = 3
_AV_FLAGS: Final = 6
_AV_TARGET_NAME: Final = 9
_AV_PAIRS: Final = 32
_NAME: Final = 1024


class Negotiate:
    """The client's opening; `version` as `major.minor.build`, None if it sends none."""

    __slots__ = ("flags", "version")

    def __init__(self, flags: int, version: str | None) -> None:
        self.flags = flags
        self.version = version


class Authenticate:
    """The client's proof: who it says it is, and which form the proof has."""

    __slots__ = (
        "av_flags", "av_order", "domain", "flags", "mic", "response", "target_name", "user",
        "version", "workstation",
    )  # fmt: skip

    def __init__(self, flags: int) -> None:
        self.flags = flags
        self.domain = ""
        self.user = ""
        self.workstation = ""
        self.version: str | None = None
        self.response: str | None = None
        """A word of enums.NTLM_VERSION; None for an anonymous logon."""
        self.mic = "absent"
        self.av_flags: int | None = None
        self.av_order: list[int] = []
        self.target_name: str | None = None

    @property
    def account(self) -> str | None:
        """The raw account: domain, backslash, user; without domain as sent; None if anonymous."""
        if not self.user:
            return None
        return f"{self.domain}\\{self.user}" if self.domain else self.user


def message_type(b: bytes, o: int, e: int) -> int:
    """The MessageType of the message at `o`; Malformed if it is no NTLMSSP message."""
    if e - o < 12 or b[o : o + 8] != SIGNATURE:
        raise Malformed(f"no NTLMSSP message at {o}")
    return _u32(b, o + 8)


def flags_words(flags: int) -> list[str]:
    """The words of enums.NTLM_FLAG for the bits set."""
    return [word for bit, word in NTLM_FLAG.items() if flags & bit]


def av_flags_words(flags: int) -> list[str]:
    """The words of enums.AV_FLAG for the bits set."""
    return [word for bit, word in AV_FLAG.items() if flags & bit]


def negotiate(b: bytes, o: int, e: int) -> Negotiate:
    """The NEGOTIATE_MESSAGE at `o` (§2.2.1.1)."""
    if e - o < 16:
        raise Malformed(f"NEGOTIATE cut at {e}")
    flags = _u32(b, o + 12)
    return Negotiate(flags, _version(b, o + 32, e) if flags & VERSION else None)


def challenge_flags(b: bytes, o: int, e: int) -> int:
    """NegotiateFlags of the CHALLENGE_MESSAGE at `o` (§2.2.1.2)."""
    if e - o < 24:
        raise Malformed(f"CHALLENGE cut at {e}")
    return _u32(b, o + 20)


def challenge_computer(b: bytes, o: int, e: int) -> str | None:
    """The raw host that the CHALLENGE_MESSAGE at `o` names in its TargetInfo: its DNS name, else
    `name:` and the NetBIOS name; None where it has neither.
    """
    if message_type(b, o, e) != CHALLENGE or e - o < 48:
        raise Malformed(f"no CHALLENGE with names at {o}")
    start, stop = _field(b, o, 40, e)
    netbios = None
    for _ in range(_AV_PAIRS):
        if start + 4 > stop:
            break
        kind, length = _U16X2.unpack_from(b, start)
        start += 4
        if kind == _AV_EOL or start + length > stop:
            break
        if length and kind in {_AV_NETBIOS, _AV_DNS}:
            text = _text(b, (start, start + length), UNICODE)
            if kind == _AV_DNS and "." in text:
                return text
            netbios = netbios or text.partition(".")[0]
        start += length
    return f"name:{netbios}" if netbios else None


def authenticate(b: bytes, o: int, e: int) -> Authenticate:
    """The AUTHENTICATE_MESSAGE at `o` (§2.2.1.3)."""
    if e - o < 52:
        raise Malformed(f"AUTHENTICATE cut at {e}")
    lm = _field(b, o, 12, e)
    nt = _field(b, o, 20, e)
    domain = _field(b, o, 28, e)
    user = _field(b, o, 36, e)
    workstation = _field(b, o, 44, e)
    placed = [field for field in (lm, nt, domain, user, workstation) if field[1] > field[0]]
    flags = UNICODE
    if e - o >= 64:
        key = _field(b, o, 52, e)
        if key[1] > key[0]:
            placed.append(key)
        flags = _u32(b, o + 60)
    found = Authenticate(flags)
    found.domain = _text(b, domain, flags)
    found.user = _text(b, user, flags)
    found.workstation = _text(b, workstation, flags)
    # Version and MIC stand before the payload; old clients leave one or both out.
    payload = min([field[0] for field in placed], default=e) - o
    if payload >= 72 and flags & VERSION:
        found.version = _version(b, o + 64, e)
    if payload >= 88 and e - o >= 88:
        found.mic = "present" if any(b[o + 72 : o + 88]) else "zero"
    found.response = _response(b, lm, nt, flags)
    if found.response == "v2":
        _av_pairs(found, b, nt[0] + 44, nt[1])
    return found


def _u32(b: bytes, o: int) -> int:
    value: int = _U32.unpack_from(b, o)[0]
    return value


def _field(b: bytes, o: int, at: int, e: int) -> tuple[int, int]:
    """Start and stop of the payload that the fields at `o + at` point to."""
    length, _, offset = _FIELDS.unpack_from(b, o + at)
    start = o + offset
    if length == 0:
        return o, o
    if start + length > e:
        raise Malformed(f"payload at {start} ends after {e}")
    return start, start + length


def _text(b: bytes, field: tuple[int, int], flags: int) -> str:
    raw = b[field[0] : min(field[1], field[0] + _NAME)]
    return raw.decode("utf-16-le" if flags & UNICODE else "latin-1", "backslashreplace")


def _version(b: bytes, o: int, e: int) -> str | None:
    """VERSION (§2.2.2.10) as `major.minor.build`; None if absent or all zero."""
    if o + 8 > e or not any(b[o : o + 4]):
        return None
    return f"{b[o]}.{b[o + 1]}.{b[o + 2] | b[o + 3] << 8}"


def _response(b: bytes, lm: tuple[int, int], nt: tuple[int, int], flags: int) -> str | None:
    """§3.3: 24 bytes are NTLMv1, more are v2; with session security LM holds a client challenge."""
    length = nt[1] - nt[0]
    if length > 24:
        return "v2"
    if length == 24:
        challenge_only = lm[1] - lm[0] == 24 and not any(b[lm[0] + 8 : lm[1]])
        return "v1_ess" if flags & EXTENDED_SESSION_SECURITY and challenge_only else "v1"
    return "lm" if lm[1] - lm[0] == 24 else None


def _av_pairs(found: Authenticate, b: bytes, o: int, e: int) -> None:
    """AV_PAIRs of NTLMv2_CLIENT_CHALLENGE (§2.2.2.1, §2.2.2.7); a list cut short is kept so far."""
    while o + 4 <= e and len(found.av_order) < _AV_PAIRS:
        kind, length = _U16X2.unpack_from(b, o)
        o += 4
        if kind == _AV_EOL or o + length > e:
            return
        found.av_order.append(kind)
        if kind == _AV_FLAGS and length == 4:
            found.av_flags = _u32(b, o)
        elif kind == _AV_TARGET_NAME and length:
            found.target_name = _text(b, (o, o + length), UNICODE)
        o += length

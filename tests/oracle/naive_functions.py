"""Scalar functions of values alone, as `dsl.functions` describes them, in plain Python."""

from __future__ import annotations

import ipaddress
import math
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import naive_filters as filters

from dsl import plan

EARTH_KM = 6371.0088
STRENGTH = (
    {"aes256", "aes256_sha384", "camellia256"},
    {"aes128", "aes128_sha256", "camellia128"},
    {"rc4_hmac", "rc4_hmac_exp", "rc4_hmac_old", "rc4_hmac_old_exp", "rc4_md4"},
    {"des3_cbc_sha1", "des3_cbc_md5", "des3_cbc_sha1_old"},
    {"des_cbc_md5", "des_cbc_md4", "des_cbc_crc"},
)


def strength(word: str) -> int | None:
    return next((i for i, words in enumerate(STRENGTH) if word in words), None)


def moment(ts: int, zone: str = "UTC") -> datetime:
    return datetime.fromtimestamp(ts // 1_000_000, tz=UTC).astimezone(ZoneInfo(zone))


def entropy(text: str) -> float:
    counts = Counter(text).values()
    return -sum(c / len(text) * math.log2(c / len(text)) for c in counts) if text else 0.0


def distance_km(one: str, other: str) -> float | None:
    try:
        (lat, lon), (lat2, lon2) = ([float(x) for x in p.split(",")] for p in (one, other))
    except ValueError:
        return None
    a, b, c, d = map(math.radians, (lat, lon, lat2, lon2))
    chord = math.sin((a - c) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((b - d) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(chord, 1.0)))


def weaker(one: str, other: str) -> bool | None:
    a, b = strength(one), strength(other)
    return None if a is None or b is None else a > b


def strongest(words: list[str]) -> str | None:
    """Of two of one strength the first in the table."""
    order = [
        "aes256", "aes256_sha384", "camellia256", "aes128", "aes128_sha256", "camellia128",
        "rc4_hmac", "rc4_hmac_exp", "rc4_hmac_old", "rc4_hmac_old_exp", "rc4_md4",
        "des3_cbc_sha1", "des3_cbc_md5", "des3_cbc_sha1_old", "des_cbc_md5", "des_cbc_md4",
        "des_cbc_crc",
    ]  # fmt: skip
    return next((w for w in order if w in words), None)


def parent_rdn(dn: str) -> str | None:
    parts = re.split(r"(?<!\\),", dn)
    return parts[1].partition("=")[2] or None if len(parts) > 1 else None


def labels_of(name: str) -> tuple[list[str], int]:
    """The labels of a DNS name and how many of them are its registrable part."""
    labels = [x for x in name.lower().split(".") if x]
    second = {"ac", "co", "com", "edu", "gov", "net", "org"}
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in second
    return labels, 3 if country else 2


def registered_domain(name: str) -> str | None:
    labels, kept = labels_of(name)
    return ".".join(labels[-kept:]) if len(labels) >= kept else None


def subdomain(name: str) -> str:
    labels, kept = labels_of(name)
    return ".".join(labels[:-kept])


def shown(value: Any) -> str:
    """A value as text; elements of a list are joined by a comma."""
    if isinstance(value, list):
        return ",".join(map(shown, value))
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower() if isinstance(value, bool) else str(value)


def number(text: str) -> float | None:
    if re.fullmatch(r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?", text):
        return float(text)
    return float(int(text, 16)) if re.fullmatch("0[xX][0-9a-fA-F]{1,15}", text) else None


def small(text: Any) -> Any:
    """Letter by letter, as DuckDB does it; one letter alone has a small form of two."""
    if isinstance(text, list):
        return [small(t) for t in text]
    return "".join("i" if c == "\u0130" else c.lower() for c in text)


def texts(arguments: list[Any]) -> list[str]:
    found: list[str] = []
    for a in arguments:
        found += a.values() if isinstance(a, dict) else [] if a is None else [shown(a)]
    return found


def time_of(text: str) -> int | None:
    match = re.fullmatch(r"([0-9-]{10})[ T]([0-9:]{8})(\.[0-9]{1,9})?([Zz]|[+-][0-9:]{5})?", text)
    if match is None:
        return None
    try:
        whole = datetime.strptime(f"{match[1]} {match[2]}+0000", "%Y-%m-%d %H:%M:%S%z")
    except ValueError:
        return None
    offset = 0
    if match[4] and match[4] not in "Zz":
        hours, minutes = match[4][1:].split(":")
        offset = (int(hours) * 60 + int(minutes)) * (-1 if match[4][0] == "-" else 1)
    seconds = int(whole.timestamp()) - offset * 60
    return seconds * 1_000_000 + int((match[3] or ".0")[1:7].ljust(6, "0"))


def address_of(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)


def part(name: str):
    return lambda ts, zone="UTC": (
        moment(ts, zone).isocalendar()[1] if name == "week" else getattr(moment(ts, zone), name)
    )


PLAIN = {
    "item": lambda values, name: values.get(name),
    "lower": small,
    "number": number,
    "address_of": address_of,
    "time_of": time_of,
    **{name: part(name) for name in ("minute", "day", "week", "month", "year")},
    "abs": abs,
    "minus": lambda a, b: [x for x in a if x not in b],
    "compact": lambda a: [x for x in a if x is not None],
    "overlap": lambda a, b: [x for x in a if x in b],
    "least": min,
    "greatest": max,
    "entropy": entropy,
    "hours": lambda d: d / 3_600_000_000,
    "hour": lambda ts, zone="UTC": moment(ts, zone).hour,
    "weekday": lambda ts, zone="UTC": moment(ts, zone).isoweekday(),
    "weaker": weaker,
    "strongest": strongest,
    "distance_km": distance_km,
    "sid_domain": lambda sid: re.sub(r"-[0-9]+$", "", sid),
    "under": lambda dn, base: dn.lower() == base.lower() or dn.lower().endswith("," + base.lower()),
    "parent_rdn": parent_rdn,
    "registered_domain": registered_domain,
    "subdomain": subdomain,
    "text": shown,
    "ldap_selects": filters.selects,
    "is_spn_filter": filters.is_spn_filter,
    "filter_value": filters.value_of,
    "names_one": filters.names_one,
    "uac_bits": filters.uac_bits,
}
"""Functions that are null where an argument is; an element may not be."""


def call(expr: plan.Call, arguments: list[Any]) -> Any:
    """Raises NotImplementedError for a function that is not one of values alone."""
    if expr.function == "coalesce":
        return next((a for a in arguments if a is not None), None)
    if expr.function == "len":
        if arguments[0] is None:
            return 0 if expr.arguments[0].type.many else None
        return len(arguments[0])
    if expr.function == "texts":
        return texts(arguments)
    if expr.function == "is_zero":
        return arguments[0] is not None and not any(arguments[0])
    if expr.function not in PLAIN:
        raise NotImplementedError(expr.function)
    return None if None in arguments else PLAIN[expr.function](*arguments)

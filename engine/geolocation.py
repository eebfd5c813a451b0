"""Country, network and place of public addresses, from databases that the operator supplies.

Files are MaxMind DB (.mmdb) with the records of GeoIP2 and GeoLite2 (City, Country, ASN) or of who
follows them (DB-IP). Each fills what it knows. A file that is replaced is read anew within a
minute; one that then cannot be read leaves the old one in force. Needs the extra `geolocation`.
References: MaxMind DB file format 2.0; GeoIP2 City, Country and ASN database records.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from engine.entities_names import plain_ip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from maxminddb.reader import Reader

    from dsl.schema.radius import VpnSession

_LOOK_S: Final = 60.0


class GeolocationError(Exception):
    """A database cannot be used; the text says why."""


class Geolocation:
    """Databases, in the order of the files; the first that knows a thing is believed."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Open them all. Raises GeolocationError."""
        self._databases = [_Database(path) for path in paths]
        self._look = time.monotonic() + _LOOK_S

    def words(self) -> list[str]:
        """For people: `GeoLite2-City of 2026-11-01`."""
        return [database.words() for database in self._databases]

    def complaints(self) -> list[str]:
        """Why files that were replaced are not in use."""
        return [d.fault for d in self._databases if d.fault]

    def fill(self, event: VpnSession) -> None:
        """Country, network and place of the session's public address, where they are not told."""
        now = time.monotonic()
        if now >= self._look:
            self._look = now + _LOOK_S
            for database in self._databases:
                database.renew()
        ip = plain_ip(event.src_ip) if event.src_ip else None
        if ip is None:
            return
        for database in self._databases:
            found = database.get(ip)
            event.country = event.country or _country(found)
            event.asn = event.asn or _number(found, "autonomous_system_number")
            event.location = event.location or _location(found)


class _Database:
    def __init__(self, path: Path) -> None:
        self.fault = ""
        self._path = path
        self._stamp = _stamp(path)
        self._reader = _opened(path)

    def words(self) -> str:
        about = self._reader.metadata()
        built = datetime.fromtimestamp(about.build_epoch, UTC)
        return f"{about.database_type} of {built:%Y-%m-%d}"

    def get(self, ip: str) -> dict[str, object]:
        try:
            found = self._reader.get(ip)
        except ValueError:  # IPv6 in a database of IPv4
            return {}
        return dict(found) if isinstance(found, dict) else {}

    def renew(self) -> None:
        """Read the file anew if it is another one now."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            before, self._reader = self._reader, _opened(self._path)
        except GeolocationError as error:
            self.fault = f"{error}; the database of before stays in use"
        else:
            self.fault = ""
            before.close()


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_mtime_ns, found.st_size, found.st_ino


def _opened(path: Path) -> Reader:
    """The file, read into memory: it may be written over while it is in use."""
    try:
        import maxminddb  # noqa: PLC0415 - optional
    except ImportError:
        raise GeolocationError(
            f"{path}: reading it needs maxminddb: `pip install 'atp[geolocation]'`"
        ) from None
    try:
        return maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    except OSError as error:
        raise GeolocationError(f"{path}: {error.strerror or error}") from error
    except (maxminddb.InvalidDatabaseError, ValueError) as error:
        raise GeolocationError(f"{path}: no MaxMind database: {error}") from error


def _country(found: dict[str, object]) -> str | None:
    """The ISO code of where the address is, else of where it is registered."""
    for name in ("country", "registered_country"):
        part = found.get(name)
        code = part.get("iso_code") if isinstance(part, dict) else None
        if isinstance(code, str):
            return code
    return None


def _number(found: dict[str, object], name: str) -> int | None:
    value = found.get(name)
    return value if isinstance(value, int) else None


def _location(found: dict[str, object]) -> str | None:
    part = found.get("location")
    if not isinstance(part, dict):
        return None
    latitude, longitude = part.get("latitude"), part.get("longitude")
    if not isinstance(latitude, float | int) or not isinstance(longitude, float | int):
        return None
    return f"{latitude:g},{longitude:g}"

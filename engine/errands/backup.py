"""A backup of all that lies with the database: one moment of it, whatever happens meanwhile.

The answer is the manifest as JSON. What is not in it: the configuration and the detections, which are people's;
the file of alerts, which is a sink; what could not be read of messages.
"""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import msgspec

from engine.backup import archive
from engine.cli.release import release
from engine.errands import RefusedError
from engine.instance.leases import FILE as LEASES
from engine.models.folder import folder_of
from engine.store.snapshot import Snapshot
from engine.store.staging import staging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.errands import Place, Work

BESIDE: Final = ("desk", "spool", "learnt", "directory", "access", "people")
"""Files of SQLite beside a database, by the ends of their names."""
_OF_INSTANCE: Final = ("sensors.sqlite", LEASES)
"""Files of SQLite of the instance: a lease that is given twice under one number would be none."""
_ROOM: Final = 64 << 20


class Asked(msgspec.Struct):
    """Where the backup goes; `replace` one that is there under that name."""

    file: str
    replace: bool = False


def begin(place: Place, arguments: Mapping[str, object]) -> Work:
    """Hold on to the moment."""
    asked = msgspec.convert(arguments, Asked)
    target = Path(asked.file)
    if not target.is_absolute():
        raise RefusedError(f"{target} is no absolute path")
    if target.exists() and not asked.replace:
        raise RefusedError(f"{target} is there already")
    beside = [p for end in BESIDE if (p := _beside(place.path, end)).exists()]
    if place.instance is not None:
        beside += [p for name in _OF_INSTANCE if (p := place.instance / name).exists()]
    _room(place.path, beside)
    try:
        moment = Snapshot(place.store, place.path, beside)
    except (duckdb.Error, sqlite3.Error, OSError) as error:
        raise RefusedError(f"it cannot be copied: {error}") from error
    return _Writing(place, moment, target)


@dataclass
class _Writing:
    place: Place
    moment: Snapshot
    target: Path

    def __call__(self) -> bytes:
        return _written(self.place, self.moment, self.target)

    def stop(self) -> None:
        self.moment.stop()


def _written(place: Place, moment: Snapshot, target: Path) -> bytes:
    try:
        copied = moment.copy()
        files = {path.name: path for path in copied if path.name not in _OF_INSTANCE}
        for folder in (folder_of(place.path), _beside(place.path, "instance")):
            files |= _below(folder, folder.name)
        if (settings := _beside(place.path, "settings.yaml")).is_file():
            files[settings.name] = settings
        if place.instance is not None:
            files |= {f"instance/{p.name}": p for p in copied if p.name in _OF_INSTANCE}
            files |= {f"instance/{p.name}": p for p in sorted(place.instance.glob("*.pem"))}
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        manifest = archive.write(target, release(), place.now, place.path.name, files)
    except (duckdb.Error, sqlite3.Error, OSError, archive.BackupError) as error:
        raise RefusedError(f"{target} could not be written: {error}") from error
    finally:
        moment.close()
    return msgspec.json.encode(manifest)


def _below(folder: Path, name: str) -> dict[str, Path]:
    """Files of models and of the portal's own instance, which are put there whole and never changed."""
    if not folder.is_dir():
        return {}
    found = sorted(
        p
        for p in folder.rglob("*")
        if p.is_file() and p.suffix in (".npz", ".parquet", ".json", ".pem")
    )
    return {f"{name}/{p.relative_to(folder).as_posix()}": p for p in found}


def _room(database: Path, beside: list[Path]) -> None:
    """Refuse what would fill the disk that the database needs itself."""
    needed = sum(p.stat().st_size for p in [database, *beside]) + _ROOM
    free = shutil.disk_usage(staging(database).parent).free
    if free < needed:
        raise RefusedError(
            f"{free >> 20} MB are free beside the database, a copy of it may take {needed >> 20} MB"
        )


def _beside(database: Path, end: str) -> Path:
    return database.with_name(f"{database.name}.{end}")

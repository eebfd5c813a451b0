"""The file of a backup: written, verified, unpacked.

A tar file (POSIX.1-2001 pax) packed with zstd (RFC 8878). Its first member is `manifest.json`; the others
are the files that it names, in its order, each with size and SHA-256. Whatever else a file holds (links,
other names, more or fewer members) is no backup. A name is a relative path of plain parts.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from typing import IO, TYPE_CHECKING, Final

import msgspec
import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from typing_extensions import Buffer

FORMAT: Final = 1
_MANIFEST: Final = "manifest.json"
_LARGEST_MANIFEST: Final = 64 << 20
_PART: Final = re.compile(r"[A-Za-z0-9_~@+=,-][A-Za-z0-9_.~@+=, -]{0,250}")
_BLOCK: Final = 1 << 20
_LEVEL: Final = 3


class BackupError(Exception):
    """It is no backup, or a damaged one, or one of a newer release; says why."""


class Member(msgspec.Struct, frozen=True):
    """A file in a backup; `hash`: SHA-256 in hex."""

    name: str
    size: int
    hash: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds. `made` in microseconds; `database`: the name of the database in it."""

    format: int
    release: str
    made: int
    database: str
    files: tuple[Member, ...]


def write(
    path: Path, release: str, made: int, database: str, files: Mapping[str, Path]
) -> Manifest:
    """A backup of these files by their names in it; it is verified before it bears its name.

    It is its owner's alone. Raises OSError, BackupError.
    """
    members = tuple(Member(name, *_measured(file)) for name, file in files.items())
    manifest = Manifest(FORMAT, release, made, database, members)
    part = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            packer = zstandard.ZstdCompressor(_LEVEL, write_checksum=True)
            with packer.stream_writer(out, closefd=False) as packed:
                _pack(packed, manifest, files)
            out.flush()
            os.fsync(out.fileno())
        verify(part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return manifest


def verify(path: Path) -> Manifest:
    """Read a backup to its end; what it holds. Raises OSError, BackupError."""
    return _read(path, None)


def unpack(path: Path, into: Path) -> Manifest:
    """Verify a backup and put its files below a folder that is there. Raises OSError, BackupError; what is in
    the folder then is worth nothing.
    """
    return _read(path, into)


def _pack(out: IO[bytes], manifest: Manifest, files: Mapping[str, Path]) -> None:
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        tar.addfile(_info(_MANIFEST, len(text), manifest.made), io.BytesIO(text))
        for member in manifest.files:
            with files[member.name].open("rb") as file:
                tar.addfile(_info(member.name, member.size, manifest.made), file)


def _info(name: str, size: int, made: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, made // 1_000_000
    return info


def _measured(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        for block in _blocks(file):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def _read(path: Path, into: Path | None) -> Manifest:
    try:
        with (
            path.open("rb") as file,
            io.BufferedReader(_Plain(file), _BLOCK) as plain,
            tarfile.open(fileobj=plain, mode="r|") as tar,
        ):
            members = iter(tar)
            manifest = _manifest(tar, next(members, None))
            for wanted in manifest.files:
                _one(tar, next(members, None), wanted, into)
            if next(members, None) is not None:
                raise BackupError("it holds more than its manifest names")
            while plain.read(_BLOCK):
                pass  # to the checksum of the whole, at the end
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as error:
        raise BackupError(f"it is damaged, or no backup: {error}") from error
    return manifest


def _manifest(tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> Manifest:
    if member is None or member.name != _MANIFEST or not member.isreg():
        raise BackupError("it is no backup: it does not begin with a manifest")
    file = tar.extractfile(member)
    if file is None or member.size > _LARGEST_MANIFEST:
        raise BackupError("it is no backup: its manifest cannot be read")
    try:
        text = file.read()
        version = msgspec.json.decode(text, type=dict[str, object]).get("format")
        if isinstance(version, int) and version > FORMAT:
            raise BackupError(f"it is of a newer release (format {version}, known is {FORMAT})")
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BackupError(f"its manifest is damaged: {error}") from error
    names = [one.name for one in manifest.files]
    strange = [
        n for n in [*names, manifest.database] if not all(map(_PART.fullmatch, n.split("/")))
    ]
    if strange or len(set(names)) < len(names):
        raise BackupError(
            f"its manifest names what may not be unpacked: {strange or 'a name twice'}"
        )
    return manifest


def _one(
    tar: tarfile.TarFile, member: tarfile.TarInfo | None, wanted: Member, into: Path | None
) -> None:
    if (
        member is None
        or not member.isreg()
        or (member.name, member.size) != (wanted.name, wanted.size)
    ):
        raise BackupError(f"`{wanted.name}` is missing or of another size")
    file = tar.extractfile(member)
    digest = hashlib.sha256()
    if file is not None and into is not None:
        place = into / wanted.name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            for block in _blocks(file):
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    elif file is not None:
        for block in _blocks(file):
            digest.update(block)
    if digest.hexdigest() != wanted.hash:
        raise BackupError(f"`{wanted.name}` is damaged")


class _Plain(io.RawIOBase):
    """What a packed file holds. zstandard's own reader takes a file that is cut off for one that ends."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._unpacker = zstandard.ZstdDecompressor().decompressobj()
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        into = memoryview(buffer).cast("B")
        while not self._left and not self._unpacker.eof:
            block = self._file.read(_BLOCK)
            if not block:
                raise BackupError("it is damaged: its end is missing")
            self._left = memoryview(self._unpacker.decompress(block))
        size = min(len(into), len(self._left))
        into[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block

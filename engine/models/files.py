"""Trained models as files: a NumPy archive of plain arrays, nothing in which is run when it is read.

The header says what the model is of, up to which day it has learned and how; the version is a hash
of all of that and of the arrays, and a file whose content does not give its version is refused.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from engine.models.access_anomaly import AccessAnomaly
from engine.models.days import day_text
from engine.models.outlier import Outlier
from engine.models.subject import Subject  # noqa: TC001 - msgspec reads it at run time

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = 1
MOST_BYTES: Final = 512 << 20
"""The arrays of a file, unpacked: greater ones are refused unread."""
_KINDS: Final[dict[str, type[AccessAnomaly | Outlier]]] = {
    "access_anomaly": AccessAnomaly,
    "outlier": Outlier,
}


_DAMAGES: Final = (
    ValueError, KeyError, EOFError, TypeError, IndexError, AttributeError, OverflowError, MemoryError,
    NotImplementedError, zipfile.BadZipFile, zlib.error, msgspec.MsgspecError,
)  # fmt: skip
"""What zipfile, NumPy and msgspec raise over content that is not what it should be."""


class ModelFileError(Exception):
    """A file of a model cannot be used; the message says which and why."""


class _Header(msgspec.Struct, frozen=True):
    format: int
    subject: Subject
    until: int
    days: int
    parameters: dict[str, float]
    version: str = ""


@dataclass(frozen=True)
class Trained:
    """A model, what it is of, and what it has learned: the days before `until`, `days` of them with
    rows.
    """

    subject: Subject
    model: AccessAnomaly | Outlier
    until: int
    days: int
    parameters: dict[str, float]
    version: str

    @property
    def told(self) -> str:
        """What a rule reads as its version."""
        last = day_text(self.until - 1)
        return f"{self.subject.kind} {self.version[:8]}, learned to {last}"


def trained(
    subject: Subject,
    model: AccessAnomaly | Outlier,
    until: int,
    days: int,
    parameters: dict[str, float],
) -> Trained:
    """A model with its version."""
    parameters = {name: float(value) for name, value in parameters.items()}
    header = _Header(FORMAT, subject, until, days, parameters)
    return Trained(subject, model, until, days, parameters, _version(header, model))


def write_trained(path: Path, made: Trained) -> None:
    """Write the file: whole, or not at all. Raises OSError."""
    header = _Header(FORMAT, made.subject, made.until, made.days, made.parameters, made.version)
    arrays = {"header": _packed(msgspec.json.encode(header)), **_arrays(made.model)}
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read_trained(path: Path, subject: Subject | None = None) -> Trained:
    """Read a file, one of `subject` if that is given. Raises ModelFileError where it is none, is
    damaged, of another format or of another subject.
    """
    try:
        return _read(path, subject)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except _DAMAGES as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        raise ModelFileError(f"{path} is no model, or a damaged one: {why}") from error


def _read(path: Path, subject: Subject | None) -> Trained:
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
            raise ModelFileError(f"{path} is greater than any model of ours")
    with np.load(path, allow_pickle=False) as arrays:
        header = msgspec.json.decode(arrays["header"].tobytes(), type=_Header)
        if header.format != FORMAT:
            raise ModelFileError(f"{path} has the format {header.format}, not {FORMAT}")
        if subject is not None and header.subject != subject:
            raise ModelFileError(f"{path} {_difference(header.subject, subject)}")
        kind = _KINDS[header.subject.kind]
        model = kind(**{f.name: _value(arrays[f.name]) for f in fields(kind)})
    if _version(header, model) != header.version:
        raise ModelFileError(f"{path} is damaged: its content does not give its version")
    fault = model.fault()
    if isinstance(model, Outlier) and model.columns != header.subject.columns:
        fault = "its columns are others than those of its header"
    if fault:
        raise ModelFileError(f"{path} is no model: {fault}")
    made = header.subject, model, header.until, header.days, header.parameters, header.version
    return Trained(*made)


def _difference(found: Subject, wanted: Subject) -> str:
    if found.name != wanted.name:
        return f"is a model of `{found.name}`, not of `{wanted.name}`"
    return f"was trained for another definition of `{wanted.name}`"


def _version(header: _Header, model: AccessAnomaly | Outlier) -> str:
    digest = sha256(msgspec.json.encode(msgspec.structs.replace(header, version="")))
    for name, array in sorted(_arrays(model).items()):
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _arrays(model: AccessAnomaly | Outlier) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays by name; names as the bytes of a JSON list."""
    found = {}
    for field in fields(model):
        value = getattr(model, field.name)
        names = isinstance(value, tuple)
        found[field.name] = _packed(msgspec.json.encode(value)) if names else np.asarray(value)
    return found


def _packed(data: bytes) -> np.ndarray[Any, Any]:
    return np.frombuffer(data, dtype=np.uint8)


def _value(array: np.ndarray[Any, Any]) -> Any:
    if array.dtype == np.uint8:
        return msgspec.json.decode(array.tobytes(), type=tuple[str, ...])
    return float(array) if array.ndim == 0 else array

"""Files of trained models: what is written is read again; what is not ours is refused with its name."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from engine.models.access_anomaly import AccessAnomaly
from engine.models.files import ModelFileError, read_trained, trained, write_trained
from engine.models.outlier import Outlier
from engine.models.subject import Subject

PAIRS = Subject("rule.odd", "access_anomaly", "a1", ("server",), 30)
NUMBERS = Subject("rule.busy", "outlier", "b2", ("n", "servers"), 30)


def factors(**other):
    parts = {
        "actors": ("ann", "böb"), "resources": ("0 a", "0 b", "0 c"),
        "actor_factors": np.ones((2, 4), np.float32), "resource_factors": np.ones((3, 4), np.float32),
        "usual": np.zeros(2, np.float32),
    }  # fmt: skip
    return AccessAnomaly(**(parts | other))


def forest(**other):
    parts = {
        "columns": ("n", "servers"), "roots": np.array([0], np.int32),
        "column": np.array([1, -1, -1], np.int32), "border": np.array([2.0, 0, 0]),
        "below": np.array([1, 0, 0], np.int32), "above": np.array([2, 0, 0], np.int32),
        "way": np.array([0.0, 1, 1]), "usual": 1.0, "quantiles": np.zeros((201, 2)),
    }  # fmt: skip
    return Outlier(**(parts | other))


@pytest.mark.parametrize(("subject", "model"), [(PAIRS, factors()), (NUMBERS, forest())])
def test_what_is_written_is_read_again(subject, model, tmp_path):
    made = trained(subject, model, 20_000, 9, {"seed": 0})
    write_trained(tmp_path / "m.npz", made)
    found = read_trained(tmp_path / "m.npz", subject)
    assert (found.version, found.until, found.days) == (made.version, 20_000, 9)
    assert found.told == f"{subject.kind} {made.version[:8]}, learned to 2024-10-03"
    for name in type(model).__dataclass_fields__:
        assert np.array_equal(getattr(found.model, name), getattr(model, name)), name


@pytest.mark.parametrize(
    ("subject", "model", "why"),
    [
        (PAIRS, factors(usual=np.zeros(3, np.float32)), "do not go together"),
        (PAIRS, factors(actor_factors=np.ones((2, 4))), "do not go together"),
        (PAIRS, factors(usual=np.array([1, np.nan], np.float32)), "no number"),
        (PAIRS, factors(actors=("ann", "ann")), "twice"),
        (NUMBERS, forest(below=np.array([0, 0, 0], np.int32)), "behind it"),
        (NUMBERS, forest(above=np.array([9, 0, 0], np.int32)), "behind it"),
        (NUMBERS, forest(column=np.array([5, -1, -1], np.int32)), "column that is not there"),
        (NUMBERS, forest(roots=np.array([7], np.int32)), "begins nowhere"),
        (NUMBERS, forest(roots=np.array([0.0])), "do not go together"),
        (NUMBERS, forest(usual=0.0), "no usual way"),
        (NUMBERS, forest(columns=("n", "x")), "others than those of its header"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused(subject, model, why, tmp_path):
    write_trained(tmp_path / "m.npz", trained(subject, model, 20_000, 9, {}))
    with pytest.raises(ModelFileError, match=why):
        read_trained(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Subject("rule.odd", "access_anomaly", "other", ("server",), 30), "another definition of"),
        (Subject("other.odd", "access_anomaly", "a1", ("server",), 30), "a model of `rule.odd`"),
    ],
)
def test_a_foreign_file_is_refused(wanted, why, tmp_path):
    write_trained(tmp_path / "m.npz", trained(PAIRS, factors(), 20_000, 9, {}))
    with pytest.raises(ModelFileError, match=why):
        read_trained(tmp_path / "m.npz", wanted)


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "m.npz"
    write_trained(path, trained(PAIRS, factors(), 20_000, 9, {}))
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            found = read_trained(path)
        except ModelFileError as error:
            assert str(path) in str(error)  # noqa: PT017 - a byte nobody reads may be another
        else:
            assert np.array_equal(found.model.actor_factors, factors().actor_factors)
    for text in (b"", b"PK", whole[:200]):
        path.write_bytes(text)
        with pytest.raises(ModelFileError, match="damaged"):
            read_trained(path)
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_trained(tmp_path / "none.npz")


def test_changed_content_does_not_give_the_version(tmp_path):
    path = tmp_path / "m.npz"
    write_trained(path, trained(PAIRS, factors(), 20_000, 9, {}))
    with zipfile.ZipFile(path) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    other = io.BytesIO()
    np.save(other, np.ones(2, np.float32))
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {"usual.npy": other.getvalue()}).items():
            archive.writestr(name, content)
    with pytest.raises(ModelFileError, match="does not give its version"):
        read_trained(path)


def test_nothing_in_a_file_is_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    path = tmp_path / "m.npz"
    np.savez(path, header=np.array([Trap()], dtype=object))
    with pytest.raises(ModelFileError):
        read_trained(path)
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ModelFileError):
        read_trained(path)
    assert not (tmp_path / "sprung").exists()

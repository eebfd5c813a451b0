"""The two sides of a comparison: a rule, a file, a folder, or the rules at a git revision."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.cli import corpus, output
from engine.cli.existing import Existing
from engine.cli.rules import Loaded, load_rules

if TYPE_CHECKING:
    from engine.running import Rule

REVISION: Final = "git:"


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation names beside its inputs."""

    rules: tuple[Path, ...] = ()
    settings: Path | None = None
    lists: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One side. `rules` run; the alerts of the detections `shown` are compared."""

    name: str
    loaded: Loaded
    rules: tuple[Rule, ...]
    shown: tuple[str, ...]


def side(name: str, given: Installed, values: tuple[str, ...] = ()) -> Side:
    """The side of that name: an id of a detection, `git:REVISION`, or else a path."""
    if name.startswith(REVISION):
        with tempfile.TemporaryDirectory(prefix="atp-") as folder:
            root = _checked_out(name.removeprefix(REVISION), given.rules, Path(folder))
            return _whole(name, load_rules((root,), given.settings, given.lists, values))
    path = Path(name)
    if path.suffix == ".yaml" or "/" in name or path.exists():
        asked = Existing().convert(name, None, None)
        loaded = load_rules((asked,), given.settings, given.lists, values)
        if not loaded.rules:
            output.fail(f"no detections in {name}")
        return _whole(name, loaded)
    loaded = load_rules(given.rules, given.settings, given.lists, values)
    known = {rule.plan.id: rule for rule in loaded.rules}
    if name not in known:
        from dsl.faults import did_you_mean  # noqa: PLC0415 - only for a slip

        hint = did_you_mean(name, known) or "name a detection, a file, a folder or git:REVISION"
        output.fail(f"there is no detection `{name}`", hint)
    # a rule over alerts is silent without those that raise them
    chain = "alert" in known[name].plan.events
    return Side(name, loaded, loaded.rules if chain else (known[name],), (name,))


def heirs(old: Side, new: Side) -> dict[str, str]:
    """Detection of the old side -> that of the new, where each side is one detection."""
    if len(old.shown) == len(new.shown) == 1:
        return {old.shown[0]: new.shown[0]}
    return {}


def _whole(name: str, loaded: Loaded) -> Side:
    return Side(name, loaded, loaded.rules, tuple(rule.plan.id for rule in loaded.rules))


def _checked_out(revision: str, rules: tuple[Path, ...], folder: Path) -> Path:
    """The folder of detections as it was at a revision, below `folder`."""
    if len(rules) > 1:
        output.fail("git:REVISION is of one folder", "name one folder with --detections")
    root = (rules[0] if rules else corpus.default_paths()[0]).resolve()
    if not root.is_dir():
        output.fail(f"git:REVISION is of a folder, {root} is a file")
    # what begins with a dash would be an option of git's
    if not revision or revision.startswith("-"):
        output.fail(f"`{revision}` is no revision")
    command = ["git", "-C", str(root), "archive", "--format=tar", revision, "--", "."]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - a list, no shell
    except FileNotFoundError:
        output.fail("git is not there", "name two folders instead")
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        output.fail(f"git cannot give {revision}: {why}")
    target = folder / "detections"
    target.mkdir()
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(target, filter="data")
    return target

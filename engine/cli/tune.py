"""tune: silence a false positive with the narrowest exclusion, and prove what else it would silence."""

from __future__ import annotations

import sys
import time
from pathlib import Path as PathType
from typing import TYPE_CHECKING

import click

from engine.cli import corpus, ground, options, output
from engine.cli.existing import Existing

if TYPE_CHECKING:
    from pathlib import Path

    from engine.cli.ground import Ground
    from engine.cli.rules import Loaded
    from engine.tuning.writing import Signed


@click.command()
@click.argument("rule", metavar="RULE")
@click.argument("files", nargs=-1, metavar="[PATH]…", type=Existing())
@options.DATABASE
@click.option(
    "--alert",
    "alerts",
    multiple=True,
    metavar="ID",
    help="A false positive: an alert's number, or its id or the begin of it.",
)
@click.option(
    "--event",
    "events",
    multiple=True,
    metavar="FILE:SEQ",
    help="An event behind false positives, as `atp decode --format json` numbers them.",
)
@click.option("--owner", metavar="NAME", help="Who answers for the exclusion.")
@click.option("--reason", metavar="TEXT", help="Why it is right.")
@click.option(
    "--expires", metavar="90d|DAY", help="When it ends: after a duration, or on a day (UTC)."
)
@click.option(
    "--choose", type=click.IntRange(1), metavar="N", help="Another exclusion than the first."
)
@click.option(
    "--into",
    "folder",
    type=click.Path(path_type=PathType, file_okay=False),
    metavar="FOLDER",
    help="Folder of your own lists; default: that of --lists, else `detections/lists/` here.",
)
@click.option("--apply", is_flag=True, help="Write the entry; without it the change is shown.")
@options.spanned
@options.installation
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: one object.")  # fmt: skip
def command(
    rule: str,
    files: tuple[Path, ...],
    database: Path | None,
    alerts: tuple[str, ...],
    events: tuple[str, ...],
    owner: str | None,
    reason: str | None,
    expires: str | None,
    choose: int | None,
    folder: Path | None,
    apply: bool,
    begin: int | None,
    end: int | None,
    last: int | None,
    settings: Path | None,
    lists: tuple[Path, ...],
    rules: tuple[Path, ...],
    directory_path: Path | None,
    form: str,
) -> None:
    """Propose exclusions for false positives of RULE, the one that silences least first.

    The past is what PATHs (captures, event logs) or a --database hold. An exclusion under which a
    known true positive, or an alert that a test of the rule expects, would vanish is refused. The
    exit code is 1 where none is left.
    """
    from engine.cli.rules import load_rules  # noqa: PLC0415 - starts fast
    from engine.cli.tuned import show  # noqa: PLC0415
    from engine.cli.tuner import Tuner  # noqa: PLC0415

    if not alerts and not events:
        output.fail("name a false positive", "with --alert ID or --event FILE:SEQ")
    given = (owner, reason, expires)
    signed = signed_by(*given) if apply or any(given) else None
    loaded = load_rules(rules, settings, lists)
    over = _ground(files, database, events, directory_path, loaded, (begin, end, last))
    catalogue = corpus.read(rules, lists)
    tuner = Tuner(rule, loaded, catalogue, over)
    tuner.mark(alerts, [(*_place(e), e) for e in events], files)
    chosen = tuner.propose(choose)
    change = tuner.change(chosen, signed, own_lists(folder, lists)) if chosen and signed else None
    if change and apply:
        change.write()
    show(tuner.told(chosen, change, applied=apply), form)
    sys.exit(output.DONE if chosen else output.NO)


def _ground(
    files: tuple[Path, ...],
    database: Path | None,
    events: tuple[str, ...],
    directory_path: Path | None,
    loaded: Loaded,
    span: tuple[int | None, int | None, int | None],
) -> Ground:
    named = tuple(dict.fromkeys((*files, *(_place(e)[0] for e in events))))
    if bool(named) == (database is not None):
        hint = "name the files it was found in, or a --database and --alert"
        output.fail("the past is either in files or in a database", hint)
    if database is not None:
        return ground.of_database(database, *span)
    return ground.of_files(named, directory_path, loaded, span)


def _place(place: str) -> tuple[Path, int]:
    from engine.cli.why import place_of  # noqa: PLC0415 - only where asked for

    return place_of(place)


def signed_by(owner: str | None, reason: str | None, expires: str | None) -> Signed:
    """Who answers for an exclusion, as the options say; ends the command where something is missing."""
    from engine.tuning.writing import Signed  # noqa: PLC0415 - only where asked for

    given = {"--owner": owner, "--reason": reason, "--expires": expires}
    missing = [name for name, value in given.items() if not value]
    if missing:
        hint = "nobody would dare to remove an exclusion without them"
        output.fail("an exclusion needs " + ", ".join(missing), hint)
    try:
        return Signed.of(str(owner), str(reason), str(expires), time.time_ns() // 1000)
    except ValueError as error:
        output.fail(str(error), "write `90d`, or a day to come: `2030-01-31`")


def own_lists(folder: Path | None, lists: tuple[Path, ...]) -> Path:
    """The folder of an installation's own lists; ends the command where that is not clear."""
    here = PathType("detections")
    if folder is None and len(lists) == 1 and lists[0].is_dir():
        folder = lists[0]
    if folder is None and not lists and here.is_dir():
        folder = here / "lists"
    if folder is None:
        output.fail("where to write is not clear", "name the folder of your own lists with --into")
    return folder

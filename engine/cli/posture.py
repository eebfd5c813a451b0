"""posture: what is weak in the domain by its directory: evidence and remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.cli import options, output, period
from engine.cli.existing import Existing
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.posture.assess import Result
    from engine.posture.estate import Estate

EXIT_CODES = """
Exit codes: 0 nothing was found; 1 something was found, or a file is damaged and was used in part;
2 not done (wrong usage, unreadable input, no directory in it).
"""
_SHADES = {"high": "red", "medium": "yellow", "low": "cyan"}


@click.command(epilog=EXIT_CODES)
@click.argument("files", nargs=-1, metavar="[PATH]…", type=Existing())
@options.DATABASE
@click.option(
    "--at",
    "at",
    metavar="TIME",
    type=period.Moment(end=True),
    help="As of then: `2026-01-31` or `2026-01-31T12:00`, UTC; default: the newest event.",
)
@click.option(
    "--check", "wanted", multiple=True, metavar="ID", help="Only this check. May be given again."
)
@click.option(
    "--severity",
    type=click.Choice(["low", "medium", "high"]),
    default="low",
    show_default=True,
    help="Only checks as grave as this or graver.",
)
@click.option(
    "--most",
    type=click.IntRange(1, 1_000_000),
    default=10,
    show_default=True,
    help="So many objects of a check are told as text; json tells all.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: a finding or a check without an answer a line.",
)  # fmt: skip
def command(
    files: tuple[Path, ...],
    database: Path | None,
    at: int | None,
    wanted: tuple[str, ...],
    severity: str,
    most: int,
    form: str,
) -> None:
    """Show what is weak in the directory of a domain: which objects, why, and what to do.

    Read from LDIF files (PATHs: the domain and, for certificates, the configuration), or from a
    --database that was synchronised, as of a time.
    """
    from engine.posture.assess import assess  # noqa: PLC0415 - starts fast
    from engine.posture.finding import SEVERITIES  # noqa: PLC0415

    if bool(files) == (database is not None):
        output.fail(
            "the directory is either in files or in a database", "name a PATH or --database"
        )
    _known(wanted)
    estate, damaged = _read(files, database, at)
    graver = SEVERITIES[: 1 + [str(s) for s in SEVERITIES].index(severity)]
    results = [r for r in assess(estate, wanted) if r.check.severity in graver]
    (_tell_json if form == "json" else _tell_text)(results, estate, most)
    found = any(r.findings for r in results)
    raise SystemExit(output.NO if found or damaged else output.DONE)


def _known(wanted: Sequence[str]) -> None:
    from dsl.faults import did_you_mean  # noqa: PLC0415 - starts fast
    from engine.posture.assess import names  # noqa: PLC0415

    known = names()
    for name in wanted:
        if name not in known:
            hint = did_you_mean(name, known) or "see docs/reference/posture.md"
            output.fail(f"there is no check `{name}`", hint)


def _read(files: Sequence[Path], database: Path | None, at: int | None) -> tuple[Estate, bool]:
    """The directory as of then, and whether an input was damaged."""
    from engine.cli import ground  # noqa: PLC0415 - starts fast
    from engine.cli.rules import Loaded  # noqa: PLC0415
    from engine.entities_rows import FOREVER  # noqa: PLC0415
    from engine.posture.estate import Estate  # noqa: PLC0415
    from engine.store.directory_then import directory_then, newest  # noqa: PLC0415

    damaged = False
    if database is not None:
        store = ground.open_store(database, FOREVER)
    else:
        over = ground.of_files(files, None, Loaded((), frozenset(), (), {}))
        store, damaged = over.store, over.damaged
    span = store.span()
    latest = max(newest(store.connection), span[1] if span is not None else 0)
    asked = latest if at is None else at
    entries, links = directory_then(store.connection, asked)
    store.close()
    if not any(not e.deleted for e in entries):
        hint = "synchronise with `atp-run --sync`, or name LDIF files"
        output.fail("no directory was synchronised until then", hint)
    return Estate(asked, entries, links), damaged


def _tell_text(results: Sequence[Result], estate: Estate, most: int) -> None:
    from engine.posture.assess import no_authority  # noqa: PLC0415 - starts fast
    from engine.times import iso  # noqa: PLC0415

    domains = ", ".join(estate.domain_of(d) for d in estate.of("domain") if d.sid) or "no domain"
    when = iso(estate.at)[:16].replace("T", " ")
    weak = [r for r in results if r.findings]
    clean = [r for r in results if not r.findings and not r.untold]
    number = sum(len(r.findings) for r in weak)
    click.echo(
        f"{printable(domains)} as of {when}: {number:,} findings of {len(weak)} checks, "
        f"{len(clean)} checks found nothing"
    )
    for result in weak:
        check = result.check
        mark = click.style(check.severity, fg=_SHADES[check.severity])
        click.echo(f"\n{mark} {click.style(check.title, bold=True)} [{result.id}]")
        for finding in result.findings[:most]:
            told = f"{finding.object}: {finding.attribute} = {finding.value} ({finding.why})"
            click.echo(f"  {printable(told)}")
        if len(result.findings) > most:
            click.echo(f"  … and {len(result.findings) - most:,} more (--most)")
        click.echo(f"  why: {check.why}")
        click.echo(f"  remedy: {check.remedy}")
    untold = [r for r in results if r.untold and not no_authority(r)]
    if untold:
        click.echo("\nnot judged, for nobody told the attribute")
        for result in untold:
            click.echo(f"  {result.check.title} [{result.id}]: {result.untold}")
    absent = [r for r in results if no_authority(r)]
    if absent:
        click.echo(f"\n{len(absent)} checks of certificates: no certification authority is told")


def _tell_json(results: Sequence[Result], estate: Estate, most: int) -> None:
    from engine.event_json import json_line  # noqa: PLC0415 - only where asked for
    from engine.times import iso  # noqa: PLC0415

    del most
    for result in results:
        check = result.check
        head = {
            "check": result.id, "as_of": iso(estate.at), "title": check.title,
            "severity": check.severity, "mitre": list(check.mitre),
        }  # fmt: skip
        if result.untold:
            output.write(json_line({"kind": "not_judged", **head, "attribute": result.untold}))
        for finding in result.findings:
            told = {"kind": "finding", **head, **finding._asdict(), "remedy": check.remedy}
            output.write(json_line(told))

"""The mutants of detections, on all processors, and what is told of them."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING

import click

from engine.cli import corpus, output
from engine.mutation import Mutation, mutate
from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dsl.catalogue import Catalogue


def run_mutants(asked: tuple[Path, ...], chosen: Sequence[str], form: str, least: float) -> bool:
    """Mutate the chosen detections and tell; whether all scores reach `least`."""
    detections = _catalogue(asked).detections
    jobs = [(asked, rule) for rule in chosen if rule in detections]
    enough = True
    done: list[Mutation] = []
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for found in pool.map(_job, jobs):
            done.append(found)
            enough = enough and found.score >= least
            _show(found, form, least)
    if form == "text" and done:
        killed = sum(m.killed for m in done)
        total = killed + sum(len(m.survivors) for m in done)
        worst = min(done, key=lambda m: m.score)
        click.echo(
            f"{killed} of {total} clauses are needed by a test; "
            f"least: {printable(worst.rule)} {worst.score:.2f}"
        )
    return enough


def _job(job: tuple[tuple[Path, ...], str]) -> Mutation:
    from engine.backends.duckdb import compile_detection  # noqa: PLC0415 - starts fast
    from engine.cli.reading import decoded  # noqa: PLC0415

    asked, rule = job
    catalogue = _catalogue(asked)
    return mutate(catalogue.detections[rule], catalogue, compile_detection, decoded)


@cache
def _catalogue(asked: tuple[Path, ...]) -> Catalogue:
    return corpus.read(asked)


def _show(found: Mutation, form: str, least: float) -> None:
    if form == "json":
        from engine.event_json import json_line  # noqa: PLC0415 - only where asked for

        output.write(json_line({**asdict(found), "score": round(found.score, 3)}))
        return
    colour = "green" if found.score >= least and not found.survivors else "yellow"
    if found.score < least:
        colour = "red"
    click.echo(f"{click.style(f'{found.score:.2f}', fg=colour)} {printable(found.rule)}")
    for survivor in found.survivors:
        place = printable(f"{survivor.file}:{survivor.line}")
        click.echo(f"     {place}: {survivor.change}: {printable(survivor.clause)}")

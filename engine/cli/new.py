"""new: begin a detection from a frame that already passes its tests."""

from __future__ import annotations

import re
from pathlib import Path

import click

from engine.cli import corpus, output
from engine.printable import printable

FRAME = """\
atp: 1
id: {id}
version: 1
title: {title}
severity: medium
confidence: 50
kill_chain: {kill_chain}
mitre: [T1087.002]
description: |
  What happens, and why an attacker does it.
false_positives:
  - Who does this for a good reason, and how to tell.
known_gaps:
  - What an attacker can do to stay unseen.
params:
  window: {{type: duration, default: 10m, min: 1m, max: 24h, help: time over which tries are counted}}
  min_tries: {{type: int, default: 5, min: 2, max: 1000, high: 3, low: 10, help: tries of one source}}
detect: |
  tries = match kerberos_as where outcome == wrong_password
  many  = window tries by source over $window
            compute n := count(), names := set(account)
            having n >= $min_tries
  alert many as (source: source, attacked: names, n: n) dedup 24h by source
explain: |
  {{{{ source }}}} failed {{{{ n }}}} times for {{{{ attacked | names }}}}.
evidence: [ts, account, source, dc, outcome]
tests:
  - name: five tries
    given:
      - {{every: 10s, for: 5, kerberos_as: {{outcome: wrong_password, account: "u{{{{i}}}}", source: ws9}}}}
    expect:
      - {{source: ws9, explain~: "failed 5 times"}}
  - name: four tries
    given:
      - {{every: 10s, for: 4, kerberos_as: {{outcome: wrong_password, account: "u{{{{i}}}}", source: ws9}}}}
    expect: []
  - name: five tries, wider than the window
    given:
      - {{every: 150s, for: 5, kerberos_as: {{outcome: wrong_password, account: "u{{{{i}}}}", source: ws9}}}}
    expect: []
"""


@click.command()
@click.argument("name", metavar="ID")
@click.option("--tactic", default="discovery", show_default=True,
              help="Folder, by the ATT&CK tactic.")  # fmt: skip
@click.option("--into", type=click.Path(path_type=Path), default=Path("detections"),
              show_default=True, help="Folder of detections.")  # fmt: skip
def command(name: str, tactic: str, into: Path) -> None:
    """Write detections/TACTIC/ID.yaml: a small detection with tests, to be changed."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        output.fail(f"`{name}` is no id", "small letters, digits and `_`, a letter first")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", tactic) or tactic in ("lists", "relations"):
        output.fail(f"`{tactic}` is no tactic", "a folder name such as `credential_access`")
    there = [p for root in (into, corpus.SHIPPED) for p in sorted(root.rglob(f"{name}.yaml"))]
    if there:
        output.fail(f"{there[0]} exists already", "choose another id")
    path = into / tactic / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    title = name.replace("_", " ").capitalize()
    kill_chain = "reconnaissance" if tactic == "discovery" else tactic
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(FRAME.format(id=name, title=title, kill_chain=kill_chain))
    except FileExistsError:
        output.fail(f"{path} exists already", "choose another id")
    shown = printable(str(path))
    click.echo(f"wrote {shown}\nnext: atp check {shown} && atp test {shown}")

"""How long it takes to import rules of Sigma, of which how much pySigma itself needs to read them.

    python bench/sigma_import.py [RULES]

The rules are made here, of the size and mixture that public collections have.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

import yaml
from sigma.collection import SigmaCollection

from engine.backends.duckdb import compile_detection
from engine.sigma.importing import Importer

WORDS = (
    "powershell",
    "cmd",
    "rundll32",
    "certutil",
    "mimikatz",
    "whoami",
    "schtasks",
    "reg add",
    "net user",
    "vssadmin",
)
CATEGORIES = (
    "process_creation",
    "registry_set",
    "file_event",
    "image_load",
    "network_connection",
    "ps_script",
)
FIELDS = ("Image", "CommandLine", "ParentImage", "TargetObject", "TargetFilename", "ImageLoaded", "ScriptBlockText", "Hashes")  # fmt: skip


def rule(number: int, pick: random.Random) -> dict[str, object]:
    def values() -> list[str]:
        return [
            f"\\{pick.choice(WORDS)}{pick.randrange(1000)}.exe"
            for _ in range(pick.choice((1, 2, 3, 5, 12)))
        ]

    def search() -> dict[str, object]:
        modifiers = ("|endswith", "|contains", "|contains|all", "|startswith", "")
        return {
            pick.choice(FIELDS) + pick.choice(modifiers): values()
            for _ in range(pick.choice((1, 2, 3)))
        }

    return {
        "title": f"Rule {number} of {pick.choice(WORDS)}",
        "id": f"{number:08x}-0000-4000-8000-000000000000",
        "status": "test",
        "description": "A made rule.\n" * 3,
        "references": ["https://example.test/a"],
        "author": "nobody",
        "tags": ["attack.execution", "attack.t1059"],
        "logsource": {"product": "windows", "category": pick.choice(CATEGORIES)},
        "detection": {
            "selection_img": search(), "selection_cli": search(), "filter_main": search(),
            "condition": "all of selection_* and not filter_main",
        },
        "falsepositives": ["unknown"],
        "level": "high",
    }  # fmt: skip


def main(count: int) -> None:
    pick = random.Random(7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(count):
            text = yaml.safe_dump(rule(number, pick), sort_keys=False)
            (folder / f"rule_{number}.yml").write_text(text, encoding="utf-8")

        began = time.process_time()
        for one in SigmaCollection.load_ruleset([folder]).rules:
            assert one.detection.parsed_condition[0].parsed is not None
        peer = time.process_time() - began
        began = time.process_time()
        outcomes = list(Importer(folder / "out", compile_detection).run([folder]))
        ours = time.process_time() - began
    refused = [o for o in outcomes if o.refused]
    print(
        f"{count} rules: {ours:.1f} s, {ours / count * 1000:.1f} ms of processor time a rule; {len(refused)} refused"
    )
    print(f"pySigma alone reads them in {peer:.1f} s: {ours / peer:.1f} times that")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)

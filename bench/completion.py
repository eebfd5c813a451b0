"""How long an author waits for a completion: the largest shipped rule, at many places, whole and cut
off behind the cursor, as one types. Beside it reading and checking the file. Processor time, so that a
busy machine does not count.

    .venv/bin/python bench/completion.py [--most MS]
"""

import argparse
import random
import statistics
import sys
import time
from pathlib import Path

from dsl.assist.completion import complete
from dsl.assist.layout import literal
from dsl.assist.project import Project

ROOT = Path(__file__).resolve().parent.parent
PLACES = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--most", type=float, default=100.0, help="limit of the 95th percentile, ms"
    )
    most = parser.parse_args().most
    texts = {
        p: p.read_text(encoding="utf-8") for p in sorted((ROOT / "detections").rglob("*.yaml"))
    }
    project = Project(texts)
    largest = max(texts, key=lambda p: len(b.text) if (b := literal(texts[p], "detect")) else 0)
    view = project.view(largest)
    around = view.around(project.shared.relations, project.shared.lists)
    block = literal(view.text, "detect")
    assert block is not None
    complete(block.text, 0, around)
    chance = random.Random(1)
    waits = []
    for place in chance.sample(range(len(block.text)), PLACES):
        for text in (block.text, block.text[:place] + "\n"):
            began = time.process_time()
            complete(text, place, around)
            waits.append(1000 * (time.process_time() - began))
    began = time.process_time()
    project.diagnostics(largest)
    checked = 1000 * (time.process_time() - began)
    p95 = statistics.quantiles(waits, n=20)[-1]
    print(f"{largest.stem}: {len(block.text)} characters, {len(waits)} completions")
    print(
        f"median {statistics.median(waits):.1f} ms, p95 {p95:.1f} ms, longest {max(waits):.1f} ms"
    )
    print(f"beside: reading and checking the file {checked:.1f} ms")
    sys.exit(p95 > most)


if __name__ == "__main__":
    main()

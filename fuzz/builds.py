"""The compiled and the pure build read damaged bytes alike: the same events, the same counters.

Runs the cases of captures.py and messages.py with `--digests` in two source trees (one of them
compiled in place, `ATP_COMPILE=1 python setup.py build_ext --inplace`) and compares case by case.

    python fuzz/builds.py TREE [OTHER] [--captures 300] [--messages 20000] [--seed 1]

OTHER is this tree if not given. Exit status 1 with the first case that differs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def told(tree: Path, script: str, count: int, seed: int) -> list[str]:
    """A line a case, then the line that names the build."""
    env = dict(os.environ, PYTHONPATH=str(tree))
    for name, folder in (("ATP_LAB", "lab"), ("ATP_DATA", "data")):
        env.setdefault(name, str(ROOT.parent / "shared" / folder))
    command = [sys.executable, str(tree / "fuzz" / script), "--digests"]
    command += ["--count", str(count), "--seed", str(seed)]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("other", type=Path, nargs="?", default=ROOT)
    parser.add_argument("--captures", type=int, default=300)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    trees = [options.tree.resolve(), options.other.resolve()]
    wrong = 0
    for script, count in (("captures.py", options.captures), ("messages.py", options.messages)):
        one, other = (told(tree, script, count, options.seed) for tree in trees)
        builds = f"{one.pop()[2:]} and {other.pop()[2:]}"
        unequal = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
        print(f"{script}: {len(one):,} cases, {len(unequal)} differ between {builds}")
        for pair in unequal[:10]:
            print("   ", *pair, sep="\n    ")
        wrong += len(unequal)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""How fast a directory is synchronised: a first reading, by stage, beside `ldapsearch`.

    bench/directory.py ldaps://dc1.corp.lab.test --user administrator@corp.lab.test \
        --password-file FILE --ca FILE [--rounds 3] [--most SECONDS]

Each round reads everything into an empty mirror (by DirSync, and by uSNChanged as for an ordinary
account) and from there into an empty store; `ldapsearch` reads the same attributes of the same
objects in pages. The lab of `tests/e2e` gives a server; run it inside its client
(`nsenter -t PID -n -m`), with 2,000 users added by `ldbadd`. Prints seconds of the best round, wall
and own processor time, the ratio to `ldapsearch`, and the load; with `--most` fails where reading
and storing took longer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.run import Engine
from engine.store import Store
from sensor.inputs.directory.mirror import Mirror
from sensor.inputs.directory.passes import _READ, FILTER, Passes
from sensor.inputs.directory.place import Account, place_of, read_password
from sensor.inputs.directory.server import Server


class Stage:
    """Wall and processor seconds of the best round."""

    def __init__(self, name):
        self.name, self.wall, self.own, self.note = name, float("inf"), 0.0, ""
        self.last = 0.0

    def run(self, work, *arguments):
        wall, own = time.perf_counter(), time.process_time()
        note = work(*arguments)
        wall, own = time.perf_counter() - wall, time.process_time() - own
        self.last = wall
        if wall < self.wall:
            self.wall, self.own, self.note = wall, own, note
        return note


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("server")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--ca", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=float)
    asked = parser.parse_args()
    place, account = place_of(asked.server), Account(asked.user, read_password(asked.password_file))
    names = (
        "connect and bind",
        "read by DirSync",
        "read by uSNChanged",
        "permissions",
        "store",
        "ldapsearch",
    )
    stages = {name: Stage(name) for name in names}
    best = float("inf")
    for _ in range(asked.rounds):
        mirrors = {}
        for way in ("DirSync", "uSNChanged"):
            server = stages["connect and bind"].run(Server, place, account, asked.ca)
            contexts = [c for c in (server.root.domain, server.root.configuration) if c]
            mirror = mirrors[way] = Mirror(None, way)
            passes = [Passes(mirror, c, _never, dirsync=way == "DirSync") for c in contexts]
            stages[f"read by {way}"].run(_look, passes, server)
            stages["permissions"].run(_describe, passes, server)
            server.close()
        stages["store"].run(_store, mirrors["DirSync"])
        best = min(best, stages["read by DirSync"].last + stages["store"].last)
        stages["ldapsearch"].run(_peer, asked, contexts)
    peer = stages["ldapsearch"].wall
    print(f"load {os.getloadavg()[0]:.1f}, {asked.rounds} rounds, the best of each")
    for stage in stages.values():
        note = stage.note if isinstance(stage.note, str) else ""  # a server has nothing to say
        print(
            f"{stage.name:20} {stage.wall:6.2f} s  own {stage.own:5.2f} s  {stage.wall / peer:5.2f} of ldapsearch  {note}"
        )
    print(f"read and stored in {best:.2f} s")
    if asked.most is not None and best > asked.most:
        sys.exit(f"more than {asked.most} s")


def _never():
    return False


def _look(passes, server):
    return f"{sum(p.look(server) for p in passes)} objects"


def _describe(passes, server):
    return f"{sum(p.descriptors(server) for p in passes)} objects"


def _store(mirror):
    engine = Engine(Store(), [], compile_detection=None)
    after, told = 0, 0
    while events := mirror.waiting(after, 20_000):
        after = events[-1].seq
        told += len(events)
        engine.ingest(events)
        engine.tick()
    engine.store.close()
    return f"{told} events"


def _peer(asked, contexts):
    """OpenLDAP's client over the same pages, whose output nobody reads."""
    found = 0
    with tempfile.NamedTemporaryFile("w") as password:  # it takes a line's end for a character
        password.write(read_password(asked.password_file))
        password.flush()
        for context in contexts:
            done = subprocess.run(
                ["ldapsearch", "-LLL", "-x", "-H", asked.server, "-D", asked.user, "-y", password.name,
                 "-b", context, "-E", "pr=1000/noprompt", "-o", "ldif-wrap=no", FILTER, *_READ],
                env={**os.environ, "LDAPTLS_CACERT": str(asked.ca or "")}, capture_output=True, check=True,
            )  # fmt: skip
            found += done.stdout.count(b"\ndn: ") + done.stdout.startswith(b"dn: ")
    return f"{found} objects"


if __name__ == "__main__":
    main()

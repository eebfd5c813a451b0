"""What is known of a key's peers is asked only for rows that meet all that can be told without it.

Of ten thousand rows a handful use what their account never used; only these must be held against the two hundred
others of its department.
"""

from __future__ import annotations

from dataclasses import replace

from dsl import plan
from engine.backends.duckdb.reading import all_of, columns_read, conjuncts


def peers_apart(node: plan.Match) -> plan.Match:
    """The same rows: a match over a recall of peers as one over the recall of them for the rows of another, which
    has the conditions that read none. As it is where there is no such condition, or `ready` reads peers.
    """
    recall = node.source
    if not isinstance(recall, plan.Recall) or node.where is None:
        return node
    of_peers = {f"{recall.alias}.{r.name}" for r in recall.reads if r.peers}
    if any(columns_read(r.argument) & of_peers for r in recall.reads):
        return node
    every = list(conjuncts(node.where))
    first = [c for c in every if not columns_read(c) & of_peers]
    if not of_peers or not first:
        return node
    own = tuple(r for r in recall.reads if not r.peers)
    columns = tuple(c for c in recall.columns if c[0] not in of_peers)
    source = replace(recall, reads=own, columns=columns) if own else recall.source
    met = plan.Match(source=source, where=all_of(first), lets=(), columns=source.columns)
    peers = replace(recall, source=met, reads=tuple(r for r in recall.reads if r.peers))
    rest = [c for c in every if c not in first]
    return replace(node, source=peers, where=all_of(rest))

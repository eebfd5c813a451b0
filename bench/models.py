"""What learned scores find in made organisations, under a budget of cases a day (make bench-models).

    python bench/models.py [--seeds 1 2 3 4 5] [--worlds 4] [--each 10] [--json FILE]

Five organisations are drawn from five seeds; none of them was looked at while the score was made
(that were 101 and 102). Campaigns of ten kinds and their benign twins lie in the last fifteen of 45
days. Beside the novelty score stand baselines, the score without each of its parts, and the trained
models with the gate that they must pass to be enabled. Exit status 1 where the novelty score does
not beat every baseline by half on every organisation.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from organisation.judged import BUDGETS, Judgement, judge
from organisation.made import make_organisation
from organisation.plants import KINDS
from organisation.scored import Scored, measured

BASELINES = ("random", "first seen", "rarity", "first seen x rarity")
NOVELTY = "novelty"
GATE, GATE_SHARE = 1.10, 0.8
"""A trained model is enabled if it finds so much more at 3 cases a day on so many organisations."""


def scores(scored: Scored) -> dict[str, np.ndarray]:
    """Every score by name, all of them the higher the stranger."""
    c = scored.columns
    parts = {
        "target": np.nan_to_num(c["nats0"]), "source": np.nan_to_num(c["nats1"]),
        "protocol": np.nan_to_num(c["nats2"]), "etype": np.nan_to_num(c["nats3"]),
        "fan-out": c["fan_nats"], "hours": c["hour_nats"], "new on source": c["host_nats"],
    }  # fmt: skip
    rare = -np.log((c["common"] + 0.5) / (c["common"].max() + 1))
    misfit = np.clip(1 - np.nan_to_num(c["fit"], nan=0.0), 0, 2)
    total = sum(parts.values())
    found = {
        "random": np.random.default_rng(0).random(len(c["ts"])),
        "first seen": c["fan"] * c["fresh"],
        "rarity": rare,
        "first seen x rarity": rare * c["fresh"],
        NOVELTY: total,
        "novelty of target only": parts["target"],
    }
    found |= {f"novelty without {name}": total - part for name, part in parts.items()}
    found |= {
        "access_anomaly": misfit * c["fresh"],
        "novelty + access_anomaly": total + 2 * misfit * c["fresh"],
        "novelty, access_anomaly as target": total - parts["target"] + 5 * misfit * c["fresh"],
        "outlier": c["outlier"],
        "novelty + outlier": total + 10 * np.clip(c["outlier"] - 0.5, 0, 1),
    }
    return found


def mean(judgements: list[Judgement], what: str, key: int | None = None) -> float:
    values = [getattr(j, what) if key is None else getattr(j, what)[key] for j in judgements]
    known = [v for v in values if not np.isnan(v)]
    return float(np.mean(known)) if known else float("nan")


def table(results: dict[str, list[Judgement]]) -> list[str]:
    head = f"{'score':36} {'AP':>6} " + " ".join(f"{f'found@{n}':>8}" for n in BUDGETS)
    head += " " + " ".join(f"{f'prec@{n}':>7}" for n in BUDGETS)
    head += " " + " ".join(f"{f'twin@{n}':>7}" for n in BUDGETS)
    head += f" {'cases@3':>7} {'hours@3':>7}  {'[AUC]':>6}"
    lines = [head]
    for name, judged in results.items():
        cells = [f"{name:36} {mean(judged, 'ap'):6.3f}"]
        cells += [f"{mean(judged, 'found', n):8.2f}" for n in BUDGETS]
        cells += [f"{mean(judged, 'precision', n):7.2f}" for n in BUDGETS]
        cells += [f"{mean(judged, 'twins', n):7.2f}" for n in BUDGETS]
        cells += [f"{mean(judged, 'raised', 3):7.1f}", f"{mean(judged, 'hours', 3):7.1f} "]
        cells += [f"{mean(judged, 'auc'):6.3f}"]
        lines.append(" ".join(cells))
    return lines


def by_kind(judged: list[Judgement]) -> list[str]:
    lines = ["recall by kind: " + " ".join(f"{k:>5}" for k in KINDS)]
    for n in BUDGETS:
        shares = [np.mean([j.kinds[n][k] for j in judged]) for k in KINDS]
        lines.append(f"  {n:2} cases a day " + " ".join(f"{s:5.2f}" for s in shares))
    counted = [sum(j.counted[k] for j in judged) for k in KINDS]
    return [*lines, "  campaigns      " + " ".join(f"{c:5}" for c in counted)]


def gate(results: dict[str, list[Judgement]]) -> dict[str, list[float]]:
    """By trained score: campaigns found at 3 cases a day, as a ratio to novelty, by organisation."""
    trained = [n for n in results if "access_anomaly" in n or "outlier" in n]
    plain = [j.found[3] for j in results[NOVELTY]]
    return {
        name: [
            j.found[3] / p if p else float("nan") for j, p in zip(results[name], plain, strict=True)
        ]
        for name in trained
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--each", type=int, default=10, help="campaigns a kind and world")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    results: dict[str, list[Judgement]] = {}
    costs = []
    for seed in asked.seeds:
        begin = time.perf_counter()
        organisation = make_organisation(seed, asked.worlds, asked.each)
        made = time.perf_counter() - begin
        scored, spent = measured(organisation)
        for name, score in scores(scored).items():
            results.setdefault(name, []).append(judge(organisation, scored, score))
        fresh = scored.columns["fresh"][scored.columns["world"] < 0].mean()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        cost = {"made_s": made, "run_s": spent, "peak_mb": memory, **scored.spent}
        costs.append({"seed": seed, "first_seen_rows": float(fresh), **cost})
        told = ", ".join(f"{k} {v:.3g}" for k, v in costs[-1].items())
        print(f"organisation {told}; found@3 {results[NOVELTY][-1].found[3]:.2f}", flush=True)
        if asked.json:
            every = {name: [asdict(j) for j in judged] for name, judged in results.items()}
            found = {"scores": every, "gate": gate(results), "cost": costs}
            asked.json.parent.mkdir(parents=True, exist_ok=True)
            asked.json.write_text(json.dumps(found, indent=1))
    print("\n".join(table(results)))
    print("\n".join(by_kind(results[NOVELTY])))
    gates = gate(results)
    for name, ratios in gates.items():
        passed = np.mean([r >= GATE for r in ratios]) >= GATE_SHARE
        told = " ".join(f"{r:.2f}" for r in ratios)
        print(f"gate {name}: {told} of novelty -> {'passes' if passed else 'stays off'}")
    least = [
        j.found[3] / max(b.found[3], 1e-9)
        for name in BASELINES
        for j, b in zip(results[NOVELTY], results[name], strict=True)
    ]
    sys.exit(0 if min(least) >= 1.5 else 1)


if __name__ == "__main__":
    main()

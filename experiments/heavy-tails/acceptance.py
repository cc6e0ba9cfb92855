#!/usr/bin/env python3
"""Runs the heavy-tails acceptance table at 800/400/600 and says whether each seed holds.

    cargo build --release
    python3 experiments/heavy-tails/acceptance.py target/release/spectrum

Prints the table as Markdown on standard output and what it does on standard error. Exit 0: every bound holds for every
seed; 1: one does not; 2: a run could not be done. Standard library only. Runs go to a temporary folder unless --out
names one; they are always computed afresh.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYER = "hidden.weight"
P = 400  # min(width, d): how many singular values the hidden layer has

# Name, config, overrides. The full record: weights, updates, eight leading pairs, nulls.
RUNS = {
    "adam 0.1, one step": ("spike.toml", ["name=one-step", "optimizer.lr=0.1", "training.steps=1"]),
    "adam 0.03, ten steps": ("spike.toml", []),
    "GD 10, ten steps": ("bulk.toml", []),
    "adam 1, ten steps": ("tail.toml", []),
}


def at(metric, step, kind="weight"):
    """Reads one metric."""
    return lambda run: run[(step, kind, metric)]


def change(metric, first, last):
    """Reads how far a metric has moved."""
    return lambda run: run[(last, "weight", metric)] - run[(first, "weight", metric)]


def below(x):
    return f"< {x:g}", lambda v: v < x


def above(x):
    return f"> {x:g}", lambda v: v > x


def within(x):
    return f"< {x:g} in size", lambda v: abs(v) < x


def exactly(x):
    return f"= {x:g}", lambda v: v == x


# Run, what is read, how, bound (None: shown beside the reference only), and the reference: one seed of an independent
# numpy implementation (specification A, sections 4.2 and 4.3). Its outlier counts and top/edge use the variance of W_0, as
# `outliers_initial` does; its overlaps are the largest over all pairs of vectors, not those of the two top pairs.
ROWS = [
    ("adam 0.1, one step", "outliers", at("outliers", 1), exactly(1), "1"),
    ("adam 0.1, one step", "teacher alignment", at("teacher_alignment", 1), above(0.2), "0.43 (paper size)"),
    ("adam 0.1, one step", "Hill", at("alpha_hill", 1), None, "2.469"),
    ("adam 0.03, ten steps", "change of Hill", change("alpha_hill", 0, 10), within(0.05), "0.010"),
    ("adam 0.03, ten steps", "outliers, variance of W_0", at("outliers_initial", 10), None, "1"),
    ("adam 0.03, ten steps", "teacher alignment", at("teacher_alignment", 10), None, "0.44"),
    ("GD 10, ten steps", "change of Hill", change("alpha_hill", 0, 10), within(0.01), "0.000 (paper size)"),
    ("GD 10, ten steps", "outliers", at("outliers", 10), exactly(0), "0 (paper size)"),
    ("adam 1, ten steps", "Hill at the start", at("alpha_hill", 0), None, "2.436"),
    ("adam 1, ten steps", "Hill", at("alpha_hill", 10), below(1.95), "1.828"),
    ("adam 1, ten steps", "outliers", at("outliers", 10), above(0.12 * P), "about 0.19 p = 76"),
    ("adam 1, ten steps", "outliers, variance of W_0", at("outliers_initial", 10), None, "243"),
    ("adam 1, ten steps", "outliers of the null", at("null_outliers", 10), exactly(0), ""),
    ("adam 1, ten steps", "Hill of the null", at("null_alpha_hill", 10), above(2.35), "2.44 (one step)"),
    ("adam 1, ten steps", "overlap left, step 1", at("update_overlap_left", 1, "update"), below(0.05), "at most 0.04"),
    ("adam 1, ten steps", "overlap right, step 1", at("update_overlap_right", 1, "update"), below(0.05), "at most 0.06"),
    ("adam 1, ten steps", "overlap left, step 2", at("update_overlap_left", 2, "update"), above(0.9), "0.99"),
    ("adam 1, ten steps", "overlap right, step 2", at("update_overlap_right", 2, "update"), above(0.4), "0.61"),
]


class Missing(dict):
    """Metrics of one run; one that is not there is NaN, which no bound admits."""

    def __missing__(self, key):
        return math.nan


def spectrum_run(binary, config, overrides, seed, out, extra):
    """One run, as metrics keyed by (step, kind, metric)."""
    command = [binary, "run", str(ROOT / "configs" / "heavy-tails" / config), "--json", "--force",
               "--seed", str(seed), "--out", str(out)]
    for text in [*overrides, *extra]:
        command += ["--set", text]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"exit {done.returncode}: {' '.join(command)}\n{done.stderr.strip()}", file=sys.stderr)
        sys.exit(2)
    rows = json.loads(done.stdout)["records"]
    return Missing({(r["step"], r["kind"], r["metric"]): math.nan if r["value"] is None else r["value"]
                    for r in rows if r["layer"] == LAYER})


def text(value):
    if math.isnan(value):
        return "none"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the program spectrum")
    parser.add_argument("--out", help="keep the runs in this folder")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="given to every run")
    parser.add_argument("--backend", help="given to every run")
    args = parser.parse_args()
    # A bare name is searched in PATH, a path is one.
    binary = str(pathlib.Path(args.binary).resolve()) if "/" in args.binary else args.binary
    extra = args.set + ([f'backend="{args.backend}"'] if args.backend else [])
    with tempfile.TemporaryDirectory() as folder:
        runs = {}
        for name, (config, overrides) in RUNS.items():
            for seed in args.seeds:
                print(f"{name}, seed {seed}", file=sys.stderr)
                runs[name, seed] = spectrum_run(binary, config, overrides, seed, args.out or folder, extra)

    broken = 0
    seeds = " | ".join(f"seed {s}" for s in args.seeds)
    print(f"| run | quantity | bound | reference | {seeds} | holds |")
    print("|---" * (5 + len(args.seeds)) + "|")
    for name, quantity, read, bound, reference in ROWS:
        values = [read(runs[name, seed]) for seed in args.seeds]
        verdict, words = "", ""
        if bound:
            words, holds = bound
            good = sum(map(holds, values))
            broken += good < len(values)
            verdict = f"{good} of {len(values)}" if good == len(values) else f"**{good} of {len(values)}**"
        print(f"| {name} | {quantity} | {words} | {reference} | {' | '.join(map(text, values))} | {verdict} |")
    bounds = sum(1 for row in ROWS if row[3])
    print(f"\n{bounds - broken} of {bounds} bounds hold for every seed.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

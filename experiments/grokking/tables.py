"""Prints the README's tables: finished runs beside the specification's values (sections 7 and 7.1, seed 0 of an independent numpy program).

    spectrum verify experiments/grokking --out runs
    python3 experiments/grokking/tables.py runs

Needs Python 3.11 and nothing else. Each cell: the mean over seeds and, in brackets, the specification's value; `sd` is the largest standard
deviation over seeds in the row.
"""

import sqlite3
import statistics
import sys
import tomllib
from pathlib import Path

SUM = ["embedding.weight", "hidden.weight", "readout.weight"]
TRANSFORMER = [("blocks.0.in_proj.weight", "stacked"), ("blocks.0.linear1.weight", "matrix")]


def load(folder):
    """{(model, p, fraction, decay, lr, permuted): {seed: directory}} of finished runs."""
    runs = {}
    for file in sorted(Path(folder).glob("*/config.toml")):
        c = tomllib.loads(file.read_text())
        if c["data"]["kind"] != "modular" or c["backend"] != "flex":
            continue
        with sqlite3.connect(f"file:{file.parent / 'run.sqlite'}?mode=ro", uri=True) as base:
            if base.execute("select status from runs").fetchone()[0] != "finished":
                continue
        key = (c["model"]["kind"], c["data"]["p"], c["data"]["fraction"], c["optimizer"]["weight_decay"], c["optimizer"]["lr"],
               "random_labels" in c["data"])
        runs.setdefault(key, {})[c["seed"]] = file.parent
    return runs


def cells(directories, step, layers):
    """For each seed: train and test accuracy, ranks, accuracy with the top and the bottom half."""
    found = []
    for directory in directories.values():
        base = sqlite3.connect(f"file:{directory / 'run.sqlite'}?mode=ro", uri=True)
        scalar = lambda name: next((v for v, in base.execute("select value from scalars where step = ? and name = ?", (step, name))), None)
        rank = lambda layer, view: next((v for v, in base.execute(
            "select value from records where step = ? and layer = ? and view = ? and kind = 'weight' and metric = 'effective_rank_normalized'",
            (step, layer, view))), None)
        row = [scalar("train_accuracy"), scalar("test_accuracy")]
        row += [scalar("effective_rank_mean") if layer is None else rank(*layer) for layer in layers]
        row += [scalar("test_accuracy_top_0.5"), scalar("test_accuracy_bottom_0.5")]
        found.append(row)
        base.close()
    return found


def table(title, runs, layers, columns, rows):
    print(f"\n{title}\n\n| run | step | " + " | ".join(columns) + " | sd |\n|" + "---|" * (len(columns) + 3))
    for label, key, step, *spec in rows:
        found = cells(runs.get(key, {}), step, layers)
        text, spread = [], 0.0
        for k, other in enumerate(spec):
            values = [row[k] for row in found if row[k] is not None]
            if not values:
                text.append(f"- ({other:.3f})")
                continue
            spread = max(spread, statistics.stdev(values) if len(values) > 1 else 0.0)
            text.append(f"{statistics.fmean(values):.3f} ({other:.3f})")
        print(f"| {label} | {step} | " + " | ".join(text) + f" | {spread:.3f} |")


def events(runs):
    print("\n| run | step of test accuracy above 0.9 | half of the rank's fall | share of the fall before |\n|---|---|---|---|")
    for label, key in [("sum, p 59", ("sum-embedding", 59, 0.4, 1.0, 0.001, False)), ("sum, p 31", ("sum-embedding", 31, 0.6, 1.0, 0.001, False)),
                       ("Transformer, p 41", ("transformer", 41, 0.75, 1.0, 0.002, False))]:
        rows = []
        for directory in runs.get(key, {}).values():
            base = sqlite3.connect(f"file:{directory / 'run.sqlite'}?mode=ro", uri=True)
            last = lambda name: base.execute("select value from scalars where name = ? order by step desc", (name,)).fetchone()[0]
            rows.append([last("generalization_step"), last("half_rank_drop_step"), last("rank_drop_before_generalization")])
            base.close()
        each = lambda k, form: ", ".join(format(r[k], form) for r in rows)
        print(f"| {label} | {each(0, '.0f')} | {each(1, '.0f')} | {each(2, '.2f')} |")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tables.py RUNS")
    runs = load(sys.argv[1])
    s = lambda p, fraction, decay, permuted=False: ("sum-embedding", p, fraction, decay, 0.001, permuted)
    table("Section 7: the sum of two embeddings", runs, [(layer, "matrix") for layer in SUM],
          ["train", "test", "E", "W1", "W2", "top half", "bottom half"], [
              ("59, 0.4, decay 1", s(59, 0.4, 1.0), 0, .010, .018, .823, .930, .934, .011, .018),
              ("", s(59, 0.4, 1.0), 800, 1.0, .396, .837, .853, .906, .388, .019),
              ("", s(59, 0.4, 1.0), 1600, 1.0, .795, .824, .839, .869, .785, .018),
              ("", s(59, 0.4, 1.0), 2400, 1.0, .993, .800, .796, .829, .983, .018),
              ("", s(59, 0.4, 1.0), 4000, 1.0, 1.0, .756, .726, .754, 1.0, .024),
              ("", s(59, 0.4, 1.0), 6000, 1.0, 1.0, .725, .686, .698, 1.0, .019),
              ("59, 0.4, no decay", s(59, 0.4, 0.0), 800, 1.0, .388, .847, .862, .917, .367, .017),
              ("", s(59, 0.4, 0.0), 6000, 1.0, .400, .851, .862, .911, .390, .016),
              ("59, 0.9, no decay", s(59, 0.9, 0.0), 800, 1.0, .989, .789, .812, .818, .983, .020),
              ("", s(59, 0.9, 0.0), 4000, 1.0, 1.0, .783, .798, .800, .994, .032),
              ("59, 0.4, decay 1, permuted", s(59, 0.4, 1.0, True), 4800, .792, .016, .869, .834, .938, .018, .016),
              ("31, 0.6, decay 1", s(31, 0.6, 1.0), 4000, 1.0, 1.0, .946, .588, .949, .901, .031),
          ])
    t = lambda decay, permuted=False: ("transformer", 41, 0.75, decay, 0.002, permuted)
    table("Section 7.1: the Transformer", runs, [None, *TRANSFORMER],
          ["train", "test", "mean rank", "in_proj", "W1", "top half", "bottom half"], [
              ("decay 1", t(1.0), 0, .025, .021, .914, .955, .966, .021, .021),
              ("", t(1.0), 1000, 1.0, .691, .658, .537, .703, .677, .007),
              ("", t(1.0), 2000, 1.0, .831, .589, .425, .633, .829, .021),
              ("", t(1.0), 2500, 1.0, .993, .556, .414, .606, .990, .017),
              ("", t(1.0), 3000, 1.0, 1.0, .485, .401, .509, 1.0, .017),
              ("", t(1.0), 4000, 1.0, 1.0, .281, .251, .289, 1.0, .019),
              ("", t(1.0), 5000, 1.0, 1.0, .237, .212, .237, 1.0, .026),
              ("no decay", t(0.0), 3000, .963, .608, .834, .850, .880, .404, .014),
              ("decay 1, permuted", t(1.0, True), 1000, 1.0, .038, .709, .558, .730, .033, .017),
              ("", t(1.0, True), 4000, 1.0, .017, .654, .385, .703, .021, .017),
          ])
    events(runs)


if __name__ == "__main__":
    main()

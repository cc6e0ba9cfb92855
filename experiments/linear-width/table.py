#!/usr/bin/env python3
"""Prints the tables of README.md from the runs of `spectrum verify experiments/linear-width`.

    python3 experiments/linear-width/table.py RUNS

RUNS is the folder of the runs (`--out`). Each cell is the range over seeds of the number at the last step, or `start to end`
of the means. Python's standard library is enough.
"""
import glob
import os
import sqlite3
import sys
import tomllib


def number(run, kind, metric, layer=None, view=None, step="desc"):
    where = "kind = ? and metric = ? and value is not null"
    args = [kind, metric]
    for key, value in (("layer", layer), ("view", view)):
        if value:
            where, args = where + f" and {key} = ?", args + [value]
    row = run.execute(f"select value from records where {where} order by step {step} limit 1", args).fetchone()
    return None if row is None else row[0]


def scalar(run, name):
    row = run.execute("select value from scalars where name = ? order by step desc limit 1", [name]).fetchone()
    return None if row is None else row[0]


def text(x, digits):
    return f"{x:.{digits}f}" if digits else f"{round(x)}"


def spread(values, digits):
    values = [v for v in values if v is not None]
    if not values:
        return "-"
    low, high = text(min(values), digits), text(max(values), digits)
    return low if low == high else f"{low} to {high}"


def moved(starts, ends, digits):
    starts, ends = [[v for v in vs if v is not None] for vs in (starts, ends)]
    if not starts or not ends:
        return "-"
    return f"{text(sum(starts) / len(starts), digits)} → {text(sum(ends) / len(ends), digits)}"


SHAPES = ["bulk", "bulk + spikes", "bulk decay", "heavy tail"]


def shapes(values):
    return ", ".join(SHAPES[int(v)] for v in sorted({v for v in values if v is not None}))


def runs(folder):
    for file in sorted(glob.glob(os.path.join(folder, "*", "run.sqlite"))):
        with open(os.path.join(os.path.dirname(file), "config.toml"), "rb") as config:
            yield tomllib.load(config), sqlite3.connect(f"file:{file}?mode=ro", uri=True)


def grouped(folder, names):
    groups = {}
    for config, run in runs(folder):
        if config["name"] not in names:
            continue
        data, optimizer = config["data"], config["optimizer"]
        batch = config["training"]["batch"]
        method = "GD" if batch == "full" else {"sgd": "SGD", "adam": "Adam"}[optimizer["kind"]]
        train = config["model"].get("train") or ["all"]
        key = (config["name"], data["kind"], data["n"], ["GD", "SGD", "Adam"].index(method), len(train), optimizer["lr"])
        groups.setdefault(key, (f"{method} {optimizer['lr']:g}", []))[1].append(run)
    return sorted(groups.items())


def strategies(folder):
    print("| student, n | trained | training | outliers | top/edge | Hill | shape | teacher alignment | KTA of CK | KTA of NTK"
          " | y in top CK | CK, top-tenth Hill | CK, λ1/λ10 | test R² |")
    print("|" + "---|" * 14)
    for (name, _, n, _, train, _), (label, group) in grouped(folder, {"mini-batch", "teacher-tanh"}):
        w = lambda m: [number(r, "weight", m) for r in group]
        k = lambda kind, m, step="desc": [number(r, kind, m, view="train", step=step) for r in group]
        pair = lambda kind, m, digits: moved(k(kind, m, "asc"), k(kind, m), digits)
        cells = [{"mini-batch": "tanh", "teacher-tanh": "softplus"}[name] + f", {n}", "W" if train == 1 else "both", label,
                 spread(w("outliers"), 0), spread(w("top_to_edge"), 2), spread(w("alpha_hill"), 2), shapes(w("shape_class")),
                 spread(w("teacher_alignment"), 2), pair("ck", "kta_train", 2), pair("ntk", "kta_train", 2),
                 spread(k("ck", "label_overlap"), 2), pair("ck", "alpha_hill_top", 2), pair("ck", "eigenvalue_ratio_1_10", 1),
                 spread([scalar(r, "test_r2") for r in group], 2)]
        print("| " + " | ".join(cells) + " |")


def quadratic(folder):
    print("\n| samples | training | outliers | Hill | shape | test R² |")
    print("|" + "---|" * 6)
    for (_, _, n, _, _, _), (label, group) in grouped(folder, {"quadratic"}):
        w = lambda m: [number(r, "weight", m) for r in group]
        cells = [str(n), label, spread(w("outliers"), 0), spread(w("alpha_hill"), 2), shapes(w("shape_class")),
                 spread([scalar(r, "test_r2") for r in group], 2)]
        print("| " + " | ".join(cells) + " |")


def images(folder):
    print("\n| images | network | training | layer | outliers | Hill, change | KS to the start | shape | labels in top CK | centred KTA of CK"
          " | test accuracy |")
    print("|" + "---|" * 11)
    for (name, data, _, _, _, _), (label, group) in grouped(folder, {"images-mlp", "images-conv"}):
        prefix = "hidden" if name == "images-mlp" else "conv"
        for i in (0, 1):
            layer = f"{prefix}.{i}.weight"
            w = lambda m, step="desc": [number(r, "weight", m, layer, step=step) for r in group]
            k = lambda m, step="desc": [number(r, "ck", m, layer, "train", step) for r in group]
            hill = [b - a for a, b in zip(w("alpha_hill", "asc"), w("alpha_hill"))]
            cells = [data, {"images-mlp": "MLP", "images-conv": "ConvNet"}[name], label, str(i + 1), spread(w("outliers"), 0),
                     spread(hill, 2), spread(w("initial_distance"), 3), shapes(w("shape_class")) or "-",
                     moved(k("label_overlap", "asc"), k("label_overlap"), 2),
                     moved(k("kta_centred", "asc"), k("kta_centred"), 2), spread([scalar(r, "test_accuracy") for r in group], 3)]
            print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    strategies(sys.argv[1])
    quadratic(sys.argv[1])
    images(sys.argv[1])

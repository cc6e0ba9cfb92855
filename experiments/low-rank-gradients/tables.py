"""Prints the README's tables: the means over seeds of finished runs beside the specification's values.

    spectrum verify experiments/low-rank-gradients --scale paper --out runs
    spectrum verify experiments/low-rank-gradients --scale small --out runs
    for s in 0 1 2 3 4; do for m in "relu mean-field" "tanh mean-field" "erf-gaussian ntk"; do set -- $m
        spectrum run configs/low-rank-gradients/one-gradient.toml --seed $s --out runs --set 'data.spikes=[{nu=0.375}]' \\
            --set model.activation=$1 --set model.scaling=$2; done
        spectrum run configs/low-rank-gradients/one-gradient.toml --seed $s --out runs --set data.n=750 --set data.d=1000 \\
            --set model.width=1250 --set data.alpha=0.8888888888888888 --set model.activation=relu \\
            --set training.regularizers.input_noise=1.0; done
    python3 experiments/low-rank-gradients/tables.py runs

The loop does the rows that no claim asks for. Needs Python 3.11 and nothing else. The specification's values are of one seed in 10.2 to 10.5 and of three in 10.1. `sd` is the standard
deviation over our seeds; singular values are those that the runs stored.
"""

import sqlite3
import statistics
import struct
import sys
import tomllib
from pathlib import Path

BASE = {"data.alpha": 0.0, "data.bulk": "raw", "data.directions": "generic", "data.sign": False, "model.init": "sphere",
        "model.scaling": "ntk", "model.activation": "tanh", "nu": 0.125, "decay": 0.0, "noise": 0.0, "jacobian": 0.0}
SIZES = {"10.1": (450, 600, 750), "paper": (750, 1000, 1250), "10.5": (240, 320, 400)}


def settings(config):
    """The keys that tell runs apart."""
    data, model = config["data"], config["model"]
    r = config["training"].get("regularizers", {})
    return {"data.alpha": round(data["alpha"], 6), "data.bulk": data["bulk"], "data.directions": data["directions"],
            "data.sign": data["sign"], "model.init": model["init"], "model.scaling": model["scaling"],
            "model.activation": model["activation"], "nu": data["spikes"][0]["nu"], "decay": r.get("weight_decay", 0.0),
            "noise": r.get("input_noise", 0.0), "jacobian": r.get("jacobian", 0.0),
            "size": (data["n"], data["d"], model["width"]), "name": config["name"]}


def load(folder):
    """{settings: {seed: directory}} of finished runs of two-layer networks on spiked data."""
    runs = {}
    for file in sorted(Path(folder).glob("*/config.toml")):
        config = tomllib.loads(file.read_text())
        if config["data"]["kind"] != "spiked" or config["model"]["kind"] != "two-layer":
            continue
        with sqlite3.connect(f"file:{file.parent / 'run.sqlite'}?mode=ro", uri=True) as base:
            if base.execute("select status from runs").fetchone()[0] != "finished":
                continue
        # Other steps recorded, another backend: the first that is there counts.
        if config["name"] == "low-rank-training" and 120 not in config["spectra"]["every"]:
            continue
        runs.setdefault(tuple(sorted(settings(config).items())), {}).setdefault(config["seed"], file.parent)
    return runs


class Run:
    """The numbers of one run."""

    def __init__(self, directory):
        base = sqlite3.connect(f"file:{directory / 'run.sqlite'}?mode=ro", uri=True)
        self.records = {(kind, metric, step): value for step, kind, metric, value in
                        base.execute("select step, kind, metric, value from records where layer = 'hidden.weight'")}
        self.scalars = {(name, step): value for step, name, value in base.execute("select step, name, value from scalars")}
        self.values = {}
        for step, kind, blob in base.execute("select step, kind, singular_values from spectra"):
            self.values[kind, step] = struct.unpack(f"<{len(blob) // 8}d", blob)
        base.close()

    def __call__(self, metric, step=1):
        kind = "gradient"
        if metric[0] == "s" and metric[1:].isdigit():
            return self.values[kind, step][int(metric[1:]) - 1]
        if metric in ("loss", "test_loss"):
            return self.scalars["train_loss" if metric == "loss" else metric, step - 1]
        if metric.startswith("weight "):
            kind, metric, step = "weight", metric[7:], step - 1
        return self.records[kind, metric, step]


def row(runs, size, label, ours, spec, step=1, name="one-gradient", **keys):
    """One line: `ours` are metrics, `spec` the specification's values in the same order, None where it has none."""
    wanted = dict(BASE, size=SIZES[size], name=name, **keys)
    found = runs.get(tuple(sorted(wanted.items())))
    cells = []
    if not found:
        cells = ["not run"] * len(ours)
    else:
        all_runs = [Run(found[seed]) for seed in sorted(found)]
        for metric, other in zip(ours, spec):
            numbers = [run(metric, step) for run in all_runs]
            mean, spread = statistics.fmean(numbers), statistics.stdev(numbers) if len(numbers) > 1 else 0.0
            cells.append(f"{mean:.3g} ± {spread:.2g}" + (f" ({other:.3g})" if other is not None else ""))
    print(f"| {label} | " + " | ".join(cells) + " |")


def header(title, columns):
    print(f"\n{title}\n\n| setting | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))


def table_1(runs):
    header("10.1: n/d/m = 450/600/750, ours: mean ± sd (specification: mean of 3 seeds)",
           ["S1", "S2", "S12", "joint", "rank 1", "rank 2", "G-S1", "G-S1-S2", "E/G", "cos(U1, X_B^T r)", "cos(U1, q)"])
    metrics = ["s1_share", "s2_share", "s12_share", "joint_share", "best_rank_1_share", "best_rank_2_share", "residual_s1",
               "residual_s1_s2", "residual_s1_sq", "input_side_s1_alignment_1", "input_side_spike_alignment_1"]
    for kind, scaling, nu, *spec in [
        ("relu", "mean-field", 0.125, .576, .003, .016, .595, .592, .610, .21, .20, .175, .987, .14),
        ("relu", "ntk", 0.125, .571, .003, .016, .591, .588, .607, .20, .19, .182, .986, .17),
        ("tanh", "mean-field", 0.125, .822, .001, .022, .846, .844, .850, .16, .16, .088, .987, .14),
        ("tanh", "ntk", 0.125, .832, .001, .016, .849, .848, .854, .15, .14, .083, .990, .14),
        ("erf-gaussian", "mean-field", 0.125, .879, .001, .023, .904, .902, .906, .15, .15, .067, .987, .14),
        ("erf-gaussian", "ntk", 0.125, .887, .001, .018, .906, .905, .909, .14, .14, .064, .990, .14),
        ("near-linear", "ntk", 0.125, .983, 4e-6, .016, 1.0, .999, 1.0, .12, .12, .004, .992, .12),
        ("relu", "mean-field", 0.375, .246, .040, .550, .820, .806, .836, .84, .81, .158, .54, .83),
        ("relu", "ntk", 0.375, .202, .088, .569, .845, .825, .860, .88, .82, .142, .48, .88),
        ("tanh", "mean-field", 0.375, .319, .023, .689, .934, .923, .932, .81, .85, .062, .57, .80),
        ("tanh", "ntk", 0.375, .296, .019, .714, .937, .932, .938, .83, .87, .055, .55, .82),
        ("erf-gaussian", "ntk", 0.375, .297, .014, .736, .963, .958, .962, .83, .87, .045, .54, .83),
        ("relu", "ntk", 0.5, .028, .293, .673, .976, .968, .983, .99, .80, .082, .13, .99),
        ("tanh", "ntk", 0.5, .084, .079, 1.187, .976, .972, .978, .96, 1.10, .053, .25, .96),
    ]:
        row(runs, "10.1", f"{kind}, {scaling}, ν = {nu}", metrics, spec,
            **{"model.activation": kind, "model.scaling": scaling, "nu": nu})


def table_2(runs):
    header("10.2: 750/1000/1250, NTK (specification: seed 0 alone)",
           ["S1", "S2", "S12", "E", "s_1", "cos(U1, q)", "cos(U2, q)"])
    metrics = ["s1_norm", "s2_norm", "s12_norm", "e_norm", "spectral_norm", "input_side_spike_alignment_1",
               "input_side_spike_alignment_2"]
    for init, kind, nu, *spec in [
        ("sphere", "relu", 0.125, 1.197, .074, .040, .169, 1.204, .03, .11),
        ("sphere", "relu", 0.25, 1.197, .205, .106, .168, 1.209, .10, .81),
        ("sphere", "relu", 0.375, 1.187, .789, .348, .295, 1.297, .48, .81),
        ("sphere", "relu", 0.5, 1.130, 3.848, 2.019, .509, 4.469, .99, .11),
        ("sphere", "tanh", 0.25, 1.395, .105, .136, .088, 1.400, .08, .90),
        ("sphere", "tanh", 0.375, 1.346, .272, .465, .114, 1.429, .35, .91),
        ("sphere", "tanh", 0.5, 1.168, .906, .562, .265, 1.624, .76, .63),
        ("biased", "relu", 0.125, 1.210, .187, .274, .361, 1.393, .40, .07),
        ("biased", "relu", 0.25, 1.264, 1.092, 1.555, .683, 3.172, .87, .04),
        ("biased", "tanh", 0.125, 1.337, .075, .397, .109, 1.408, .32, .25),
        ("biased", "tanh", 0.25, 1.146, .604, 1.616, .297, 1.593, .70, .60),
    ]:
        row(runs, "paper", f"{init}, {kind}, ν = {nu}", metrics, spec,
            **{"model.activation": kind, "model.init": init, "nu": nu})


def table_3(runs):
    header("10.3: ν = 1/8, NTK, 750/1000/1250, bulk k^-α as it is (specification: seed 0 alone)",
           ["S1", "S2", "S12", "E", "S1/S2", "S1/E", "cos(U1, X_B^T r)"])
    metrics = ["s1_norm", "s2_norm", "s12_norm", "e_norm", "s1_to_s2", "s1_to_e", "input_side_s1_alignment_1"]
    for alpha, kind, *spec in [
        (0.0, "relu", 1.197, .074, .040, .169, 16, 7.1, .999),
        (0.0, "tanh", 1.402, .044, .036, .092, 32, 15, 1.0),
        (0.0, "sigmoid", .478, .006, .006, .015, 74, 32, 1.0),
        (5 / 9, "relu", .283, .081, .175, .063, 3.5, 4.5, .84),
        (5 / 9, "tanh", .533, .012, .229, .0056, 45, 96, .92),
        (5 / 9, "erf-gaussian", .435, .0056, .220, .0025, 78, 174, .90),
        (5 / 9, "sigmoid", .149, .0011, .095, .0005, 137, 322, .85),
        (8 / 9, "relu", .284, .202, .395, .076, 1.4, 3.7, .52),
        (8 / 9, "tanh", .551, .018, .665, .0036, 30, 154, .65),
        (8 / 9, "sigmoid", .145, .0016, .204, .0003, 93, 471, .58),
    ]:
        row(runs, "paper", f"α = {alpha:.3g}, {kind}", metrics, spec,
            **{"data.alpha": round(alpha, 6), "model.activation": kind})
    for kind in ["relu", "tanh"]:
        for alpha in [5 / 9, 8 / 9]:
            row(runs, "10.1", f"α = {alpha:.3g}, {kind}, trace d, 450/600/750", metrics, [None] * 7,
                **{"data.alpha": round(alpha, 6), "model.activation": kind, "data.bulk": "trace"})


def table_4(runs):
    header("10.4: 750/1000/1250, NTK; the rows along X_B^T r and q are of the regularised gradient, the terms of the loss's own, "
           "with the step's noise in the bulk (specification: seed 0 alone; of its noise rows a mean over draws)",
           ["s_1", "s_2", "s_3", "row along X_B^T r", "row along q", "S1", "S2", "E"])
    metrics = ["s1", "s2", "s3", "input_side_s1_length", "input_side_spike_length", "s1_norm", "s2_norm", "e_norm"]
    for label, nu, alpha, init, kind, key, points in [
        ("tanh, sphere, ν = 3/8", 0.375, 0.0, "sphere", "tanh", "decay",
         [(0.0, 1.43, .258, .089, 1.329, .558), (0.01, 1.43, .258, .090, 1.331, .558), (0.1, 1.46, .300, .216, 1.356, .568)]),
        ("tanh, sphere, ν = 3/8", 0.375, 0.0, "sphere", "tanh", "noise",
         [(0.5, 1.34, .214, .076, 1.252, .457), (1.0, 1.17, .162, .054, 1.092, .197)]),
        ("tanh, sphere, ν = 3/8", 0.375, 0.0, "sphere", "tanh", "jacobian",
         [(1.0, 1.72, .272, .090, 1.482, .586), (10.0, 7.42, .670, .098, 2.865, 1.003)]),
        ("tanh, sphere, ν = 1/8, α = 8/9", 0.125, 8 / 9, "sphere", "tanh", "decay",
         [(0.0, .858, .010, .0015, .554, .659), (0.01, .858, .021, .021, .554, .658)]),
        ("tanh, sphere, ν = 1/8, α = 8/9", 0.125, 8 / 9, "sphere", "tanh", "jacobian", [(1.0, 2.14, .029, .005, .531, .576)]),
        ("tanh, biased, ν = 1/4", 0.25, 0.0, "biased", "tanh", "noise",
         [(0.0, 1.59, .143, .089, 1.187, 1.112, None, .604), (1.0, 1.40, .097, .063, 1.029, .931, None, .356),
          (2.0, 1.16, .066, .052, .780, .681, None, .181)]),
        ("relu, biased, ν = 1/4", 0.25, 0.0, "biased", "relu", "noise",
         [(0.0, 3.17, None, None, 1.553, 2.760, None, 1.092), (2.0, 3.91, None, None, 1.796, 3.098, None, 1.104)]),
        ("relu, sphere, ν = 1/8, α = 8/9", 0.125, 8 / 9, "sphere", "relu", "noise",
         [(0.0, .510, None, None, .288, .443, None, .202), (1.0, .627, None, None, .282, .353, None, .116)]),
    ]:
        for value, *spec in points:
            row(runs, "paper", f"{label}, {key} {value:g}", metrics, spec + [None] * (len(metrics) - len(spec)),
                **{"nu": nu, "data.alpha": round(alpha, 6), "model.init": init, "model.activation": kind, key: value})


def table_5(runs):
    header("10.5: 240/320/400, ν = 3/8 (specification: seed 0 alone)",
           ["loss", "rank 1", "rank 2", "stable rank of G", "share along X_B^T r", "share along q", "stable rank of W",
            "Wq"])
    metrics = ["loss", "best_rank_1_share", "best_rank_2_share", "stable_rank", "input_side_s1_share",
               "input_side_spike_share", "weight stable_rank", "weight_spike_length"]
    none, noise, jacobian, decay = {}, {"noise": 1.0}, {"jacobian": 0.3}, {"decay": 0.01}
    for label, kind, scaling, keys, step, *spec in [
        ("tanh, NTK", "tanh", "ntk", none, 0, 1.47, .98, .98, 1.02, .13, .90, 90.7, 1.07),
        ("tanh, NTK", "tanh", "ntk", none, 12, .434, .73, .77, 1.38, .72, .04, 90.6, 1.09),
        ("tanh, NTK", "tanh", "ntk", none, 36, .146, .58, .64, 1.72, .58, .05, 90.5, 1.10),
        ("tanh, NTK", "tanh", "ntk", none, 120, .016, .34, .40, 2.93, .33, .06, 90.4, 1.12),
        ("tanh, NTK, noise 1", "tanh", "ntk", noise, 120, .088, .96, .96, 1.05, .09, .89, 90.4, 1.12),
        ("tanh, NTK, Jacobian 0.3", "tanh", "ntk", jacobian, 120, .039, .66, .70, 1.51, .65, .05, 90.1, 1.16),
        ("tanh, NTK, decay 0.01", "tanh", "ntk", decay, 120, .019, .38, .44, 2.67, .37, .05, 90.4, 1.06),
        ("relu, NTK", "relu", "ntk", none, 120, .002, .19, .25, 5.21, .19, .03, 90.8, 1.14),
        ("relu, NTK, noise 1", "relu", "ntk", noise, 120, .031, .60, .77, 1.68, .22, .55, 91.0, 1.17),
        ("relu, NTK, Jacobian 0.3", "relu", "ntk", jacobian, 120, .008, .52, .56, 1.93, .49, .07, 90.6, 1.14),
        ("tanh, mean field", "tanh", "mean-field", none, 12, .523, .67, .69, 1.50, .54, .01, 8.2, 2.45),
        ("tanh, mean field", "tanh", "mean-field", none, 120, .355, .48, .53, 2.10, .20, .01, 2.2, 2.95),
    ]:
        row(runs, "10.5", f"{label}, step {step}", metrics, spec, step=step + 1, name="low-rank-training",
            **dict({"nu": 0.375, "model.activation": kind, "model.scaling": scaling}, **keys))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tables.py RUNS")
    runs = load(sys.argv[1])
    for table in (table_1, table_2, table_3, table_4, table_5):
        table(runs)


if __name__ == "__main__":
    main()

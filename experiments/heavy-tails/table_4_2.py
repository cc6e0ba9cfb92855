#!/usr/bin/env python3
"""Ten full-batch steps at the paper's size (2000/1000/1500), beside table 4.2 of the reference implementation.

    cargo build --release
    python3 experiments/heavy-tails/table_4_2.py target/release/spectrum

Prints a Markdown table: each cell is ours, then the reference (one seed, numpy, another random stream). Nothing is
judged; the exit code says only whether the runs could be done (0) or not (2). Standard library only.

Against the reference's conventions, all of the variance of W_0 (here 1):
- top/edge and 2nd/edge: the two largest eigenvalues of W^T W over (sqrt N + sqrt p)^2. Ours are computed here from the
  stored singular values; the metric `top_to_edge` uses the variance fitted to the bulk.
- outliers: the metric `outliers_initial`.
- KS: distance of all eigenvalues to the Marchenko-Pastur law of variance 1, computed here by quadrature; the metric
  `mp_distance` uses the fitted variance.
- displacement: frobenius_norm of W_10 - W_0 over that of W_0.
- test loss: `ridge_test_loss`, the readout refitted on the probe set.
"""
import argparse
import json
import math
import os
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYER, STEP = "hidden.weight", 10
COLUMNS = ["top/edge", "2nd/edge", "outliers", "Hill", "KS", "alignment", "displacement", "test loss"]

# top/edge, 2nd/edge, outliers, Hill, KS, alignment, displacement, test loss with the network's features, with those of the
# published code (feature_scale = "d").
REFERENCE = {
    "init": (0.987, 0.976, 0, 2.448, 0.004, 0.038, 0.0, 1.714, 0.973),
    "GD 10": (0.987, 0.976, 0, 2.448, 0.004, 0.041, 0.0036, 1.714, 0.973),
    "GD 1000": (0.993, 0.983, 0, 2.446, 0.004, 0.090, 0.064, 1.684, 0.964),
    "GD 2000": (3.56, 2.84, 144, 2.193, 0.163, 0.277, 0.53, 1.828, 0.947),
    "GD 3000": (12.1, 6.90, 257, 1.966, 0.274, 0.162, 1.01, 1.998, 0.957),
    "Adam 0.01": (1.10, 0.989, 1, 2.449, 0.003, 0.366, 0.069, 1.700, 0.960),
    "Adam 0.03": (1.20, 1.003, 1, 2.442, 0.009, 0.369, 0.122, 1.698, 0.961),
    "Adam 0.1": (1.33, 1.07, 6, 2.433, 0.028, 0.399, 0.178, 1.706, 0.960),
    "Adam 0.3": (4.70, 2.79, 155, 2.207, 0.178, 0.384, 0.583, 1.879, 0.959),
    "Adam 1": (91.8, 32.4, 613, 1.819, 0.624, 0.293, 3.27, 2.297, 1.016),
    "Adam 3": (2523, 325, 964, 1.837, 0.967, 0.245, 11.5, 2.424, 1.161),
    "Adam 10": (18700, 3400, 1000, 1.846, 1.0, 0.108, 39, 2.532, 1.626),
}


class Law:
    """Marchenko-Pastur law of the eigenvalues of W^T W, W being N x p with entries of variance 1."""

    def __init__(self, rows, cols, points=20000):
        n, p = max(rows, cols), min(rows, cols)
        self.low, self.high = (math.sqrt(n) - math.sqrt(p)) ** 2, (math.sqrt(n) + math.sqrt(p)) ** 2
        # With x = middle - half cos(t) the density sqrt((high-x)(x-low))/(2 pi p x) becomes smooth in t: midpoint rule.
        middle, half = (self.high + self.low) / 2, (self.high - self.low) / 2
        step, total, self.table = math.pi / points, 0.0, [0.0]
        for k in range(points):
            t = (k + 0.5) * step
            total += (half * math.sin(t)) ** 2 / (2 * math.pi * p * (middle - half * math.cos(t))) * step
            self.table.append(total)
        self.middle, self.half, self.points = middle, half, points

    def cdf(self, x):
        if x <= self.low:
            return 0.0
        if x >= self.high:
            return 1.0
        place = math.acos(max(-1.0, min(1.0, (self.middle - x) / self.half))) / math.pi * self.points
        k = min(int(place), self.points - 1)
        return self.table[k] + (place - k) * (self.table[k + 1] - self.table[k])

    def distance(self, eigenvalues):
        """Two-sided Kolmogorov-Smirnov distance."""
        n = len(eigenvalues)
        values = [self.cdf(x) for x in sorted(eigenvalues)]
        return max(max((i + 1) / n - f, f - i / n) for i, f in enumerate(values))


def spectrum_run(binary, optimizer, rate, seed, out, extra):
    """One run; its JSON document, or None when it failed (a run may diverge)."""
    # Weights and displacements at the start and after ten steps; one leading pair for the alignment; no nulls.
    sets = [f"name=table-{optimizer}-{rate:g}", f"optimizer.kind={optimizer}", f"optimizer.lr={float(rate)!r}",
            'spectra.kinds=["weight", "displacement"]', f"spectra.every=[{STEP}]", "spectra.vectors=1",
            "spectra.nulls=false", *extra]
    command = [binary, "run", str(ROOT / "configs" / "heavy-tails" / "tail-paper.toml"), "--json", "--force",
               "--seed", str(seed), "--out", str(out)]
    for text in sets:
        command += ["--set", text]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"exit {done.returncode}: {' '.join(command)}\n{done.stderr.strip()}", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def singular_values(directory, step):
    """From the run's database: rows, columns, values, descending."""
    file = pathlib.Path(directory, "run.sqlite").resolve().as_uri()
    database = sqlite3.connect(f"{file}?mode=ro", uri=True)
    rows, cols, blob = database.execute(
        "SELECT rows, cols, singular_values FROM spectra WHERE step = ? AND layer = ? AND kind = 'weight'",
        (step, LAYER)).fetchone()
    database.close()
    return rows, cols, struct.unpack(f"<{len(blob) // 8}d", blob)


def measure(run, step):
    """The columns of one row."""
    records = {(r["step"], r["kind"], r["metric"]): r["value"] for r in run["records"] if r["layer"] == LAYER}
    rows, cols, values = singular_values(run["run"]["dir"], step)
    eigenvalues, law = [s * s for s in values], Law(rows, cols)
    norm, moved = records.get((0, "weight", "frobenius_norm")), records.get((step, "displacement", "frobenius_norm"))
    return [
        eigenvalues[0] / law.high,
        eigenvalues[1] / law.high,
        records.get((step, "weight", "outliers_initial")),
        records.get((step, "weight", "alpha_hill")),
        law.distance(eigenvalues),
        records.get((step, "weight", "teacher_alignment")),
        0.0 if step == 0 else moved / norm if moved is not None else None,
        records.get((step, "ck", "ridge_test_loss")),
    ]


def text(value):
    return "none" if value is None else f"{value:.4g}" if abs(value) < 1e4 else f"{value:.3g}"


def line(name, ours, reference):
    cells = [f"{text(a)} ({text(b)})" for a, b in zip(ours, reference)]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the program spectrum")
    parser.add_argument("--out", help="keep the runs in this folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", nargs="+", metavar="ROW", default=list(REFERENCE)[1:],
                        help="some of: " + ", ".join(f'"{r}"' for r in list(REFERENCE)[1:]))
    parser.add_argument("--feature-scale", choices=["sqrt_d", "d"], default="sqrt_d",
                        help="features of the network, or of the published code")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="given to every run")
    args = parser.parse_args()
    unknown = [row for row in args.rows if row not in REFERENCE or row == "init"]
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}")
    # A bare name is searched in PATH, a path is one.
    binary = str(pathlib.Path(args.binary).resolve()) if os.sep in args.binary else args.binary
    extra = [f'probe.feature_scale="{args.feature_scale}"', *args.set]

    def reference(name):
        return [*REFERENCE[name][:7], REFERENCE[name][7 if args.feature_scale == "sqrt_d" else 8]]

    failed = 0
    print(f"| ours (reference) | {' | '.join(COLUMNS)} |")
    print("|---" * (1 + len(COLUMNS)) + "|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        started = False
        for name in args.rows:
            kind, rate = name.split()
            optimizer = {"GD": "sgd", "Adam": "adam"}[kind]
            print(name, file=sys.stderr)
            run = spectrum_run(binary, optimizer, float(rate), args.seed, args.out or folder, extra)
            if run is None:
                failed += 1
                continue
            # Every run of a seed starts from the same weights.
            if not started:
                line("init", measure(run, 0), reference("init"))
                started = True
            line(name, measure(run, STEP), reference(name))
    return 2 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Times of the peers and of Spectrum, taken in turns in one run, and alpha layer by layer under convention ww.

usage: python speed.py [--checkpoint MODEL.safetensors [--spectrum PATH]] [--fits [--spectrum-bench PATH]] [--json OUT]

--fits              one power-law fit of 500, 1000, 2048, 4096 Pareto draws (exponent 2.5): WWFit, powerlaw.Fit, ours
--spectrum-bench    a program called as `PATH FILE REPEATS`; FILE has one eigenvalue a line. It fits REPEATS times under
                    convention ww and prints {"alpha": .., "xmin": .., "seconds": [..]}, one number for each fit
--checkpoint        whole processes: WeightWatcher's analyze(min_evals=50), and `PATH analyze MODEL --json --convention ww`
--spectrum-args     instead of `--json --convention ww`
--full              WeightWatcher also with randomize, mp_fit and detX, once: minutes
--rounds            of each (default 3); figures are medians
--threads           BLAS threads of the peers, and --jobs of ours (default: what each takes by itself)

Wall time is that of the process, imports and reading included. Peak memory is ru_maxrss of the process; this script imports
nothing heavy, because Linux counts the parent's pages into that figure. Exit 1 where an alpha that both have differs by more than
1e-9, relative.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

SIZES = (500, 1000, 2048, 4096)
TOLERANCE = 1e-9


def run(command, threads=None):
    """Standard output of one process, and its wall seconds, CPU seconds and peak resident MB."""
    environment = dict(os.environ)
    if threads:
        environment |= {f"{name}_NUM_THREADS": str(threads) for name in ("OPENBLAS", "OMP", "MKL")}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode:
            sys.exit(f"{shlex.join(command)}: exit {child.returncode}\n{err.read().decode(errors='replace')[-2000:]}")
        cost = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "mb": usage.ru_maxrss * 1024 / 1e6}
        return out.read().decode(), cost


def last_json(text):
    """The document in the output; WeightWatcher also prints lines of its own."""
    for at in [0] + [i + 1 for i, c in enumerate(text) if c == "\n"]:
        if text[at : at + 1] == "{":
            return json.loads(text[at:])
    sys.exit("no JSON in the output")


# Children: these import the heavy packages.


def child_weightwatcher(path, full):
    import logging
    import resource
    import warnings

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    start = time.perf_counter()
    from safetensors.torch import load_file

    import weightwatcher

    imported = time.perf_counter()
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    options = {"randomize": True, "mp_fit": True, "detX": True} if full else {}
    watcher = weightwatcher.WeightWatcher(model=load_file(path), log_level=logging.ERROR)
    details = watcher.analyze(min_evals=50, **options)
    done = time.perf_counter()
    layers = {row["name"]: {"alpha": row["alpha"], "xmin": row["xmin"]} for row in details.to_dict("records")}
    print(json.dumps({"import": imported - start, "analyze": done - imported, "import_mb": rss, "layers": layers}))


def child_fits(bench, rounds):
    import logging
    import warnings

    import numpy as np

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    import powerlaw
    from weightwatcher.WW_powerlaw import WWFit

    def clock(f, *a, **k):
        start = time.perf_counter()
        fit = f(*a, **k)
        return time.perf_counter() - start, fit

    rows = []
    for n in SIZES:
        x = np.sort((1.0 - np.random.Generator(np.random.PCG64([20261122, n])).random(n)) ** (-1 / 1.5))
        times = {"weightwatcher": [], "powerlaw": [], "spectrum": []}
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(map(repr, x.tolist())) + "\n")
            file.flush()
            for _ in range(rounds):
                seconds, ours = None, None
                for _ in range(3):
                    seconds, ww = clock(WWFit, x)
                    times["weightwatcher"].append(seconds)
                seconds, pl = clock(powerlaw.Fit, x, verbose=0)
                times["powerlaw"].append(seconds)
                if bench:
                    ours = json.loads(subprocess.run([bench, file.name, "20"], check=True, capture_output=True).stdout)
                    times["spectrum"] += ours["seconds"]
        fits = {"weightwatcher": [ww.alpha, ww.xmin], "powerlaw": [pl.alpha, pl.xmin]}
        if ours:
            fits["spectrum"] = [ours["alpha"], ours["xmin"]]
        rows.append({"n": n, "seconds": {k: statistics.median(v) for k, v in times.items() if v}, "alpha_xmin": fits})
    print(json.dumps({"rows": rows}))


# The parent.


def fits(options):
    out, _ = run([sys.executable, __file__, "child-fits", options.spectrum_bench or "", str(options.rounds)], options.threads)
    rows = last_json(out)["rows"]
    print("\n| n | WWFit ms | powerlaw.Fit ms | ours ms | WWFit / ours | powerlaw / ours |\n|---|---|---|---|---|---|")
    for row in rows:
        s = {key: 1e3 * value for key, value in row["seconds"].items()}
        ours = s.get("spectrum")
        ratios = [f"{s[k] / ours:.0f}" if ours else "" for k in ("weightwatcher", "powerlaw")]
        mine = f"{ours:.3f}" if ours else ""
        print(f"| {row['n']} | {s['weightwatcher']:.1f} | {s['powerlaw']:.1f} | {mine} | {ratios[0]} | {ratios[1]} |")
    return rows


def ours_by_layer(document):
    """{layer without .weight: {metric: value or reason}} of the weight matrices."""
    layers = {}
    for record in document["records"]:
        if record["kind"] == "weight" and record["metric"] in ("alpha", "xmin"):
            name = record["layer"].removesuffix(".weight")
            value = record["value"] if record["value"] is not None else record["reason"]
            layers.setdefault(name, {})[record["metric"]] = value
    return layers


def compare(theirs, ours):
    """Rows (layer, alpha, ours, relative difference); a reason counts as no fit."""
    rows = []
    for name, fit in theirs.items():
        mine = ours.get(name, {}).get("alpha")
        numeric = isinstance(mine, (int, float)) and fit["alpha"] > 0
        rows.append((name, fit["alpha"], mine, abs(mine / fit["alpha"] - 1) if numeric else None))
    return rows


def checkpoint(options):
    peer = [sys.executable, __file__, "child-weightwatcher", options.checkpoint]
    runs = tempfile.TemporaryDirectory()
    # --force: a second analysis of the same file would only find the first.
    own = options.spectrum and [options.spectrum, "analyze", options.checkpoint, "--force", "--out", runs.name]
    own = own and own + shlex.split(options.spectrum_args)
    if own and options.threads:
        own += ["--jobs", str(options.threads)]
    with open(options.checkpoint, "rb") as f:  # both read from the page cache
        while f.read(1 << 24):
            pass
    kept = {"weightwatcher": [], "spectrum": []}
    for _ in range(options.rounds):
        out, cost = run(peer + [""], options.threads)
        theirs = last_json(out)
        kept["weightwatcher"].append(cost | {k: theirs[k] for k in ("import", "analyze", "import_mb")})
        if own:
            out, cost = run(own)
            ours = last_json(out)
            kept["spectrum"].append(cost)
    result = {"runs": kept, "layers": theirs["layers"]}
    if options.full:
        out, cost = run(peer + ["full"], options.threads)
        result["weightwatcher_full"] = cost | {"analyze": last_json(out)["analyze"]}
    median = lambda who, what: statistics.median(r[what] for r in kept[who])
    line = lambda label, c: print(f"| {label} | {c['wall']:.2f} | {c['cpu']:.2f} | {c['mb']:.0f} |")
    cost = lambda who: {what: median(who, what) for what in ("wall", "cpu", "mb")}
    peers = cost("weightwatcher")
    print("\n| | wall s | CPU s | peak MB |\n|---|---|---|---|")
    line("WeightWatcher, process", peers)
    print(f"| of which imports | {median('weightwatcher', 'import'):.2f} | | {median('weightwatcher', 'import_mb'):.0f} |")
    print(f"| of which reading and analyze() | {median('weightwatcher', 'analyze'):.2f} | | |")
    if options.full:
        line("WeightWatcher with randomize, mp_fit, detX, process", result["weightwatcher_full"])
    if not own:
        return result, 0
    mine = cost("spectrum")
    line("ours, process", mine)
    ratio = {what: peers[what] / mine[what] for what in peers}
    print(f"| ratio, process | {ratio['wall']:.1f} | {ratio['cpu']:.1f} | {ratio['mb']:.1f} |")
    print(f"| ratio, analyze() against our process | {median('weightwatcher', 'analyze') / mine['wall']:.1f} | | |")
    rows = compare(theirs["layers"], ours_by_layer(ours))
    print("\n| layer | alpha, WeightWatcher | ours | relative difference |\n|---|---|---|---|")
    for name, alpha, mine, difference in rows:
        print(f"| {name} | {alpha:.12g} | {mine} | {'' if difference is None else f'{difference:.1e}'} |")
    both = [d for *_, d in rows if d is not None]
    bad = sum(d > TOLERANCE for d in both)
    worst = f"largest difference {max(both):.1e}" if both else "nothing to compare"
    print(f"\n{len(both)} of {len(rows)} layers fitted by both, {worst}, {bad} above {TOLERANCE:g}")
    result["compared"] = rows
    return result, int(bool(bad) or not both)


def processor():
    try:
        with open("/proc/cpuinfo") as f:
            return next(line.split(":", 1)[1].strip() for line in f if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fits", action="store_true")
    parser.add_argument("--spectrum-bench")
    parser.add_argument("--checkpoint")
    parser.add_argument("--spectrum")
    parser.add_argument("--spectrum-args", default="--json --convention ww")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json")
    options = parser.parse_args()
    if not (options.fits or options.checkpoint):
        parser.error("nothing to do: give --fits, --checkpoint or both")
    machine = f"{processor()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} at the start"
    print(machine)
    result, code = {"machine": machine, "threads": options.threads}, 0
    if options.fits:
        result["fits"] = fits(options)
    if options.checkpoint:
        result["checkpoint"], code = checkpoint(options)
    if options.json:
        with open(options.json, "w") as f:
            json.dump(result, f, indent=1)
    sys.exit(code)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child-weightwatcher"]:
        child_weightwatcher(sys.argv[2], sys.argv[3] == "full")
    elif sys.argv[1:2] == ["child-fits"]:
        child_fits(sys.argv[2], int(sys.argv[3]))
    else:
        main()

"""Writes peers.json: what WeightWatcher and powerlaw say about each spectrum of spectra.json, and the true optima.

usage: python peers.py
"""

import contextlib
import io
import json
import logging
import platform
import warnings
from pathlib import Path

import mpmath as mp
import numpy as np
import scipy
import torch

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
np.seterr(all="ignore")

import powerlaw  # noqa: E402
import weightwatcher  # noqa: E402
from weightwatcher.WW_powerlaw import WWFit  # noqa: E402
from weightwatcher.weightwatcher import EVALS_THRESH  # noqa: E402

import reference  # noqa: E402

HERE = Path(__file__).parent
# The signature's defaults, spelled out. 2.0.0 has no `test_all_xmin`: it always tries every distinct value but the largest.
FIT = {
    "discrete": False,
    "xmin": None,
    "xmax": None,
    "fit_method": "likelihood",
    "estimate_discrete": None,
    "discrete_normalization": "round",
    "sigma_threshold": None,
    "initial_parameters": None,
    "parameter_constraints": None,
    "xmin_distance": "D",
    "xmin_distribution": "power_law",
    "verbose": 0,
}
# None keeps powerlaw's own ranges: alpha in [0, 3], for the power law and the truncated one.
RANGES = {"default": None, "open": {"alpha": [0, None]}}


def number(value):
    """A float, or None where the peer has none."""
    value = float(value)
    return value if np.isfinite(value) else None


def weightwatcher_fit(values, curve):
    watcher = weightwatcher.WeightWatcher(log_level=logging.ERROR)
    keys = ("alpha", "Lambda", "xmin", "xmax", "D", "sigma", "num_pl_spikes", "num_fingers", "raw_alpha", "status", "warning")
    with contextlib.redirect_stdout(io.StringIO()):
        row = watcher.fit_powerlaw(values, xmin=None, xmax=None, plot=False, savefig=False, fit_type="PL", pl_package="ww")
        kept = values[values > EVALS_THRESH]
        fit = WWFit(kept, xmin=None, xmax=None, distribution="power_law")
    row = dict(zip(keys, row))
    assert (row["alpha"], row["xmin"], row["D"]) == (fit.alpha, fit.xmin, fit.D)
    result = {key: number(row[key]) for key in ("alpha", "xmin", "xmax", "D", "sigma")}
    order = np.argsort(fit.Ds, kind="stable")
    result["num_pl_spikes"] = int(row["num_pl_spikes"])
    result["kept"] = len(kept)
    result["runner_up"] = {"xmin": number(fit.xmins[order[1]]), "D": number(fit.Ds[order[1]])}
    result |= {"status": row["status"], "warning": row["warning"]}
    if curve:
        result["curve"] = {"xmin": fit.xmins.tolist(), "alpha": fit.alphas.tolist(), "D": fit.Ds.tolist()}
    return result


def powerlaw_fit(values, ranges):
    fit = powerlaw.Fit(values, parameter_ranges=ranges, **FIT)
    own = fit.power_law
    tail = reference.Tail(values, fit.xmin)
    result = {
        "alpha": number(fit.alpha),
        "sigma": number(fit.sigma),
        "xmin": number(fit.xmin),
        "D": number(fit.D),
        "n_tail": int(fit.n_tail),
        "no_valid_xmin": bool(fit.noise_flag),
        "valid_xmins": int(np.sum(fit.xmin_fitting_results["valid_fits"])),
        "tried_xmins": len(fit.xmin_fitting_results["xmins"]),
        "power_law": {
            "alpha": number(own.alpha),
            "loglikelihood": number(np.sum(own.loglikelihoods(fit.data))),
            "D": number(own.D),
            "V": number(own.V),
            "Asquare": number(own.Asquare),
            "Kappa": number(own.Kappa),
            "reference_alpha": float(tail.alpha),
            "reference_loglikelihood": float(mp.fsum(tail.power_law(tail.alpha))),
        },
        "compare": {name: powerlaw_compare(fit, tail, name) for name in reference.ALTERNATIVES},
    }
    return result


def powerlaw_compare(fit, tail, name):
    other = getattr(fit, name)
    r, p = fit.distribution_compare("power_law", name, normalized_ratio=False)
    normalized, _ = fit.distribution_compare("power_law", name, normalized_ratio=True)
    parameters = {key: float(value) for key, value in other.parameters.items()}
    result = {
        "nested": "power_law" in name,
        "parameters": parameters,
        "loglikelihood": number(np.sum(other.loglikelihoods(fit.data))),
        "noise_flag": bool(other.noise_flag),
        "R": number(r),
        "R_normalized": number(normalized),
        "p": number(p),
    }
    # The same likelihood, at powerlaw's parameters, in high precision: shows whether only the optimum differs.
    try:
        again = float(mp.fsum(tail.logliks(name, parameters)))
        result["loglikelihood_recomputed"] = again if np.isfinite(again) else None
    except (ValueError, ZeroDivisionError, mp.NoConvergence):
        result["loglikelihood_recomputed"] = None
    for key, value in reference.compare(tail, name).items():
        result["reference_" + key] = value
    return result


def main():
    made = json.loads((HERE / "spectra.json").read_text())
    results = {}
    for entry in made["spectra"]:
        values = np.array(entry["eigenvalues"])
        positive = values[values > 0]
        record = {"weightwatcher": weightwatcher_fit(values, entry["name"] == "silero_lstm_hh")}
        for label, ranges in RANGES.items():
            record["powerlaw_" + label] = powerlaw_fit(positive, ranges)
        kept = values[values > EVALS_THRESH]
        record["reference_one_sided"] = reference.scan(positive, two_sided=False)
        record["reference_two_sided"] = reference.scan(positive, two_sided=True)
        record["reference_two_sided_filtered"] = reference.scan(kept, two_sided=True)
        results[entry["name"]] = record
        ww, pl, two = record["weightwatcher"], record["powerlaw_open"], record["reference_two_sided"]
        gap = {k: f"{c['reference_loglikelihood'] - (c['loglikelihood'] or np.nan):.1e}" for k, c in pl["compare"].items()}
        print(f"{entry['name']:17s} ww {ww['alpha']:.4f} open {pl['alpha']:.4f} "
              f"default {record['powerlaw_default']['alpha']:.4f} two-sided {two['alpha']:.4f}  {gap}", flush=True)
    settings = {
        "weightwatcher": {"filter": f"eigenvalue > {EVALS_THRESH}", "fit_type": "PL", "pl_package": "ww", "xmin": None, "xmax": None},
        "powerlaw_default": FIT | {"parameter_ranges": None},
        "powerlaw_open": FIT | {"parameter_ranges": RANGES["open"]},
        "compare": "R = power law minus the other; p of R; nested for the truncated power law",
        "reference": f"reference.py, {mp.mp.dps} digits",
    }
    versions = {
        "python": platform.python_version(),
        "weightwatcher": weightwatcher.__version__,
        "powerlaw": powerlaw.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "mpmath": mp.__version__,
        "torch": torch.__version__,
    }
    document = {"versions": versions, "settings": settings, "spectra": results}
    (HERE / "peers.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()

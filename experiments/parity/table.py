"""Our tail fits beside the recorded values of the peers and of the high-precision reference.

usage: python table.py FIT_FILE

FIT_FILE is the example of spectrum-tail: cargo build --release -p spectrum-tail --example fit_file
Under `ww` alpha and xmin are held against WeightWatcher 0.7.7 (1e-9, relative). Under `csn` alpha, sigma and xmin are held
against an exhaustive search with the two-sided distance (1e-9), and R and p of the rivals against the maxima that
`reference.py` found in 40 digits (1e-6 of max(1, |R|)), where the cut-off is also powerlaw's, whose tails were compared.
Exit 1 where one is off without a reason.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
RIVALS = {
    "truncated_power_law": "truncated_power_law",
    "log_normal": "lognormal",
    "exponential": "exponential",
    "stretched_exponential": "stretched_exponential",
}


def ours(program, values, convention):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.write("\n".join(map(repr, values)))
        f.flush()
        done = subprocess.run([program, f.name, "1", convention], capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip()}


def off(a, b):
    return abs(a - b) / max(abs(a), abs(b), 1e-300)


def main():
    program = sys.argv[1]
    spectra = {s["name"]: s["eigenvalues"] for s in json.loads((HERE / "spectra.json").read_text())["spectra"]}
    peers = json.loads((HERE / "peers.json").read_text())["spectra"]
    print("| spectrum | ww: alpha | off WeightWatcher (alpha, xmin) | csn: alpha | off reference (alpha, sigma, xmin) | same cut-off as powerlaw | R and p of the rivals: largest gap |")
    print("|---|---|---|---|---|---|---|")
    bad = 0
    for name, peer in peers.items():
        values = spectra[name]
        w, c = ours(program, values, "ww"), ours(program, values, "csn")
        cells = [name]
        theirs = peer["weightwatcher"]
        if "error" in w:
            cells += ["none", w["error"]]
        else:
            gaps = off(w["alpha"], theirs["alpha"]), off(w["xmin"], theirs["xmin"])
            bad += max(gaps) > 1e-9
            cells += [f"{w['alpha']:.4f}", "{:.1e}, {:.1e}".format(*gaps)]
        reference = peer["reference_two_sided"]
        if "error" in c:
            cells += ["none", c["error"], "", ""]
        else:
            sigma = reference.get("sigma", (reference["alpha"] - 1) / reference["n_tail"] ** 0.5)
            gaps = off(c["alpha"], reference["alpha"]), off(c["sigma"], sigma), off(c["xmin"], reference["xmin"])
            bad += max(gaps) > 1e-9
            same = off(c["xmin"], peer["powerlaw_open"]["xmin"]) < 1e-12
            cells += [f"{c['alpha']:.4f}", "{:.1e}, {:.1e}, {:.1e}".format(*gaps), "yes" if same else "no"]
            worst, notes = 0.0, []
            for mine, other in RIVALS.items():
                if not same:
                    break
                got, want = c["rivals"][mine], peer["powerlaw_open"]["compare"][other]
                if "reason" in got:
                    attained = want["reference_attained"]
                    bad += attained
                    notes.append(f"{mine}: no maximum" + (", but the reference has one" if attained else ""))
                elif want.get("reference_R") is None:
                    notes.append(f"{mine}: no reference")
                elif want["reference_parameters"].get("alpha", 0) < 0:
                    notes.append(f"{mine}: the reference's alpha is negative")
                else:
                    gap = max(abs(got["R"] - want["reference_R"]) / max(1, abs(want["reference_R"])), abs(got["p"] - want["reference_p"]))
                    bad += gap > 1e-6
                    worst = max(worst, gap)
            cells.append(f"{worst:.1e}" + ("; " + "; ".join(notes) if notes else "") if same else "")
        print("| " + " | ".join(cells) + " |")
    print(f"\n{bad} off without a reason")
    sys.exit(bad > 0)


main()

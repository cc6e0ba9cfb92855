"""Times this crate's routes beside numpy and scipy: one run, one thread each, one matrix shape after the other.

    cargo build --release -p spectrum-linalg --example time_routes
    python3 crates/spectrum-linalg/benches/compare.py target/release/examples/time_routes

Needs numpy and scipy. The minimum of REPEATS calls in each of ROUNDS rounds, in which the programs take turns: the
figure least disturbed by whatever else the machine does, whose load is printed.
"""
import json
import os
import subprocess
import sys
import time

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
import numpy as np  # noqa: E402  (the thread count is read at import)
import scipy  # noqa: E402
import scipy.linalg  # noqa: E402

REPEATS, ROUNDS = 3, 5
SHAPES = [(1024, 1024), (4096, 1024), (1500, 1000), (600, 400)]
PAIRS = 8


def times(f):
    out = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        f()
        out.append(time.perf_counter() - start)
    return out


def rust(program, rows, cols, pairs, routes):
    text = subprocess.run([program, str(rows), str(cols), str(pairs), str(REPEATS), *routes],
                          check=True, capture_output=True, text=True).stdout
    return json.loads(text)["seconds"]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"numpy {np.__version__}, scipy {scipy.__version__}, one thread each, milliseconds")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    head = ["gram", "eigvalsh", "ratio", f"gram+{PAIRS}", f"eigh+{PAIRS}", "ratio", "svd", "svdvals", "ratio"]
    print(f"{'shape':>12}" + "".join(f"{h:>10}" for h in head))
    for rows, cols in SHAPES:
        a = np.random.default_rng(0).standard_normal((rows, cols))
        n = cols

        def pairs():
            s2, v = scipy.linalg.eigh(a.T @ a, subset_by_index=[n - PAIRS, n - 1])
            return a @ v / np.sqrt(s2)

        seen = {}
        for _ in range(ROUNDS):
            ours = rust(sys.argv[1], rows, cols, 0, ["gram", "svd"])
            with_pairs = rust(sys.argv[1], rows, cols, PAIRS, ["gram"])
            for name, t in [
                ("gram", ours["gram"]), ("svd", ours["svd"]), ("gram pairs", with_pairs["gram"]),
                ("svdvals", times(lambda: np.linalg.svd(a, compute_uv=False))),
                ("eigvalsh", times(lambda: scipy.linalg.eigvalsh(a.T @ a))),
                ("eigh", times(pairs)),
            ]:
                seen.setdefault(name, []).extend(t)
        m = {name: 1e3 * min(t) for name, t in seen.items()}
        row = [m["gram"], m["eigvalsh"], m["gram"] / m["eigvalsh"], m["gram pairs"], m["eigh"],
               m["gram pairs"] / m["eigh"], m["svd"], m["svdvals"], m["svd"] / m["svdvals"]]
        print(f"{f'{rows}x{cols}':>12}" + "".join(f"{x:>10.2f}" for x in row))


if __name__ == "__main__":
    main()

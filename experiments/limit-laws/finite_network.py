"""Eigenvalues of the kernels of one finite network at initialisation. numpy 2.4.6.

    python finite_network.py OUT [CASE ...]     writes OUT/CASE.txt for each case (all of them by default)
    python finite_network.py OUT NAME=ACTIVATION:n:d0:d1,d2,..[:seed]     a case of your own

Fan and Wang's network: X_0 = g/sqrt(d0), X_l = sigma(W_l X_{l-1})/sqrt(d_l), f = w^T X_L, all of g, W_l, w independent
standard normal, sigma normalised. Four kernels, n x n:

    data       X_0^T X_0
    ck         X_L^T X_L
    ntk        X_L^T X_L + sum_l (S_l^T S_l) o (X_{l-1}^T X_{l-1}),   S_L = w sigma'(Z_L)/sqrt(d_L),
               S_l = (W_{l+1}^T S_{l+1}) o sigma'(Z_l)/sqrt(d_l)
    surrogate  r_+ I + sum_l q_l X_l^T X_l  (lemma 3.5, the matrix whose law the NTK has)

One line for each, descending, after the line of its name; a first line says what the network was. Values are rounded to
float32. The seed's stream is drawn in the order g, W_1, .., W_L, w.
"""
import sys
from pathlib import Path

import numpy as np

ACTIVATIONS = {
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "softplus": (lambda x: np.logaddexp(0, x), lambda x: 1 / (1 + np.exp(-x))),
    "sin": (np.sin, np.cos),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(float)),
    "linear": (lambda x: x, np.ones_like),
    "square": (lambda x: x * x, lambda x: 2 * x),
}

# The settings of the checks: activation, n, d0, widths.
CASES = {
    "tanh_250": ("tanh", 250, 375, [500]),
    "tanh_500": ("tanh", 500, 750, [1000]),
    "tanh_400_depth2": ("tanh", 400, 600, [800, 600]),
    "tanh_400_depth3": ("tanh", 400, 600, [800, 600, 500]),
    "softplus_400": ("softplus", 400, 280, [480, 800]),
    "sin_400": ("sin", 400, 600, [300]),
    "relu_400": ("relu", 400, 600, [800]),
    "square_400": ("square", 400, 600, [800]),
    "linear_400": ("linear", 400, 600, [800]),
}


def normalised(name):
    """sigma, sigma', b, a by the trapezoidal rule with a node on 0 (the kink of relu adds nothing there)."""
    f, df = ACTIVATIONS[name]
    x = np.linspace(-12, 12, 2_400_001)
    weight = np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    mean = np.sum(weight * f(x))
    sd = np.sqrt(np.sum(weight * (f(x) - mean) ** 2))
    b, a = np.sum(weight * x * f(x)) / sd, np.sum(weight * df(x) ** 2) / sd**2
    return lambda t: (f(t) - mean) / sd, lambda t: df(t) / sd, b, a


def kernels(name, n, d0, widths, seed):
    sigma, slope, b, a = normalised(name)
    g = np.random.default_rng(seed)
    x = [g.standard_normal((d0, n)) / np.sqrt(d0)]
    weights, z = [], []
    for width in widths:
        weights.append(g.standard_normal((width, x[-1].shape[0])))
        z.append(weights[-1] @ x[-1])
        x.append(sigma(z[-1]) / np.sqrt(width))
    gram = [v.T @ v for v in x]
    depth = len(widths)
    s = g.standard_normal(widths[-1])[:, None] * slope(z[-1]) / np.sqrt(widths[-1])
    ntk = gram[-1] + (s.T @ s) * gram[-2]
    for l in range(depth - 2, -1, -1):
        s = (weights[l + 1].T @ s) * slope(z[l]) / np.sqrt(widths[l])
        ntk = ntk + (s.T @ s) * gram[l]
    r_plus = sum(a ** (depth - l) - b ** (2 * (depth - l)) for l in range(depth))
    surrogate = r_plus * np.eye(n) + sum(b ** (2 * (depth - l)) * gram[l] for l in range(depth + 1))
    return {"data": gram[0], "ck": gram[-1], "ntk": ntk, "surrogate": surrogate}


def write(out, case, name, n, d0, widths, seed=0):
    with open(Path(out) / f"{case}.txt", "w") as f:
        f.write(f"# {name} n {n} d0 {d0} widths {' '.join(map(str, widths))} seed {seed}\n")
        for kernel, matrix in kernels(name, n, d0, widths, seed).items():
            values = np.linalg.eigvalsh(matrix)[::-1].astype(np.float32)
            f.write(kernel + "\n" + " ".join(f"{v:.6g}" for v in values) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for case in sys.argv[2:] or CASES:
        if "=" in case:
            case, text = case.split("=", 1)
            name, n, d0, widths, *seed = text.split(":")
            write(sys.argv[1], case, name, int(n), int(d0), [int(w) for w in widths.split(",")], *map(int, seed))
        else:
            write(sys.argv[1], case, *CASES[case])

"""The numbers of tests/image_options.rs and of the real data in tests/spiked.rs, by numpy 2.4.6 (LAPACK): python3 image_options.py"""

import gzip
import pathlib

import numpy as np

fixtures = pathlib.Path(__file__).parent.parent / "fixtures"


def digits():
    table = np.loadtxt(gzip.open(fixtures / "digits.csv.gz", "rt"), delimiter=",")
    return table[:1437, :64] / 16, table[:, 64].astype(int)


def fashion():
    raw = gzip.open(fixtures / "fashion-1000/train-images-idx3-ubyte.gz").read()
    # The loader hands out f32.
    return (np.frombuffer(raw[16:], np.uint8).reshape(-1, 784) / 255).astype(np.float32).astype(np.float64)


def prepared(x, k):
    x = x - x.mean(0)
    v = np.linalg.svd(x, full_matrices=False)[2][:k]
    x = x - x @ v.T @ v
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def orthonormality(x):
    gram = x @ x.T
    excess = np.diag(gram) - 1
    off = gram[~np.eye(len(x), dtype=bool)]
    return [abs(excess).max(), abs(off).max(), np.sqrt((off**2).mean()), np.linalg.norm(x, 2), (excess**2).sum()]


x, labels = digits()
print("COUNTS", *(int(np.isin(part, [3, 8]).sum()) for part in (labels[:1437], labels[1437:])))
centred = x - x.mean(0)
values, vectors = np.linalg.eigh(centred.T @ centred / len(x))
first = vectors[:, -1]
first = first * np.sign(first[np.argmax(abs(first))])
print("VARIANCES", values[::-1][:10].tolist())
print("TOTAL", float(values.sum()))
print("FIRST", first.tolist())
print("RANK", np.linalg.matrix_rank(centred))
print("DIGITS", [[float(f"{v:.12g}") for v in orthonormality(prepared(x[:200], k))] for k in (0, 10)])
print("FASHION", [[float(f"{v:.12g}") for v in orthonormality(prepared(fashion()[:200], k))] for k in (0, 10)])

# Section "real data" of tests/spiked.rs: two spikes in the first 500 digits, the rest scaled to mean variance 1.
x = x[:500] - x[:500].mean(0)
u, s, vt = np.linalg.svd(x, full_matrices=False)
x /= np.sqrt((s[2:] ** 2).sum() / len(x) / (x.shape[1] - 2))
zeta = (x @ vt[:2].T).std(0)
print("ZETA", zeta.tolist(), "NU", (np.log(zeta) / np.log(len(x))).tolist())
values = np.linalg.eigvalsh(x.T @ x / len(x))[::-1]
k = np.arange(3, 33)
print("ALPHA", -np.polyfit(np.log(k), np.log(values[2:32]), 1)[0])
print("EIGENVALUES", [float(f"{v:.12g}") for v in values[:32]])

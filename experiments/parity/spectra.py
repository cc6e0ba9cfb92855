"""Writes spectra.json: the ten spectra of the parity tests, and five that provoke the peers' special cases.

usage: python spectra.py MODELS_DIR

Eigenvalues of W^T W (squared singular values, no 1/N), ascending, in f64; Python prints the shortest decimal that reads
back to the same double. MODELS_DIR holds `silero_vad_16k.safetensors` and MiniLM's `model.safetensors` (README.md).
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.linalg
from safetensors import safe_open

SEED = 20261122
HERE = Path(__file__).parent


def squares(matrix):
    """Squared singular values the way WeightWatcher takes them: scipy's gesdd on the f64 matrix."""
    return scipy.linalg.svd(np.asarray(matrix, dtype=np.float64), compute_uv=False) ** 2


def stream(k):
    """One generator a spectrum, so that adding one does not move the others."""
    return np.random.Generator(np.random.PCG64([SEED, k]))


def pareto(k, alpha, n=1000):
    """p(x) = (alpha - 1) x^-alpha above 1."""
    return (1.0 - stream(k).random(n)) ** (-1.0 / (alpha - 1.0))


def spiked(k, rows, cols, spikes):
    """Gaussian entries of variance 1/rows plus orthogonal rank-one terms of the given strengths."""
    rng = stream(k)
    noise = rng.standard_normal((rows, cols)) / np.sqrt(rows)
    left = np.linalg.qr(rng.standard_normal((rows, len(spikes))))[0]
    right = np.linalg.qr(rng.standard_normal((cols, len(spikes))))[0]
    return noise + left @ np.diag(spikes) @ right.T


def low_rank(k):
    """Rank 40 of 80: half of the eigenvalues are rounding noise, under WeightWatcher's 1e-5."""
    rng = stream(k)
    return rng.standard_normal((120, 40)) @ rng.standard_normal((40, 80)) / 60.0


def tensor(path, name):
    with safe_open(path, "np") as f:
        return f.get_tensor(name).astype(np.float64)


def build(models):
    silero, minilm = models / "silero_vad_16k.safetensors", models / "model.safetensors"
    conv = tensor(silero, "conv1.weight")
    spikes = [2.0, 3.0, 4.5, 6.0, 9.0, 13.0]
    yield "pareto_1.8", "ten", "1000 Pareto draws, density exponent 1.8, xmin 1", None, pareto(1, 1.8)
    yield "pareto_2.5", "ten", "1000 Pareto draws, density exponent 2.5, xmin 1", None, pareto(2, 2.5)
    yield "pareto_3.5", "ten", "1000 Pareto draws, density exponent 3.5, xmin 1", None, pareto(3, 3.5)
    yield "pareto_5", "ten", "1000 Pareto draws, density exponent 5, xmin 1", None, pareto(4, 5.0)
    yield "lognormal", "ten", "800 log-normal draws, mu 0, sigma 1", None, np.exp(stream(5).standard_normal(800))
    yield "exponential", "ten", "600 exponential draws, rate 1", None, stream(6).exponential(1.0, 600)
    gaussian = stream(7).standard_normal((600, 400)) / np.sqrt(600)
    yield "marchenko_pastur", "ten", "600 x 400 Gaussian, entry variance 1/600", (600, 400), squares(gaussian)
    yield "bulk_spikes", "ten", "the same with six spikes of strength 2 to 13", (600, 400), squares(
        spiked(8, 600, 400, spikes)
    )
    hh = tensor(silero, "lstm_cell.weight_hh")
    yield "silero_lstm_hh", "ten", "silero-vad 6.2.3, lstm_cell.weight_hh", hh.shape, squares(hh)
    flat = conv.reshape(conv.shape[0], -1)
    yield "silero_conv1", "ten", "silero-vad 6.2.3, conv1.weight, c_out x (c_in * k)", flat.shape, squares(flat)

    position = tensor(minilm, "embeddings.position_embeddings.weight")
    yield "minilm_position", "extra", "all-MiniLM-L6-v2, position embeddings: alpha under 2", (384, 512), squares(position)
    value = tensor(minilm, "encoder.layer.5.attention.self.value.weight")
    yield "minilm_value_5", "extra", "all-MiniLM-L6-v2, value matrix of layer 5: alpha over 6", value.shape, squares(value)
    yield "small", "extra", "15 Pareto draws, exponent 2.5: WeightWatcher's small-N formula", None, pareto(13, 2.5, 15)
    yield "low_rank", "extra", "120 x 80 of rank 40: noise under the 1e-5 filter", (120, 80), squares(low_rank(14))
    yield "ties", "extra", "300 Pareto draws, exponent 2.5, rounded to one decimal", None, np.round(pareto(15, 2.5, 300), 1)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines = []
    for name, group, description, shape, values in build(Path(sys.argv[1])):
        entry = {"name": name, "group": group, "description": description, "shape": shape and list(shape)}
        entry["eigenvalues"] = np.sort(values).tolist()
        assert all(np.isfinite(entry["eigenvalues"])), name
        lines.append(json.dumps(entry))
        print(f"{name:18s} {len(values):5d}  {np.min(values):.3e} .. {np.max(values):.3e}")
    head = json.dumps({"seed": SEED, "generator": "PCG64", "numpy": np.__version__})
    body = ",\n".join(lines)
    (HERE / "spectra.json").write_text(f'{{"made_by": {head}, "spectra": [\n{body}\n]}}\n')


if __name__ == "__main__":
    main()

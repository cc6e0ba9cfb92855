"""Builds small runs without replay.py's formulas, replays them, and spoils them in a dozen ways.

Gradients are complex-step derivatives of the loss (exact to rounding: Squire and Trapp, SIAM Review 40, 1998), and
the optimizers are written from the papers, element by element, so that an error in replay.py's derivatives or update
rules shows.
"""

import contextlib
import io
import json
import math
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

import replay

N, D, H, STEPS = 12, 5, 7, 6

# The activations for complex arguments near the real line.
COMPLEX = {
    "tanh": np.tanh,
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "identity": lambda z: z,
}
# Mean and standard deviation under a standard normal input, from mpmath (quad, 30 digits).
MOMENTS = {
    "tanh": (0.0, 0.6279287303491067),
    "softplus": (0.8060591833474394, 0.5210705343814394),
    "relu": (0.3989422804014327, 0.5838193701035489),
}


def loss(config, w, a, x, y):
    model = config["model"]
    mean, sd = MOMENTS[model["activation"]] if model["normalized"] else (0.0, 1.0)
    total = 0.0
    for row, target in zip(x, y):
        h = [(COMPLEX[model["activation"]](np.asarray(w[i] @ row / math.sqrt(D) + 0j)) - mean) / sd for i in range(H)]
        f = sum(a[i] * h[i] for i in range(H)) / (math.sqrt(H) if model["scaling"] == "ntk" else H)
        total = total + (f - target) ** 2
    return total / len(y)


def gradient(config, w, a, x, y):
    step = 1e-30
    grad_w, grad_a = np.zeros((H, D)), np.zeros(H)
    for i in range(H):
        for j in range(D):
            moved = w.astype(complex)
            moved[i, j] += 1j * step
            grad_w[i, j] = loss(config, moved, a, x, y).imag / step
        moved = a.astype(complex)
        moved[i] += 1j * step
        grad_a[i] = loss(config, w, moved, x, y).imag / step
    return grad_w, grad_a


def rate(config, t):
    """By hand for the schedules that the cases use."""
    schedule = config["optimizer"]["schedule"]
    base = config["optimizer"]["lr"]
    if schedule == "constant":
        return base
    if isinstance(schedule, list):
        return [0.05, 0.05, 0.2, 0.2, 0.2, 0.01][t - 1]
    if schedule["kind"] == "step":
        return [base, base, base / 2, base / 2, base / 4, base / 4][t - 1]
    return base * (1 + math.cos(math.pi * (t - 1) / STEPS)) / 2


def step(config, w, g, state, lr, t):
    c = config["optimizer"]
    out = np.array(w, dtype=float)
    for k in np.ndindex(w.shape):
        s = state.setdefault(k, {})
        grad, value = g[k], w[k]
        if c["kind"] == "adamw":
            value -= lr * c["weight_decay"] * value
        else:
            grad += c.get("weight_decay", 0.0) * value
        if c["kind"] == "sgd":
            mu = c.get("momentum", 0.0)
            s["b"] = grad if "b" not in s else mu * s["b"] + grad
            out[k] = value - lr * (grad + mu * s["b"] if c.get("nesterov") else s["b"] if mu else grad)
        else:
            b1, b2 = c["betas"]
            s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * grad
            s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * grad**2
            m_hat, v_hat = s["m"] / (1 - b1**t), s["v"] / (1 - b2**t)
            out[k] = value - lr * m_hat / (math.sqrt(v_hat) + c["eps"])
    return out


def build(directory, config, seed=0):
    """A run directory as Spectrum writes it."""
    rng = np.random.default_rng(seed)
    x, x_test = rng.standard_normal((N, D)), rng.standard_normal((4, D))
    teacher = rng.standard_normal(D)
    y, y_test = np.tanh(x @ teacher), np.tanh(x_test @ teacher)
    w, a = rng.standard_normal((H, D)), rng.standard_normal(H)
    tensors = {"train.inputs": x, "train.targets": y, "test.inputs": x_test, "test.targets": y_test}
    tensors |= {"teacher": teacher, "initial.hidden.weight": w, "initial.readout.weight": a}
    db = sqlite3.connect(directory / "run.sqlite")
    db.execute("CREATE TABLE scalars (step, name, value REAL, reason, PRIMARY KEY (step, name))")
    db.execute("CREATE TABLE spectra (step, layer, kind, view, route, rows, cols, floor REAL, singular_values BLOB)")

    def record(t, kind, matrix):
        # The Gram route through another factorisation than replay.py's.
        s = np.sqrt(np.maximum(np.linalg.eigvalsh(matrix.T @ matrix)[::-1], 0.0))
        blob = s.astype("<f8").tobytes()
        row = (t, "hidden.weight", kind, "matrix", "gram", H, D, 5e-7 * s[0], blob)
        db.execute("INSERT INTO spectra VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    start, states = w, {"hidden": {}, "readout": {}}
    for t in range(STEPS + 1):
        if t > 0:
            lr = rate(config, t)
            grad_w, grad_a = gradient(config, w, a, x, y)
            before = w
            if "hidden" in config["model"]["train"]:
                w = step(config, w, grad_w, states["hidden"], lr, t)
                record(t, "gradient", grad_w)
            if "readout" in config["model"]["train"]:
                a = step(config, a, grad_a, states["readout"], lr, t)
            record(t, "update", w - before)
            record(t, "displacement", w - start)
            db.execute("INSERT INTO scalars VALUES (?, 'learning_rate', ?, NULL)", (t, lr))
        for name, inputs, targets in (("train_loss", x, y), ("test_loss", x_test, y_test)):
            value = float(loss(config, w, a, inputs, targets).real)
            db.execute("INSERT INTO scalars VALUES (?, ?, ?, NULL)", (t, name, value))
        record(t, "weight", w)
    db.commit()
    db.close()
    tensors |= {"final.hidden.weight": w, "final.readout.weight": a}
    save_file(tensors, str(directory / "tensors.safetensors"), metadata={"config": json.dumps(config)})
    return tensors


def case(optimizer, activation="tanh", scaling="ntk", normalized=False, train=("hidden",)):
    model = {"kind": "two-layer", "width": H, "activation": activation, "scaling": scaling}
    model |= {"normalized": normalized, "train": list(train)}
    return {"precision": "f64", "model": model, "optimizer": optimizer, "training": {"steps": STEPS, "batch": "full"}}


ADAM = {"kind": "adam", "lr": 0.1, "betas": [0.9, 0.999], "eps": 1e-8, "schedule": "constant"}
BOTH = ("hidden", "readout")
CASES = {
    "gradient descent": case({"kind": "sgd", "lr": 1.5, "schedule": "constant"}),
    "momentum, decay, step schedule": case(
        {"kind": "sgd", "lr": 0.3, "momentum": 0.9, "weight_decay": 0.01, "schedule": {"kind": "step", "every": 2, "gamma": 0.5}},
        "softplus", "mean-field", True, BOTH,
    ),
    "Nesterov, cosine": case(
        {"kind": "sgd", "lr": 0.3, "momentum": 0.8, "nesterov": True, "schedule": {"kind": "cosine"}}, "sigmoid", train=BOTH
    ),
    "Adam": case(ADAM, "tanh", normalized=True),
    "Adam, decay, pairs": case(ADAM | {"weight_decay": 0.02, "schedule": [[1, 0.05], [3, 0.2], [6, 0.01]]}, "identity", train=BOTH),
    "AdamW": case(ADAM | {"kind": "adamw", "weight_decay": 0.1}, "relu", "mean-field", True, ("readout",)),
}


def sql(statement):
    def spoil(directory, _):
        with contextlib.closing(sqlite3.connect(directory / "run.sqlite")) as db:
            assert db.execute(statement).rowcount > 0
            db.commit()

    return spoil


def singular_value(directory, _):
    with contextlib.closing(sqlite3.connect(directory / "run.sqlite")) as db:
        where = "WHERE step = 4 AND kind = 'weight'"
        s = np.frombuffer(db.execute(f"SELECT singular_values FROM spectra {where}").fetchone()[0], "<f8").copy()
        s[2] += 1e-8 * s[0]
        db.execute(f"UPDATE spectra SET singular_values = ? {where}", (s.tobytes(),))
        db.commit()


def bundle(change):
    def spoil(directory, tensors):
        path = directory / "tensors.safetensors"
        with replay.safe_open(str(path), framework="np") as old:
            config = json.loads(old.metadata()["config"])
        tensors = {k: v.copy() for k, v in tensors.items()}
        change(config, tensors)
        save_file(tensors, str(path), metadata={"config": json.dumps(config)})

    return spoil


def truncated(directory, _):
    path = directory / "tensors.safetensors"
    path.write_bytes(path.read_bytes()[:-9])


# What is spoiled, how, and the exit code that must follow.
CORRUPTIONS = [
    ("a loss by 1e-8", sql("UPDATE scalars SET value = value * (1 + 1e-8) WHERE step = 3 AND name = 'train_loss'"), 1),
    ("a test loss by 1e-8", sql("UPDATE scalars SET value = value * (1 + 1e-8) WHERE step = 6 AND name = 'test_loss'"), 1),
    ("a learning rate", sql("UPDATE scalars SET value = 0.11 WHERE step = 2 AND name = 'learning_rate'"), 1),
    ("a singular value by 1e-8 of the largest", singular_value, 1),
    ("a spectrum moved by one step", sql("UPDATE spectra SET step = step + 1 WHERE kind = 'update'"), 1),
    ("an initial weight by 1e-6", bundle(lambda c, t: t["initial.hidden.weight"].__setitem__((1, 2), t["initial.hidden.weight"][1, 2] + 1e-6)), 1),
    ("epsilon in the config", bundle(lambda c, t: c["optimizer"].__setitem__("eps", 1e-4)), 1),
    ("an unknown optimizer", bundle(lambda c, t: c["optimizer"].__setitem__("kind", "lion")), 2),
    ("a mini-batch run", bundle(lambda c, t: c["training"].__setitem__("batch", 32)), 2),
    ("a missing tensor", bundle(lambda c, t: t.pop("train.targets")), 2),
    ("a truncated bundle", truncated, 2),
    ("no losses", sql("DELETE FROM scalars WHERE name = 'train_loss'"), 2),
]


def run(directory):
    out = io.StringIO()
    with contextlib.redirect_stderr(out):
        return replay.report(directory, out), out.getvalue()


def slopes():
    """Every derivative against a central difference (erf has no complex version here)."""
    z, h = np.linspace(-3.1, 3.2, 200), 1e-5
    for name, (act, slope) in replay.ACTIVATIONS.items():
        error = np.abs((act(z + h) - act(z - h)) / (2 * h) - slope(z)).max()
        yield f"slope of {name}", error < 1e-9, f"{error:.1e}"


def main():
    failures = 0

    def check(name, holds, detail=""):
        nonlocal failures
        failures += not holds
        print(f"{'ok    ' if holds else 'FAILED'} {name}" + (f"\n{detail}" if not holds else ""))

    for name, holds, detail in slopes():
        check(name, holds, detail)
    for name, (mean, sd) in MOMENTS.items():
        found = replay.gaussian_moments(name)
        check(f"moments of {name}", abs(found[0] - mean) < 1e-14 and abs(found[1] - sd) < 1e-14, str(found))
    with tempfile.TemporaryDirectory() as root:
        for i, (name, config) in enumerate(CASES.items()):
            directory = Path(root) / f"case-{i}"
            directory.mkdir()
            build(directory, config, seed=i)
            code, text = run(directory)
            check(f"replays {name}", code == 0, text)
        for i, (name, spoil, expected) in enumerate(CORRUPTIONS):
            directory = Path(root) / f"spoiled-{i}"
            directory.mkdir()
            tensors = build(directory, CASES["Adam"], seed=100)
            spoil(directory, tensors)
            code, text = run(directory)
            check(f"notices {name}", code == expected, f"exit {code}, expected {expected}\n{text}")
    print("all checks passed" if failures == 0 else f"{failures} checks FAILED")
    return 0 if failures == 0 else 1

#!/usr/bin/env python3
"""Replays a two-layer run of Spectrum in numpy and compares losses and singular values.

    python3 replay.py RUN_DIRECTORY     compare; exit 0 within the bounds, 1 beyond them, 2 if it cannot be replayed
    python3 replay.py --self-test       build small runs by other means, replay them, and notice each corruption

Needs numpy and safetensors. Everything is computed in f64 from the initial weights and the data of the run's
`tensors.safetensors`; the recorded numbers come from its `run.sqlite`. Nothing of Spectrum is called.
"""

import argparse
import json
import math
import sqlite3
import sys
from pathlib import Path

import numpy as np
from safetensors import safe_open

LAYER = "hidden.weight"
# Relative for losses and rates; singular values relative to the largest of their matrix.
BOUNDS = {
    "f64": {"loss": 1e-10, "singular values": 1e-9, "rate": 1e-12},
    "f32": {"loss": 1e-4, "singular values": 1e-4, "rate": 1e-12},
}


class NotReplayable(Exception):
    """The run holds something that this script does not know, or lacks something that it needs."""


# ---------------------------------------------------------------- the model


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1.0) / (1.0 + e)


def tanh_slope(z):
    e = np.exp(-2.0 * np.abs(z))
    return 4.0 * e / (1.0 + e) ** 2


ACTIVATIONS = {
    "tanh": (np.tanh, tanh_slope),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: (z > 0).astype(z.dtype)),
    "softplus": (lambda z: np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z))), sigmoid),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "erf": (np.vectorize(math.erf, otypes=[float]), lambda z: 2.0 / math.sqrt(math.pi) * np.exp(-z * z)),
    "identity": (lambda z: z, np.ones_like),
}


def gaussian_moments(name):
    """Mean and standard deviation of the activation of a standard normal variable."""
    if name == "relu":  # its kink spoils the quadrature
        return 1.0 / math.sqrt(2.0 * math.pi), math.sqrt(0.5 - 0.5 / math.pi)
    # The trapezoidal rule converges faster than any power of the step for functions analytic near the real line.
    x = np.linspace(-12.0, 12.0, 3073)
    weight = np.exp(-0.5 * x * x) * (x[1] - x[0]) / math.sqrt(2.0 * math.pi)
    value = ACTIVATIONS[name][0](x)
    # Odd functions have mean zero exactly; the sum leaves rounding, which Spectrum drops too.
    mean = float(weight @ value)
    mean = 0.0 if abs(mean) < 1e-14 else mean
    return mean, math.sqrt(float(weight @ value**2) - mean**2)


class TwoLayer:
    """f(x) = scale a^T act(W x / sqrt d); the loss is the mean of (f(x) - y)^2, without 1/2."""

    def __init__(self, config):
        name = config.get("activation", "tanh")
        if name not in ACTIVATIONS:
            raise NotReplayable(f"the activation `{name}`; expected one of {', '.join(ACTIVATIONS)}")
        self.act, self.slope = ACTIVATIONS[name]
        self.mean, self.sd = gaussian_moments(name) if config.get("normalized", False) else (0.0, 1.0)
        self.scaling = config.get("scaling", "ntk")
        if self.scaling not in ("ntk", "mean-field"):
            raise NotReplayable(f"the scaling `{self.scaling}`; expected ntk or mean-field")

    def scale(self, width):
        return 1.0 / math.sqrt(width) if self.scaling == "ntk" else 1.0 / width

    def hidden(self, w, x):
        z = (x / math.sqrt(x.shape[1])) @ w.T
        return z, (self.act(z) - self.mean) / self.sd

    def loss(self, w, a, x, y):
        return float(np.mean((self.scale(len(a)) * (self.hidden(w, x)[1] @ a) - y) ** 2))

    def gradients(self, w, a, x, y):
        z, h = self.hidden(w, x)
        s = self.scale(len(a))
        r = (2.0 / len(y)) * (s * (h @ a) - y)
        delta = (r[:, None] * a[None, :]) * (self.slope(z) / self.sd) * s
        return {LAYER: delta.T @ (x / math.sqrt(x.shape[1])), "readout.weight": s * (h.T @ r)}


# ---------------------------------------------------------------- the optimizer (PyTorch's formulas)


def rate(optimizer, step, total):
    """The learning rate of step t (from 1)."""
    base, schedule = optimizer["lr"], optimizer.get("schedule", "constant")
    if isinstance(schedule, list):
        held = [r for start, r in schedule if start <= step]
        return held[-1] if held else base
    if isinstance(schedule, str):
        schedule = {"kind": schedule}
    kind = schedule.get("kind")
    if kind == "constant":
        return base
    if kind == "step":
        return base * schedule.get("gamma", 0.1) ** ((step - 1) // schedule["every"])
    if kind == "warmup":
        return base * min(1.0, step / schedule["steps"])
    if kind == "cosine":
        warmup, low = schedule.get("warmup", 0), schedule.get("min", 0.0)
        if step <= warmup:
            return base * min(1.0, step / warmup)
        length = max(schedule.get("steps", total) - warmup, 1)
        done = min(step - 1 - warmup, length)
        return low + (base - low) * (1.0 + math.cos(math.pi * done / length)) / 2.0
    raise NotReplayable(f"the schedule {schedule}; expected constant, step, cosine, warmup or pairs")


class Optimizer:
    def __init__(self, config):
        self.kind, self.config, self.state = config.get("kind", "sgd"), config, {}
        if self.kind not in ("sgd", "adam", "adamw"):
            raise NotReplayable(f"the optimizer `{self.kind}`; expected sgd, adam or adamw")

    def update(self, name, w, g, lr, t):
        c = self.config
        decay = c.get("weight_decay", 0.01 if self.kind == "adamw" else 0.0)
        if self.kind == "adamw":
            w = w * (1.0 - lr * decay)
        elif decay:
            g = g + decay * w
        if self.kind == "sgd":
            momentum = c.get("momentum", 0.0)
            if not momentum:
                return w - lr * g
            old = self.state.get(name)
            b = g if old is None else momentum * old + (1.0 - c.get("dampening", 0.0)) * g
            self.state[name] = b
            return w - lr * (g + momentum * b if c.get("nesterov", False) else b)
        b1, b2 = c.get("betas", [0.9, 0.999])
        m, v = self.state.get(name, (0.0, 0.0))
        m, v = b1 * m + (1.0 - b1) * g, b2 * v + (1.0 - b2) * g * g
        self.state[name] = (m, v)
        return w - lr / (1.0 - b1**t) * m / (np.sqrt(v) / math.sqrt(1.0 - b2**t) + c.get("eps", 1e-8))


def clipped(gradients, bound):
    """PyTorch's clip_grad_norm_ over all trained parameters together."""
    if bound is None:
        return gradients
    norm = math.sqrt(sum(float(np.sum(g * g)) for g in gradients.values()))
    factor = min(1.0, bound / (norm + 1e-6))
    return {name: g * factor for name, g in gradients.items()}


def trajectory(config, tensors, steps):
    """Yields (t, matrices of the hidden layer by kind, weights, rate of step t) for t = 0 ... steps."""
    model = TwoLayer(config["model"])
    optimizer = Optimizer(config["optimizer"])
    x, y = tensors["train.inputs"], tensors["train.targets"]
    weights = {name: tensors[f"initial.{name}"] for name in (LAYER, "readout.weight")}
    prefixes = config["model"].get("train", ["hidden"])
    trained = [n for n in weights if any(n == p or n.startswith(p + ".") for p in prefixes)]
    if not trained:
        raise NotReplayable(f"nothing trains: model.train = {prefixes}")
    start = weights[LAYER]
    yield 0, {"weight": start}, weights, None
    for t in range(1, steps + 1):
        lr = rate(config["optimizer"], t, steps)
        every = model.gradients(weights[LAYER], weights["readout.weight"], x, y)
        used = clipped({n: every[n] for n in trained}, config["training"].get("clip_norm"))
        before = weights[LAYER]
        weights = {n: optimizer.update(n, w, used[n], lr, t) if n in used else w for n, w in weights.items()}
        now = weights[LAYER]
        matrices = {"weight": now, "displacement": now - start, "update": now - before}
        if LAYER in trained:
            matrices["gradient"] = every[LAYER]
        yield t, matrices, weights, lr


# ---------------------------------------------------------------- the recorded run


def read_bundle(directory):
    path = directory / "tensors.safetensors"
    if not path.is_file():
        raise NotReplayable(f"{path} is not there: run with --tensors")
    try:
        with safe_open(str(path), framework="np") as bundle:
            metadata = bundle.metadata() or {}
            tensors = {name: bundle.get_tensor(name).astype(np.float64) for name in bundle.keys()}
    except Exception as error:  # the reader's own error types differ between versions
        raise NotReplayable(f"{path}: {error}") from error
    if "config" not in metadata:
        raise NotReplayable(f"{path}: no `config` in the metadata")
    config = json.loads(metadata["config"])
    for table in ("model", "optimizer", "training"):
        if table not in config:
            raise NotReplayable(f"{path}: the config has no [{table}]")
    if config["model"].get("kind", "two-layer") != "two-layer":
        raise NotReplayable(f"the model `{config['model']['kind']}`; only two-layer runs are replayed")
    if config["training"].get("batch", "full") != "full":
        raise NotReplayable("a mini-batch run: only full-batch runs are replayed")
    if config["training"].get("loss") not in (None, "mse"):
        raise NotReplayable(f"the loss `{config['training']['loss']}`; expected mse")
    for name in ("train.inputs", "train.targets", f"initial.{LAYER}", "initial.readout.weight"):
        if name not in tensors:
            raise NotReplayable(f"{path}: no tensor `{name}`")
    for name in tensors:
        if name.endswith((".targets", "readout.weight")):
            tensors[name] = tensors[name].reshape(-1)
    (n, d), h = tensors["train.inputs"].shape, len(tensors["initial.readout.weight"])
    if tensors[f"initial.{LAYER}"].shape != (h, d) or len(tensors["train.targets"]) != n:
        shapes = {name: list(t.shape) for name, t in tensors.items()}
        raise NotReplayable(f"{path}: shapes that do not belong together: {shapes}")
    return config, tensors


def read_records(directory):
    path = directory / "run.sqlite"
    if not path.is_file():
        raise NotReplayable(f"{path} is not there")
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        scalars = {}
        for step, name, value in db.execute("SELECT step, name, value FROM scalars WHERE value IS NOT NULL"):
            scalars.setdefault(step, {})[name] = value
        spectra = {}
        query = "SELECT step, kind, route, floor, singular_values FROM spectra WHERE layer = ? AND view = 'matrix'"
        for step, kind, route, floor, blob in db.execute(query, (LAYER,)):
            spectra.setdefault(step, []).append((kind, route, floor, np.frombuffer(blob, dtype="<f8")))
        db.close()
    except sqlite3.Error as error:
        raise NotReplayable(f"{path}: {error}") from error
    return scalars, spectra


# ---------------------------------------------------------------- the comparison


class Deviations:
    """The largest deviation of each quantity, as a multiple of its bound too."""

    def __init__(self):
        self.rows = {}

    def add(self, name, step, deviation, bound, too_large=None):
        """`too_large` is the verdict where the bound alone does not decide it."""
        count, worst, where, limit, broken = self.rows.get(name, (0, -1.0, None, bound, False))
        if not deviation <= worst:
            worst, where = deviation, step
        if too_large is None:
            # Written so that NaN counts as broken.
            too_large = not deviation <= bound
        self.rows[name] = (count + 1, worst, where, limit, broken or too_large)

    def holds(self):
        return not any(row[4] for row in self.rows.values())


def compare_spectrum(found, kind, route, floor, recorded, weight_norm, bound, eps):
    """Largest deviation of the values above the floor, in units of the largest value, and whether it is too large."""
    if route == "density" or len(recorded) == 0:
        return None
    found = found[: len(recorded)]
    if len(found) < len(recorded):
        return math.inf, True
    top = max(recorded[0], found[0] if len(found) else 0.0)
    if top == 0.0:
        return 0.0, False
    trusted = recorded > floor
    error = np.abs(found - recorded)[trusted]
    # The Gram matrix gives squares to within floor^2, hence a value s to within floor^2 / (2 s).
    slack = floor**2 / (2.0 * recorded[trusted]) if route == "gram" else 0.0
    if kind in ("update", "displacement"):
        # A difference of weights inherits their rounding, however small it is itself.
        slack = slack + 4.0 * eps * weight_norm
    if not np.all(np.isfinite(error)):
        return math.inf, True
    # What lies under the floor must at least be small in the replay too.
    hidden = found[~trusted]
    if len(hidden) and hidden[0] > 2.0 * floor + bound * top:
        return math.inf, True
    return (float(error.max()) / top, bool(np.any(error > bound * top + slack))) if len(error) else (0.0, False)


def replay(directory):
    config, tensors = read_bundle(directory)
    scalars, spectra = read_records(directory)
    precision = config.get("precision", "f32")
    if precision not in BOUNDS:
        raise NotReplayable(f"the precision `{precision}`")
    bounds = BOUNDS[precision]
    eps = np.finfo(np.float64 if precision == "f64" else np.float32).eps
    recorded_steps = sorted(set(scalars) | set(spectra))
    if not recorded_steps:
        raise NotReplayable("no step is recorded")
    total = config["training"].get("steps") or config["training"].get("epochs") or recorded_steps[-1]
    model = TwoLayer(config["model"])
    deviations = Deviations()
    sets = {"train_loss": "train", "test_loss": "test"}
    for t, matrices, weights, lr in trajectory(config, tensors, total):
        if t > recorded_steps[-1]:
            break
        a = weights["readout.weight"]
        row = scalars.get(t, {})
        for name, part in sets.items():
            if name in row and f"{part}.inputs" in tensors:
                loss = model.loss(weights[LAYER], a, tensors[f"{part}.inputs"], tensors[f"{part}.targets"])
                deviations.add(name, t, abs(loss - row[name]) / max(abs(row[name]), 1e-300), bounds["loss"])
        if "learning_rate" in row and lr is not None:
            away = abs(row["learning_rate"] - lr) / max(abs(lr), 1e-300)
            deviations.add("learning_rate", t, away, bounds["rate"])
        norm = float(np.linalg.norm(weights[LAYER]))
        for kind, route, floor, values in spectra.get(t, []):
            if kind not in matrices:
                continue
            found = np.linalg.svd(matrices[kind], compute_uv=False)
            limit = bounds["singular values"]
            answer = compare_spectrum(found, kind, route, floor, values, norm, limit, eps)
            if answer is not None:
                away, broken = answer
                deviations.add(f"{LAYER} {kind}", t, away, limit, broken)
    if "train_loss" not in deviations.rows:
        raise NotReplayable("no train_loss is recorded: nothing to compare")
    last = tensors.get(f"final.{LAYER}")
    distance = None
    if last is not None and t == total:
        distance = float(np.linalg.norm(weights[LAYER] - last) / np.linalg.norm(last))
    return config, precision, deviations, distance


def report(directory, out=sys.stdout):
    try:
        config, precision, deviations, distance = replay(directory)
    except NotReplayable as error:
        print(f"cannot replay {directory}: {error}", file=sys.stderr)
        return 2
    optimizer = config["optimizer"]
    print(f"{directory}: {optimizer.get('kind')}, lr {optimizer['lr']}, {precision}", file=out)
    for name, (count, worst, where, bound, broken) in deviations.rows.items():
        mark = "BROKEN" if broken else "holds"
        line = f"  {name:28} {count:5} steps, largest deviation {worst:9.2e} (step {where}), bound {bound:.0e}: {mark}"
        print(line, file=out)
    if distance is not None:
        print(f"  final weights differ by {distance:.2e} of their norm (not judged)", file=out)
    return 0 if deviations.holds() else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", nargs="?", type=Path, help="the run's directory, made with --tensors")
    parser.add_argument("--self-test", action="store_true", help="check this script on runs that it builds")
    arguments = parser.parse_args()
    if arguments.self_test:
        import self_test

        return self_test.main()
    if arguments.run is None:
        parser.error("a run directory is needed")
    return report(arguments.run)


if __name__ == "__main__":
    sys.exit(main())

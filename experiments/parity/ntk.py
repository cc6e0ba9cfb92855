#!/usr/bin/env python3
"""Conjugate and tangent kernels of small networks, for tests without Python.

    python3 ntk.py                  computes `ntk.json` (torch.func: per-sample Jacobians, contracted)
    python3 ntk.py --check          recomputes every kernel of `ntk.json` from the inputs and weights that it holds
    python3 ntk.py --peer           the same with neural-tangents (needs jax instead of torch)

Everything is f64. Weights and inputs are multiples of 2^-10, so an f32 network can hold them exactly. The first two
also evaluate the layer-wise formula in numpy, with deltas written by hand. Printed are the largest differences relative
to the largest entry; exit 1 where one is above 1e-12.
"""

import argparse
import json
import platform
import sys
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("ntk.json")
BOUND = 1e-12

ABOUT = {
    "values": "flat, row-major; each number reads back to the same double",
    "inputs": "n x d (two-layer, mlp) or n x channels x height x width (conv)",
    "weights": "PyTorch's layout: dense out x in, convolution out x in x height x width, biases out. A dense layer is "
    "x W^T + b, a convolution is a cross-correlation",
    "two-layer": "f(x) = c a^T s(W x / sqrt(d)), c = 1/sqrt(h) (scaling ntk) or 1/h (mean-field); W = hidden.weight "
    "(h x d), a = readout.weight (1 x h)",
    "mlp": "x -> s(x W_k^T + b_k), k = hidden.0, hidden.1, ...; the readout is linear. No factor 1/sqrt(width)",
    "conv": "[convolution 3 x 3, zero padding 1, stride 1 -> s -> mean over 2 x 2] twice, flattened channel by "
    "channel (channel, row, column), then a dense readout",
    "normalized": "s = (g - mean) / sd with the moments of g(xi), xi standard normal, given under moments",
    "ck": "F F^T / p, F the n x p features of the layer after the activation, p their number; for conv, at = "
    "activation (before the mean over 2 x 2) and at = pooled (after it)",
    "ntk": "K_ij = sum over the outputs k and over every entry t of the parameters named of (d f_k(x_i) / d t) "
    "(d f_k(x_j) / d t). outputs = trace: all k; outputs = 0: the first alone. The sum is not divided by anything; c^2 "
    "of two-layer is in it. relu has slope 0 at 0; no preactivation lies within 1e-6 of it",
    "parts": "the ntk (outputs = trace) of one parameter alone; their sum is the ntk",
}


def gaussian_moments():
    """E g and sd g of softplus under a standard normal, to 30 digits."""
    import mpmath as mp

    mp.mp.dps = 40
    nodes = [-60, -20, -8, -4, -2, 0, 2, 4, 8, 20, 60]

    def mean(f):
        return mp.quad(lambda x: f(x) * mp.npdf(x), nodes)

    def softplus(x):
        return mp.log1p(mp.exp(x))

    m1 = mean(softplus)
    sd = mp.sqrt(mean(lambda x: (softplus(x) - m1) ** 2))
    digits = {"mean": mp.nstr(m1, 30), "sd": mp.nstr(sd, 30)}
    return {"softplus": {"mean": float(m1), "sd": float(sd), "digits": digits}}


# ---------------------------------------------------------------- the cases


def configs():
    """Every network, in the file's order."""
    for activation, normalized in (("tanh", False), ("softplus", True)):
        for scaling in ("ntk", "mean-field"):
            yield {
                "model": "two-layer", "samples": 7, "inputs": 12, "width": 9, "activation": activation,
                "normalized": normalized, "scaling": scaling,
            }  # fmt: skip
    for depth in (1, 2, 3, 4):
        for activation in ("tanh", "relu"):
            for bias in (True, False):
                yield {
                    "model": "mlp", "samples": 6, "inputs": 5, "hidden": [7, 6, 8, 5][:depth], "outputs": 3,
                    "activation": activation, "normalized": False, "bias": bias,
                }  # fmt: skip
    yield {
        "model": "conv", "samples": 6, "inputs": [1, 8, 8], "channels": [4, 6], "outputs": 2, "activation": "tanh",
        "normalized": False, "bias": True,
    }  # fmt: skip


def name_of(c):
    parts = {
        "two-layer": lambda: ["normalized"] * c["normalized"] + [c["activation"], c["scaling"]],
        "mlp": lambda: [c["activation"], str(len(c["hidden"])), "bias" if c["bias"] else "no-bias"],
        "conv": lambda: [c["activation"]],
    }
    return "-".join([c["model"], *parts[c["model"]]()])


def shapes_of(c):
    """Parameter name -> shape."""
    if c["model"] == "two-layer":
        return {"hidden.weight": (c["width"], c["inputs"]), "readout.weight": (1, c["width"])}
    shapes = {}

    def layer(name, out, fan_in):
        shapes[f"{name}.weight"] = (out, *fan_in)
        if c["bias"]:
            shapes[f"{name}.bias"] = (out,)

    if c["model"] == "mlp":
        widths = [c["inputs"], *c["hidden"]]
        for k, (i, o) in enumerate(zip(widths, widths[1:])):
            layer(f"hidden.{k}", o, (i,))
        layer("readout", c["outputs"], (widths[-1],))
    else:
        channels = [c["inputs"][0], *c["channels"]]
        for k, (i, o) in enumerate(zip(channels, channels[1:])):
            layer(f"conv.{k}", o, (i, 3, 3))
        layer("readout", c["outputs"], (channels[-1] * (c["inputs"][1] // 4) * (c["inputs"][2] // 4),))
    return shapes


def draw(c, seed):
    """Inputs and weights of one case."""
    rng = np.random.default_rng([20051187, seed])

    def normal(shape, std):
        return np.round(rng.standard_normal(shape) * std * 1024.0) / 1024.0

    x = normal((c["samples"], *np.atleast_1d(c["inputs"])), 1.0)
    weights = {}
    for name, shape in shapes_of(c).items():
        fan_in = np.prod(shape[1:]) if len(shape) > 1 else None
        std = 0.3 if fan_in is None else 1.0 if c["model"] == "two-layer" else 1.4 / np.sqrt(fan_in)
        weights[name] = normal(shape, std)
    return x, weights


# ---------------------------------------------------------------- first way: autodiff


def torch_kernels(c, moments, x, weights):
    """(outputs, CKs, parameter -> J J^T as n x k x n x k) by torch.func."""
    import torch
    from torch.func import functional_call, jacrev, vmap

    class Net(torch.nn.Module):
        """The networks of ABOUT, written with PyTorch's own layers; forward takes one sample."""

        def __init__(self):
            super().__init__()
            two, conv = c["model"] == "two-layer", c["model"] == "conv"
            bias = not two and c["bias"]
            for name, shape in shapes_of(c).items():
                if not name.endswith(".weight"):
                    continue
                out, fan_in = shape[:2]
                if len(shape) == 4:
                    layer = torch.nn.Conv2d(fan_in, out, 3, padding=1, bias=bias)
                else:
                    layer = torch.nn.Linear(fan_in, out, bias=bias)
                parent, *index = name.removesuffix(".weight").split(".")
                if index == ["0"]:
                    setattr(self, parent, torch.nn.ModuleList())
                getattr(self, parent).append(layer) if index else setattr(self, parent, layer)
            self.pool = torch.nn.AvgPool2d(2) if conv else None

        def act(self, z):
            y = {"tanh": torch.tanh, "relu": torch.relu, "softplus": torch.nn.functional.softplus}[c["activation"]](z)
            if c["normalized"]:
                y = (y - moments[c["activation"]]["mean"]) / moments[c["activation"]]["sd"]
            return y

        def forward(self, x):
            features = []
            if c["model"] == "two-layer":
                f = self.act(self.hidden(x / c["inputs"] ** 0.5))
                scale = c["width"] ** (-0.5 if c["scaling"] == "ntk" else -1.0)
                return scale * self.readout(f), [("hidden", "activation", f)]
            if c["model"] == "mlp":
                for k, layer in enumerate(self.hidden):
                    x = self.act(layer(x))
                    features.append((f"hidden.{k}", "activation", x))
                return self.readout(x), features
            x = x.unsqueeze(0)
            for k, layer in enumerate(self.conv):
                x = self.act(layer(x))
                features.append((f"conv.{k}", "activation", x.flatten()))
                x = self.pool(x)
                features.append((f"conv.{k}", "pooled", x.flatten()))
            return self.readout(x.flatten()), features

    net = Net().double()
    params = {name: torch.tensor(value) for name, value in weights.items()}
    assert {k: v.shape for k, v in net.named_parameters()} == {k: v.shape for k, v in params.items()}
    x = torch.tensor(x)
    labels = []

    def both(p, one):
        out, features = functional_call(net, p, (one,))
        labels[:] = [f[:2] for f in features]
        return out, [f[2] for f in features]

    out, features = vmap(both, (None, 0))(params, x)
    jacobians = vmap(jacrev(lambda p, one: both(p, one)[0]), (None, 0))(params, x)
    parts = {}
    for name, j in jacobians.items():
        j = j.flatten(2)  # n x outputs x entries
        parts[name] = torch.einsum("iat,jbt->iajb", j, j).numpy()
    ck = [(*label, (f @ f.T / f.shape[1]).numpy(), f.shape[1]) for label, f in zip(labels, features)]
    return out.numpy(), ck, parts


# ---------------------------------------------------------------- second way: the layer-wise formula


def slope(c, moments, z):
    """s(z), s'(z) in numpy."""
    e = np.exp(-np.abs(z))
    value, d = {
        "tanh": lambda: (np.tanh(z), 1.0 / np.cosh(z) ** 2),
        "relu": lambda: (np.maximum(z, 0.0), (z > 0.0).astype(float)),
        "softplus": lambda: (np.maximum(z, 0.0) + np.log1p(e), np.where(z < 0.0, e, 1.0) / (1.0 + e)),
    }[c["activation"]]()
    if c["activation"] == "relu":
        assert np.abs(z).min() > 1e-6, "a preactivation lies at the kink"
    if c["normalized"]:
        m = moments[c["activation"]]
        value, d = (value - m["mean"]) / m["sd"], d / m["sd"]
    return value, d


def gram(a, b=None):
    """n x k x p deltas or n x p activations: Gram matrices over the last axis, for every pair of outputs."""
    return np.einsum("iap,jbp->iajb", a, a if b is None else b)


def formula_kernels(c, moments, x, w):
    """The same three as `torch_kernels`, from (delta Gram) o (activation Gram), without autodiff."""
    return (formula_conv if c["model"] == "conv" else formula_dense)(c, moments, x, w)


def formula_dense(c, moments, x, w):
    two = c["model"] == "two-layer"
    names = ["hidden"] if two else [f"hidden.{k}" for k in range(len(c["hidden"]))]
    scale = c["width"] ** (-0.5 if c["scaling"] == "ntk" else -1.0) if two else 1.0
    acts, slopes = [x / np.sqrt(c["inputs"]) if two else x], []
    for name in names:
        value, d = slope(c, moments, acts[-1] @ w[f"{name}.weight"].T + w.get(f"{name}.bias", 0.0))
        acts.append(value)
        slopes.append(d)
    out = scale * (acts[-1] @ w["readout.weight"].T + w.get("readout.bias", 0.0))
    k = out.shape[1]
    # d f_a / d readout preactivation_b = scale [a = b], for every sample.
    delta = np.broadcast_to(scale * np.eye(k), (len(x), k, k))
    parts = {}
    for layer, name in reversed(list(enumerate([*names, "readout"]))):
        deltas = gram(delta)
        parts[f"{name}.weight"] = deltas * (acts[layer] @ acts[layer].T)[:, None, :, None]
        if f"{name}.bias" in w:
            parts[f"{name}.bias"] = deltas
        if layer > 0:
            delta = (delta @ w[f"{name}.weight"]) * slopes[layer - 1][:, None, :]
    ck = [(name, "activation", a @ a.T / a.shape[1], a.shape[1]) for name, a in zip(names, acts[1:])]
    return out, ck, parts


def patches(x):
    """n x c x h x w -> n x (h w) x (9 c): what each output position sees, zero outside."""
    n, ch, h, w = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    seen = [padded[:, :, i : i + h, j : j + w] for i in range(3) for j in range(3)]
    return np.stack(seen, axis=2).reshape(n, ch * 9, h * w).transpose(0, 2, 1)


def back_to_input(delta, weight):
    """... x out x h x w deltas of a convolution's outputs -> those of its inputs."""
    *lead, _, h, w = delta.shape
    padded = np.zeros((*lead, weight.shape[1], h + 2, w + 2))
    for i in range(3):
        for j in range(3):
            padded[..., i : i + h, j : j + w] += np.einsum("...ohw,oc->...chw", delta, weight[:, :, i, j])
    return padded[..., 1:-1, 1:-1]


def formula_conv(c, moments, x, w):
    names = [f"conv.{k}" for k in range(len(c["channels"]))]
    inputs, slopes, ck = [], [], []
    for name in names:
        weight = w[f"{name}.weight"]
        n, _, height, width = x.shape
        seen = patches(x)
        inputs.append(seen)
        z = (seen @ weight.reshape(len(weight), -1).T).transpose(0, 2, 1).reshape(n, -1, height, width)
        value, d = slope(c, moments, z + w[f"{name}.bias"][:, None, None])
        slopes.append(d)
        x = value.reshape(n, len(weight), height // 2, 2, width // 2, 2).mean(axis=(3, 5))
        for at, f in (("activation", value.reshape(n, -1)), ("pooled", x.reshape(n, -1))):
            ck.append((name, at, f @ f.T / f.shape[1], f.shape[1]))
    flat = x.reshape(n, -1)
    out = flat @ w["readout.weight"].T + w["readout.bias"]
    k = out.shape[1]
    deltas = gram(np.broadcast_to(np.eye(k), (n, k, k)))
    parts = {"readout.weight": deltas * (flat @ flat.T)[:, None, :, None], "readout.bias": deltas}
    delta = np.broadcast_to(w["readout.weight"].reshape(k, *x.shape[1:]), (n, k, *x.shape[1:]))
    for layer in reversed(range(len(names))):
        # The mean over 2 x 2 hands a quarter of its delta to each of the four.
        delta = delta.repeat(2, axis=-2).repeat(2, axis=-1) / 4.0 * slopes[layer][:, None]
        # Weights are shared: the Gram matrices run over pairs of positions, and the product is summed over them.
        flat_delta = delta.reshape(n, k, delta.shape[2], -1)
        d = np.einsum("iaop,jboq->iajbpq", flat_delta, flat_delta)
        a = np.einsum("ipt,jqt->ijpq", inputs[layer], inputs[layer])
        parts[f"{names[layer]}.weight"] = np.einsum("iajbpq,ijpq->iajb", d, a)
        parts[f"{names[layer]}.bias"] = d.sum(axis=(-1, -2))
        if layer > 0:
            delta = back_to_input(delta, w[f"{names[layer]}.weight"])
    return out, ck, parts


# ---------------------------------------------------------------- third way: neural-tangents


def peer_kernels(c, moments, x, w):
    """outputs and parameter -> J J^T by neural-tangents, once by each of its implementations."""
    import jax
    import jax.numpy as jnp
    import neural_tangents as nt

    def act(z):
        y = {"tanh": jnp.tanh, "relu": jax.nn.relu, "softplus": jax.nn.softplus}[c["activation"]](z)
        return (y - moments[c["activation"]]["mean"]) / moments[c["activation"]]["sd"] if c["normalized"] else y

    def dense(p, name, x):
        return x @ p[f"{name}.weight"].T + p.get(f"{name}.bias", 0.0)

    def f(p, x):
        if c["model"] == "two-layer":
            scale = c["width"] ** (-0.5 if c["scaling"] == "ntk" else -1.0)
            return scale * dense(p, "readout", act(dense(p, "hidden", x / c["inputs"] ** 0.5)))
        if c["model"] == "mlp":
            for k in range(len(c["hidden"])):
                x = act(dense(p, f"hidden.{k}", x))
            return dense(p, "readout", x)
        for k in range(len(c["channels"])):
            z = jax.lax.conv_general_dilated(x, p[f"conv.{k}.weight"], (1, 1), ((1, 1), (1, 1)))
            x = act(z + p[f"conv.{k}.bias"][:, None, None])
            x = x.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 2, 2).mean((3, 5))
        return dense(p, "readout", x.reshape(len(x), -1))

    x = jnp.asarray(x)
    p = {name: jnp.asarray(value) for name, value in w.items()}
    kernels = {}
    for way in nt.NtkImplementation:
        if way is nt.NtkImplementation.AUTO:
            continue
        kernels[way.name] = {}
        for name in p:
            rest = {k: v for k, v in p.items() if k != name}
            ntk = nt.empirical_ntk_fn(lambda q, x: f({**rest, **q}, x), trace_axes=(), vmap_axes=0, implementation=way)
            kernels[way.name][name] = np.asarray(ntk(x, None, {name: p[name]})).transpose(0, 2, 1, 3)
    return np.asarray(f(p, x)), kernels


# ---------------------------------------------------------------- the file


def packed(a):
    a = np.asarray(a, dtype=float)
    return {"shape": list(a.shape), "values": a.ravel().tolist()}


def unpacked(entry):
    return np.array(entry["values"], dtype=float).reshape(entry["shape"])


def contract(parts, names, outputs):
    total = sum(parts[name] for name in names)
    return np.einsum("iaja->ij", total) if outputs == "trace" else total[:, outputs, :, outputs]


def chosen(c):
    """(parameters, outputs) of each recorded NTK."""
    every = list(shapes_of(c))
    if c["model"] == "two-layer":
        return [(every, "trace"), (["hidden.weight"], "trace")]
    return [(every, "trace"), (every, 0)]


def distance(a, b):
    """Largest difference over largest entry."""
    return float(np.abs(a - b).max() / np.abs(b).max())


def case_of(c, moments, x, w):
    out, ck, parts = torch_kernels(c, moments, x, w)
    out2, ck2, parts2 = formula_kernels(c, moments, x, w)
    assert [k[:2] for k in ck] == [k[:2] for k in ck2] and set(parts) == set(parts2) == set(w)
    gaps = {
        "outputs": distance(out2, out),
        "ck": max(distance(b[2], a[2]) for a, b in zip(ck, ck2)),
        "ntk": max(distance(parts2[name], parts[name]) for name in w),
    }
    case = {
        "name": name_of(c),
        "config": c,
        "inputs": packed(x),
        "weights": {name: packed(value) for name, value in w.items()},
        "outputs": packed(out),
        "ck": [{"layer": name, "at": at, "features": p, **packed(value)} for name, at, value, p in ck],
        "ntk": [{"parameters": p, "outputs": o, **packed(contract(parts, p, o))} for p, o in chosen(c)],
        "parts": {name: packed(contract(parts, [name], "trace")) for name in w},
    }
    return case, gaps


def written(document):
    """JSON with every array on a line of its own."""
    return json.dumps(document).replace('"shape": ', '\n"shape": ').replace('"name": ', '\n\n"name": ') + "\n"


def matrices(case):
    """Label -> every recorded matrix of a case."""
    found = {"outputs": case["outputs"]}
    found |= {f"ck {k['layer']} {k['at']}": k for k in case["ck"]}
    found |= {f"ntk {'+'.join(k['parameters'])} {k['outputs']}": k for k in case["ntk"]}
    found |= {f"part {name}": k for name, k in case["parts"].items()}
    return {label: unpacked(k) for label, k in found.items()}


def show(rows):
    """Prints the largest relative differences of each case; true if all hold."""
    good = True
    for name, gaps in rows:
        holds = all(g <= BOUND for g in gaps.values())
        good &= holds
        print(f"{name:36}", *(f"{k} {v:.1e}" for k, v in gaps.items()), "" if holds else f"  beyond {BOUND:g}")
    return good


def peer_gaps(case, moments):
    import jax

    jax.config.update("jax_enable_x64", True)
    w = {name: unpacked(v) for name, v in case["weights"].items()}
    recorded = matrices(case)
    out, kernels = peer_kernels(case["config"], moments, unpacked(case["inputs"]), w)
    gaps = {"outputs": distance(out, recorded["outputs"])}
    for way, parts in kernels.items():
        gaps[way.lower()] = max(
            [distance(contract(parts, [name], "trace"), recorded[f"part {name}"]) for name in w]
            + [distance(contract(parts, k["parameters"], k["outputs"]), unpacked(k)) for k in case["ntk"]]
        )
    return gaps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--peer", action="store_true")
    args = parser.parse_args()
    rows = []
    if args.check or args.peer:
        document = json.loads(FILE.read_text())
        for case in document["cases"]:
            if args.peer:
                rows.append((case["name"], peer_gaps(case, document["moments"])))
                continue
            w = {name: unpacked(v) for name, v in case["weights"].items()}
            again, gaps = case_of(case["config"], document["moments"], unpacked(case["inputs"]), w)
            new, old = matrices(again), matrices(case)
            assert new.keys() == old.keys()
            rows.append((case["name"], gaps | {"file": max(distance(new[k], old[k]) for k in old)}))
        return 0 if show(rows) else 1
    import torch

    moments, cases = gaussian_moments(), []
    for seed, c in enumerate(configs()):
        case, gaps = case_of(c, moments, *draw(c, seed))
        cases.append(case)
        rows.append((case["name"], gaps))
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    if not show(rows):
        return 1
    text = written({"about": ABOUT, "versions": versions, "moments": moments, "cases": cases})
    assert json.loads(text)["cases"] == json.loads(json.dumps(cases))
    FILE.write_text(text)
    print(f"{FILE.name}: {len(cases)} cases, {len(text)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())

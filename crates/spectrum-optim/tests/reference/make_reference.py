#!/usr/bin/env python3
"""Ten steps of each optimizer, the schedules and the clipping, as PyTorch computes them, into reference.json.

    python make_reference.py            write reference.json (torch >= 2.9, for torch.optim.Muon)
    python make_reference.py --check    compute again and compare with reference.json (any torch; Muon only if it is there)

Everything is float64 and starts from closed formulas, so that nothing random is involved.

Two problems:
  polynomial   parameters tall (5x3), wide (2x4), bias (3) with the gradient a w + 0.3 w^3 - b, entry by entry, with
               a = 1 + 0.5 cos(0.9 i), b = sin(1.3 i + k), i the entry's index and k the parameter's number.
               The formula is evaluated by the test itself, so only the optimizers are compared.
  network      mean((tanh(x A^T + c) B^T - y)^2) with A 5x4, c 5, B 2x5 on 6 samples, by automatic differentiation.

Muon: PyTorch casts the update to bfloat16 inside the Newton-Schulz iteration. The reference runs PyTorch's own code
with that one cast replaced by float64 (`muon*`), and the untouched optimizer besides (`muon_bfloat16`), which shows
what the cast does.
"""

import argparse
import inspect
import json
import math
import os
import sys

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 10

SHAPES = {"tall": (5, 3), "wide": (2, 4), "bias": (3,)}
NETWORK = {"a": (5, 4), "c": (5,), "b": (2, 5)}


def wave(shape, rate, phase):
    n = math.prod(shape)
    return torch.tensor([math.sin(rate * i + phase) for i in range(n)]).reshape(shape)


def polynomial_gradient(w, k):
    n = w.numel()
    a = torch.tensor([1.0 + 0.5 * math.cos(0.9 * i) for i in range(n)]).reshape(w.shape)
    b = torch.tensor([math.sin(1.3 * i + k) for i in range(n)]).reshape(w.shape)
    return a * w + 0.3 * (w * w * w) - b


def polynomial():
    return {name: wave(shape, 0.73, 0.4 * k).requires_grad_() for k, (name, shape) in enumerate(SHAPES.items())}


def network():
    return {name: (0.8 * wave(shape, 0.73, 0.5 + k)).requires_grad_() for k, (name, shape) in enumerate(NETWORK.items())}


X = wave((6, 4), 1.1, 0.2)
Y = wave((6, 2), 0.6, 1.0)


def network_loss(p):
    return ((torch.tanh(X @ p["a"].T + p["c"]) @ p["b"].T - Y) ** 2).mean()


# name -> (kind, options as in our config)
CASES = {
    "sgd": ("sgd", {"lr": 0.1}),
    "sgd_decay": ("sgd", {"lr": 0.1, "weight_decay": 0.05}),
    "sgd_momentum": ("sgd", {"lr": 0.05, "momentum": 0.9}),
    "sgd_dampening": ("sgd", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3}),
    "sgd_nesterov": ("sgd", {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.02}),
    "adam": ("adam", {"lr": 0.1}),
    "adam_default_rate": ("adam", {}),
    "adam_eps": ("adam", {"lr": 0.03, "betas": [0.8, 0.95], "eps": 0.1}),
    "adam_decay": ("adam", {"lr": 0.05, "weight_decay": 0.1}),
    "adam_without_memory": ("adam", {"lr": 0.01, "betas": [0.0, 0.0]}),
    "adamw": ("adamw", {"lr": 0.05}),
    "adamw_decay": ("adamw", {"lr": 0.05, "betas": [0.95, 0.99], "weight_decay": 0.3}),
    "rmsprop": ("rmsprop", {}),
    "rmsprop_momentum": ("rmsprop", {"lr": 0.02, "alpha": 0.9, "momentum": 0.7, "weight_decay": 0.03}),
    "rmsprop_centered": ("rmsprop", {"lr": 0.02, "centered": True}),
    "rmsprop_all": ("rmsprop", {"lr": 0.01, "alpha": 0.95, "eps": 1e-3, "momentum": 0.5, "centered": True}),
    "sign": ("sign", {"lr": 0.03}),
    "muon": ("muon", {"lr": 0.02}),
    "muon_match": ("muon", {"lr": 0.01, "adjust_lr_fn": "match_rms_adamw", "fallback": {"lr": 0.004}}),
    "muon_plain": ("muon", {"lr": 0.02, "momentum": 0.8, "nesterov": False, "weight_decay": 0.0, "ns_steps": 3}),
    "muon_unclamped": ("muon", {"lr": 0.02, "adjust_lr_fn": "spectral_unclamped",
                                "fallback": {"betas": [0.9, 0.95], "weight_decay": 0.0}}),
}

HAS_MUON = hasattr(torch.optim, "Muon")
if HAS_MUON:
    import torch.optim._muon as muon_module

    PUBLISHED = muon_module._zeropower_via_newtonschulz
    _source = inspect.getsource(PUBLISHED)
    _patched = _source.replace("torch.bfloat16", "torch.float64")
    if _patched == _source:
        _patched = _source.replace("grad.bfloat16()", "grad.clone()")
    assert _patched != _source, "the cast to bfloat16 was not found"
    _scope = dict(vars(muon_module))
    exec(_patched, _scope)
    EXACT = _scope["_zeropower_via_newtonschulz"]


class Sign(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(group["lr"] * torch.sign(p.grad))


def optimizers(kind, options, params):
    """The PyTorch optimizers that together do what our `kind` does."""
    params, options = list(params), dict(options)
    plain = {"foreach": False}
    if kind == "sgd":
        return [torch.optim.SGD(params, lr=options.pop("lr"), **options, **plain)]
    if kind == "adam":
        return [torch.optim.Adam(params, **options, **plain)]
    if kind == "adamw":
        return [torch.optim.AdamW(params, **options, **plain)]
    if kind == "rmsprop":
        return [torch.optim.RMSprop(params, **options, **plain)]
    if kind == "sign":
        return [Sign(params, **options)]
    fallback = {"lr": options["lr"], **options.pop("fallback", {})}
    return [
        torch.optim.Muon([p for p in params if p.ndim == 2], **options),
        torch.optim.AdamW([p for p in params if p.ndim != 2], **fallback, **plain),
    ]


def run(kind, options, problem):
    params = polynomial() if problem == "polynomial" else network()
    steppers = optimizers(kind, options, params.values())
    path = []
    for _ in range(STEPS):
        if problem == "polynomial":
            for k, p in enumerate(params.values()):
                p.grad = polynomial_gradient(p.detach(), k)
        else:
            for p in params.values():
                p.grad = None
            network_loss(params).backward()
        for s in steppers:
            s.step()
        path.append([x for p in params.values() for x in p.detach().reshape(-1).tolist()])
    # All ten steps of the polynomial problem; the network only at its first, fifth and last.
    return path if problem == "polynomial" else [path[0], path[4], path[9]]


def cases():
    out = {}
    for name, (kind, options) in CASES.items():
        if kind == "muon":
            if not HAS_MUON:
                continue
            muon_module._zeropower_via_newtonschulz = EXACT
        out[name] = {
            "config": {"kind": kind, **options},
            "polynomial": run(kind, options, "polynomial"),
            "network": run(kind, options, "network"),
        }
    if HAS_MUON:
        muon_module._zeropower_via_newtonschulz = PUBLISHED
        kind, options = CASES["muon"]
        out["muon_bfloat16"] = {
            "config": {"kind": kind, **options},
            "polynomial": run(kind, options, "polynomial"),
            "network": run(kind, options, "network"),
        }
    return out


def rates(make, base=0.5, steps=14):
    p = torch.zeros(1, requires_grad=True)
    p.grad = torch.zeros(1)
    optimizer = torch.optim.SGD([p], lr=base)
    scheduler = make(optimizer)
    out = []
    for _ in range(steps):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return out


def warm_cosine(optimizer):
    S = torch.optim.lr_scheduler
    return S.SequentialLR(
        optimizer,
        [S.LinearLR(optimizer, start_factor=1 / 4, total_iters=3), S.CosineAnnealingLR(optimizer, T_max=10, eta_min=0.02)],
        milestones=[4],
    )


def schedules():
    S = torch.optim.lr_scheduler
    pairs = [[1, 0.1], [2, 1.0], [7, 0.3]]
    late = [[3, 0.2], [9, 0.05]]

    def held(pairs, base):
        return lambda done: ([r for s, r in pairs if s <= done + 1] or [base])[-1] / base

    table = [
        ("constant", lambda o: S.LambdaLR(o, lambda done: 1.0)),
        ({"kind": "step", "every": 1, "gamma": 0.6}, lambda o: S.StepLR(o, 1, 0.6)),
        ({"kind": "step", "every": 4}, lambda o: S.StepLR(o, 4)),
        ("cosine", lambda o: S.CosineAnnealingLR(o, T_max=14)),
        ({"kind": "cosine", "steps": 20, "min": 0.05}, lambda o: S.CosineAnnealingLR(o, T_max=20, eta_min=0.05)),
        ({"kind": "cosine", "steps": 14, "min": 0.02, "warmup": 4}, warm_cosine),
        ({"kind": "warmup", "steps": 6}, lambda o: S.LinearLR(o, start_factor=1 / 6, total_iters=5)),
        (pairs, lambda o: S.LambdaLR(o, held(pairs, 0.5))),
        (late, lambda o: S.LambdaLR(o, held(late, 0.5))),
    ]
    return [{"schedule": schedule, "base": 0.5, "rates": rates(make)} for schedule, make in table]


def clipping():
    out = []
    for max_norm in [0.5, 2.0, 1000.0]:
        params = polynomial()
        for k, p in enumerate(params.values()):
            p.grad = polynomial_gradient(p.detach(), k)
        norm = torch.nn.utils.clip_grad_norm_(list(params.values()), max_norm)
        out.append({
            "max_norm": max_norm,
            "norm": norm.item(),
            "gradient": [x for p in params.values() for x in p.grad.reshape(-1).tolist()],
        })
    return out


def largest_difference(a, b, where=""):
    if isinstance(a, dict):
        return max((largest_difference(a[k], b[k], f"{where}.{k}") for k in a if k in b), default=0.0)
    if isinstance(a, list):
        assert len(a) == len(b), where
        return max((largest_difference(x, y, where) for x, y in zip(a, b)), default=0.0)
    if isinstance(a, (int, float)) and not isinstance(a, bool):
        return abs(a - b)
    assert a == b, where
    return 0.0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    torch.use_deterministic_algorithms(True)
    reference = {"torch": torch.__version__, "cases": cases(), "schedules": schedules(), "clipping": clipping()}
    path = os.path.join(HERE, "reference.json")
    if check:
        with open(path) as f:
            recorded = json.load(f)
        for part in ["cases", "schedules", "clipping"]:
            print(f"{part}: torch {torch.__version__} against torch {recorded['torch']}:",
                  f"largest difference {largest_difference(reference[part], recorded[part]):.1e}")
        return
    if not HAS_MUON:
        sys.exit("this torch has no Muon: 2.9 or newer is needed to write the reference")
    a, b = reference["cases"]["muon"], reference["cases"]["muon_bfloat16"]
    print(f"Muon in bfloat16 against float64: {largest_difference(a['polynomial'], b['polynomial']):.2e} (polynomial),",
          f"{largest_difference(a['network'], b['network']):.2e} (network) in ten steps")
    with open(path, "w") as f:
        # One step a line: short diffs.
        f.write(json.dumps(reference, separators=(",", ":")).replace("],[", "],\n[").replace('},"', '},\n"'))
        f.write("\n")


main()

#!/usr/bin/env python3
"""Time and memory of the CK, the NTK and both their spectra of one multilayer perceptron, by one method.

    python3 jacobian.py --method METHOD --n N [--tensors FILE.safetensors] [--block B] [--partial K] [--threads 2]

Prints one line of JSON. One process does one case: peak memory is the process's. Methods, of which the first three are
PyTorch's and the others neural-tangents' (another environment, see README.md):

    layerwise      sum over layers of (delta Gram) o (activation Gram)
    jacobian       per-sample Jacobians by torch.func and their contraction (PyTorch's NTK tutorial, first recipe),
                   over pairs of sample blocks, because n x P does not fit
    vector         NTK-vector products by vjp and jvp (the tutorial's second recipe), --block samples of rows at a time
    nt-jacobian, nt-vector, nt-structured
                   nt.empirical_ntk_fn with the implementation of that name, over pairs of sample blocks

The network: x -> tanh(W_0 x) -> ... -> w, no biases, one output; tensors `train.inputs` (n x d),
`initial.hidden.K.weight` (out x in), `initial.readout.weight` of a run's bundle, or random ones (--seed, the sizes).
Products are taken in f32 (--dtype float64 for f64), eigenvalues of the finished kernels in f64. --partial K does only
the first K of the block pairs (or blocks of rows), leaves the spectra out and says what the whole would take in
proportion. Exit 2: the file does not fit.
"""

import argparse
import json
import os
import resource
import sys
import time

METHODS = ("layerwise", "jacobian", "vector", "nt-jacobian", "nt-vector", "nt-structured")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", choices=METHODS, required=True)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--width", type=int, default=2000)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--tensors", help="safetensors file; overrides the three sizes above")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--block", type=int, help="samples; default 50, vector 1, nt-vector 20, nt-structured 200")
    parser.add_argument("--partial", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    args = parser.parse_args()
    if args.block is None:
        args.block = {"vector": 1, "nt-vector": 20, "nt-structured": 200}.get(args.method, 50)
    if min(args.n, args.block, args.threads) < 1 or args.n < 2:
        parser.error("--n needs two or more, --block and --threads one or more")
    return args


def peak_mb():
    """Largest resident size of this process so far, MB = 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def refuse(path, why):
    print(f"{path}: {why}", file=sys.stderr)
    sys.exit(2)


def network(args):
    """Inputs and weights, first layer to readout, as f64 or f32 arrays of numpy."""
    import numpy as np

    if args.tensors:
        from safetensors import safe_open

        with safe_open(args.tensors, "numpy") as f:
            names = set(f.keys())
            if "initial.hidden.0.bias" in names:
                refuse(args.tensors, "biases are not handled")
            hidden = sum(name.startswith("initial.hidden.") and name.endswith(".weight") for name in names)
            if not hidden or "train.inputs" not in names or "initial.readout.weight" not in names:
                refuse(args.tensors, "expected train.inputs, initial.hidden.0.weight, ..., initial.readout.weight")
            x = f.get_tensor("train.inputs")
            if len(x) < args.n:
                refuse(args.tensors, f"{len(x)} samples, --n {args.n}")
            weights = [f.get_tensor(f"initial.hidden.{k}.weight") for k in range(hidden)]
            readout = f.get_tensor("initial.readout.weight")
            if readout.size != len(weights[-1]):
                refuse(args.tensors, f"one output is expected, the readout is {readout.shape}")
            weights.append(readout.reshape(1, -1))
        return x[: args.n], weights
    rng = np.random.default_rng(args.seed)
    x = rng.standard_normal((args.n, args.inputs))
    widths = [args.inputs, *[args.width] * args.depth, 1]
    return x, [rng.standard_normal((o, i)) / i**0.5 for i, o in zip(widths, widths[1:])]


def pairs(n, block):
    """The pairs of sample blocks of a symmetric matrix, diagonal included."""
    blocks = [slice(s, min(s + block, n)) for s in range(0, n, block)]
    return [(a, b) for k, a in enumerate(blocks) for b in blocks[k:]]


class Share:
    """How much of the n x n kernel was done, for --partial."""

    def __init__(self, n):
        self.entries, self.done = n * n, 0

    def add(self, rows, cols, mirrored):
        self.done += rows * cols * (2 if mirrored else 1)

    def fraction(self):
        return self.done / self.entries


# ---------------------------------------------------------------- PyTorch


def torch_layerwise(x, weights, args, share):
    """CK and NTK by Gram matrices alone; nothing of the size of a Jacobian."""
    import torch

    acts = [x]
    for w in weights[:-1]:
        acts.append(torch.tanh(acts[-1] @ w.T))
    ck = acts[-1] @ acts[-1].T
    ntk = ck.clone()
    ck /= acts[-1].shape[1]
    # d f / d preactivation, from the last hidden layer down; one output.
    delta = (1.0 - acts[-1] ** 2) * weights[-1]
    for k in reversed(range(len(weights) - 1)):
        ntk += (delta @ delta.T).mul_(acts[k] @ acts[k].T)
        if k > 0:
            delta = (delta @ weights[k]).mul_(1.0 - acts[k] ** 2)
    share.add(len(x), len(x), False)
    return ck, ntk


def torch_net(weights):
    """(parameters, f(parameters, one sample), features of many samples)."""
    import torch

    params = {f"hidden.{k}": w for k, w in enumerate(weights[:-1])} | {"readout": weights[-1]}

    def features(p, x):
        for k in range(len(weights) - 1):
            x = torch.tanh(torch.nn.functional.linear(x, p[f"hidden.{k}"]))
        return x

    def single(p, x):
        return torch.nn.functional.linear(features(p, x.unsqueeze(0)), p["readout"]).squeeze(0)

    return params, single, features


def torch_ck(params, features, x):
    f = features(params, x)
    return f @ f.T / f.shape[1]


def torch_jacobian(x, weights, args, share):
    import torch
    from torch.func import jacrev, vmap

    params, single, features = torch_net(weights)
    ck = torch_ck(params, features, x)
    ntk = torch.zeros(len(x), len(x), dtype=x.dtype)

    def jacobians(rows):
        found = vmap(jacrev(single), (None, 0))(params, x[rows])
        return [j.flatten(2) for j in found.values()]  # samples x outputs x entries

    first, left = None, None
    for count, (a, b) in enumerate(pairs(len(x), args.block)):
        if args.partial and count == args.partial:
            break
        if a != first:
            left = None
            first, left = a, jacobians(a)
        right = left if a == b else jacobians(b)
        block = sum(torch.einsum("Naf,Mbf->NMab", p, q) for p, q in zip(left, right))
        block = torch.einsum("NMaa->NM", block)
        ntk[a, b] = block
        ntk[b, a] = block.T
        share.add(a.stop - a.start, b.stop - b.start, a != b)
        del right
    return ck, ntk


def torch_vector(x, weights, args, share):
    import torch
    from torch.func import jvp, vjp, vmap

    params, single, features = torch_net(weights)
    ck = torch_ck(params, features, x)
    ntk = torch.zeros(len(x), len(x), dtype=x.dtype)

    def entry(x1, x2):
        """One entry of the kernel, outputs x outputs: J(x1) J(x2)^T applied to the unit vectors."""
        out, back = vjp(lambda p: single(p, x1), params)
        units = torch.eye(out.shape[-1], dtype=out.dtype)

        def product(unit):
            (tangent,) = back(unit)
            return jvp(lambda p: single(p, x2), (params,), (tangent,))[1]

        return vmap(product)(units)

    rows = vmap(vmap(entry, (None, 0)), (0, None))
    for count, start in enumerate(range(0, len(x), args.block)):
        if args.partial and count == args.partial:
            break
        a = slice(start, min(start + args.block, len(x)))
        ntk[a] = torch.einsum("NMaa->NM", rows(x[a], x))
        share.add(a.stop - a.start, len(x), False)
    return ck, ntk


def torch_case(args, x, weights):
    import torch

    torch.set_num_threads(args.threads)
    dtype = getattr(torch, args.dtype)
    method = {"layerwise": torch_layerwise, "jacobian": torch_jacobian, "vector": torch_vector}[args.method]

    def run(x, weights, args):
        share = Share(len(x))
        start = time.perf_counter()
        with torch.no_grad():
            ck, ntk = method(x, weights, args, share)
        kernels = time.perf_counter()
        if args.partial:
            return kernels - start, None, share, None, None
        tops = [float(torch.linalg.eigvalsh(k.double())[-1]) for k in (ck, ntk)]
        return kernels - start, time.perf_counter() - kernels, share, *tops

    small = argparse.Namespace(**vars(args) | {"partial": 0, "block": min(args.block, 32)})
    # Large enough that the linear algebra starts its threads.
    little = [torch.randn(o, i, dtype=dtype) / i**0.5 for o, i in ((256, 300), (256, 256), (1, 256))]
    run(torch.randn(64, 300, dtype=dtype), little, small)
    torch.linalg.eigvalsh(torch.eye(300, dtype=torch.float64))
    x = torch.from_numpy(x).to(dtype)
    weights = [torch.from_numpy(w).to(dtype) for w in weights]
    return {"torch": torch.__version__}, run, x, weights


# ---------------------------------------------------------------- neural-tangents


def jax_case(args, x, weights):
    import jax
    import jax.numpy as jnp
    import neural_tangents as nt
    import numpy as np
    import scipy.linalg

    if args.dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    way = {
        "nt-jacobian": nt.NtkImplementation.JACOBIAN_CONTRACTION,
        "nt-vector": nt.NtkImplementation.NTK_VECTOR_PRODUCTS,
        "nt-structured": nt.NtkImplementation.STRUCTURED_DERIVATIVES,
    }[args.method]

    # The layout that is faster for each. In out x in the transposition hides the dense layers from the structured
    # derivatives (a hundred times slower); the plain contraction is four times slower in in x out.
    out_in = args.method == "nt-jacobian"

    def dense(w, x):
        return x @ (w.T if out_in else w)

    def features(p, x):
        for w in p[:-1]:
            x = jnp.tanh(dense(w, x))
        return x

    def network(p, x):
        return dense(p[-1], features(p, x))

    # Trace over the one output: n x n.
    kernel = jax.jit(nt.empirical_ntk_fn(network, trace_axes=(-1,), vmap_axes=0, implementation=way))
    ck_of = jax.jit(lambda p, x: (lambda f: f @ f.T / f.shape[1])(features(p, x)))

    def run(x, weights, args):
        share = Share(len(x))
        start = time.perf_counter()
        ck = np.asarray(ck_of(weights, x))
        ntk = np.zeros((len(x), len(x)), dtype=args.dtype)
        for count, (a, b) in enumerate(pairs(len(x), args.block)):
            if args.partial and count == args.partial:
                break
            # neural-tangents scales a trace to a mean; of one output they are the same.
            block = np.asarray(kernel(x[a], x[b], weights))
            ntk[a, b] = block
            ntk[b, a] = block.T
            share.add(a.stop - a.start, b.stop - b.start, a != b)
        kernels = time.perf_counter()
        if args.partial:
            return kernels - start, None, share, None, None
        tops = [float(scipy.linalg.eigvalsh(k.astype(np.float64))[-1]) for k in (ck, ntk)]
        return kernels - start, time.perf_counter() - kernels, share, *tops

    x = jnp.asarray(x, dtype=args.dtype)
    weights = [jnp.asarray(w if out_in else np.ascontiguousarray(w.T), dtype=args.dtype) for w in weights]
    # The warm-up compiles what the case runs: block pairs of the case's own shape.
    for rows in {args.block, args.n % args.block or args.block}:
        kernel(x[: args.block], x[:rows], weights).block_until_ready()
        kernel(x[:rows], x[:rows], weights).block_until_ready()
    ck_of(weights, x).block_until_ready()
    return {"jax": jax.__version__, "neural_tangents": nt.__version__}, run, x, weights


def main():
    args = arguments()
    # Before any of the libraries starts its threads.
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    if args.method.startswith("nt-"):
        if hasattr(os, "sched_setaffinity"):  # XLA takes a thread for each processor that it may use.
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: args.threads])
        os.environ["JAX_PLATFORMS"] = "cpu"
    x, weights = network(args)
    widths = [x.shape[1], *[len(w) for w in weights]]
    case = jax_case if args.method.startswith("nt-") else torch_case
    versions, run, x, weights = case(args, x, weights)
    before = peak_mb()
    kernels, spectra, share, ck, ntk = run(x, weights, args)
    done = None if not args.partial else share.fraction()
    print(
        json.dumps(
            {
                "method": args.method,
                "n": args.n,
                "seconds": None if args.partial else round(kernels + spectra, 3),
                "seconds_kernels": round(kernels, 3),
                "seconds_spectra": None if args.partial else round(spectra, 3),
                "peak_mb": round(peak_mb(), 1),
                "peak_mb_before": round(before, 1),
                "top_eigenvalue_ck": ck,
                "top_eigenvalue_ntk": ntk,
                "share_done": done,
                "seconds_kernels_in_proportion": round(kernels / done, 1) if done else None,
                "block": None if args.method == "layerwise" else args.block,
                "widths": widths,
                "parameters": sum(i * o for i, o in zip(widths, widths[1:])),
                "dtype": args.dtype,
                "threads": args.threads,
                "inputs": "file" if args.tensors else f"seed {args.seed}",
                **versions,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

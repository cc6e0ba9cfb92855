"""The training step of the paper's size against the same step in PyTorch, in one run.

usage: python step_time.py PATH/TO/spectrum [--steps 30] [--rounds 3] [--threads 1 2]

Needs torch (CPU). Both sides: 2000 x 1000 inputs, 1500 hidden units, tanh, mean squared error, full batch, Adam at
rate 1, only the hidden layer trained, f32 and f64. The two programs take turns; each figure is the median over rounds
of the mean step time of one round. Our time is `training_seconds` of a run that records nothing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

N, D, H = 2000, 1000, 1500


def torch_seconds(steps, threads, dtype):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    kind = getattr(torch, dtype)
    x = torch.randn(N, D, dtype=kind) / D**0.5
    y = torch.randn(N, dtype=kind)
    w = torch.randn(H, D, dtype=kind, requires_grad=True)
    a = torch.randn(H, dtype=kind)
    adam = torch.optim.Adam([w], lr=1.0)

    def step():
        adam.zero_grad(set_to_none=True)
        loss = ((torch.tanh(x @ w.T) @ a / H**0.5 - y) ** 2).mean()
        loss.backward()
        adam.step()
        return loss.item()

    for _ in range(3):
        step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


def ours_seconds(binary, config, steps, threads, dtype):
    with tempfile.TemporaryDirectory() as out:
        sets = {
            "name": "step-time",
            "training.steps": steps,
            "training.evaluate_every": 1000000,
            "training.checkpoint_every": 0,
            "spectra.enabled": "false",
            "precision": "f32" if dtype == "float32" else "f64",
        }
        command = [binary, "run", config, "--out", out, "--json"]
        for key, value in sets.items():
            command += ["--set", f"{key}={value}"]
        env = dict(os.environ, RAYON_NUM_THREADS=str(threads))
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["run"]["training_seconds"] / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--side", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        # A process of its own: torch's thread count is set once.
        print(torch_seconds(args.steps, int(args.side[1]), args.side[2]))
        return 0
    here = os.path.dirname(os.path.abspath(__file__))
    config = os.path.join(here, "..", "..", "configs", "heavy-tails", "tail-paper.toml")
    version = subprocess.run([sys.executable, "-c", "import torch; print(torch.__version__)"], capture_output=True, text=True)
    print(f"torch {version.stdout.strip()}, {N} x {D} x {H}, Adam, ms a step, {args.steps} steps, {args.rounds} rounds")
    print("| precision | threads | spectrum (flex) | torch | ratio |\n|---|---|---|---|---|")
    for dtype in ("float32", "float64"):
        for threads in args.threads:
            ours, torch = [], []
            for _ in range(args.rounds):
                ours.append(ours_seconds(args.binary, config, args.steps, threads, dtype))
                side = [sys.executable, __file__, args.binary, "--steps", str(args.steps), "--side", "torch", str(threads), dtype]
                env = dict(os.environ, OMP_NUM_THREADS=str(threads))
                torch.append(float(subprocess.run(side, env=env, capture_output=True, text=True, check=True).stdout))
            a, b = statistics.median(ours) * 1e3, statistics.median(torch) * 1e3
            ratio = statistics.median(p / q for p, q in zip(ours, torch))
            print(f"| {dtype} | {threads} | {a:.1f} | {b:.1f} | {ratio:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A training step of the grokking Transformer against the same network in PyTorch, in one run.

usage: python grokking_time.py PATH/TO/spectrum [--steps 300] [--rounds 3] [--threads 1]

Needs torch (CPU). Both sides: addition modulo 41, 75 % of the pairs in one batch of 1260 sequences of three tokens, width 64, four heads, 256
hidden neurons, no layer normalisation, cross-entropy at the last position, AdamW. PyTorch's network is built from
`nn.TransformerEncoderLayer`, as in the code of arXiv 2408.11804; `fused` is the same written out by hand on flattened inputs, with the
same shortcut as ours (of the last block only the last position). The programs take turns; each figure is the median over rounds of the
mean step time of one round. Ours is `training_seconds` of a run that records nothing, and the wall time of one that takes the full spectra
of all six matrices every 100 steps.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

P, D, HEADS, HIDDEN = 41, 64, 4, 256


def batch(torch):
    pairs = torch.cartesian_prod(torch.arange(P), torch.arange(P))
    chosen = pairs[torch.randperm(P * P, generator=torch.Generator().manual_seed(0))][: int(0.75 * P * P)]
    tokens = torch.cat([chosen, torch.full((len(chosen), 1), P)], 1)
    return tokens, (chosen[:, 0] + chosen[:, 1]) % P


def positions(torch):
    t, k = torch.arange(3.0)[:, None], torch.arange(0, D, 2.0)
    angle = t / 10000 ** (k / D)
    return torch.stack([angle.sin(), angle.cos()], 2).reshape(3, D)


def stock(torch):
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(P + 1, D)
            self.block = nn.TransformerEncoderLayer(D, HEADS, HIDDEN, dropout=0.0, batch_first=True, norm_first=True)
            self.block.norm1, self.block.norm2 = nn.Identity(), nn.Identity()
            self.decoder = nn.Linear(D, P + 1)
            self.register_buffer("position", positions(torch))
            self.register_buffer("mask", torch.triu(torch.full((3, 3), float("-inf")), 1))

        def forward(self, tokens):
            x = self.embedding(tokens) * D**0.5 + self.position
            return self.decoder(self.block(x, src_mask=self.mask)[:, -1])

    return Model()


def fused(torch):
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(P + 1, D)
            self.in_proj, self.out_proj = nn.Linear(D, 3 * D), nn.Linear(D, D)
            self.linear1, self.linear2 = nn.Linear(D, HIDDEN), nn.Linear(HIDDEN, D)
            self.decoder = nn.Linear(D, P + 1)
            self.register_buffer("position", positions(torch))

        def forward(self, tokens):
            n = len(tokens)
            x = self.embedding(tokens) * D**0.5 + self.position
            w, b = self.in_proj.weight, self.in_proj.bias
            q = torch.nn.functional.linear(x[:, -1], w[:D], b[:D])
            kv = torch.nn.functional.linear(x.reshape(3 * n, D), w[D:], b[D:]).reshape(n, 3, 2, HEADS, D // HEADS)
            k, v = kv[:, :, 0], kv[:, :, 1]
            scores = (q.reshape(n, 1, HEADS, -1) * k).sum(-1) / (D // HEADS) ** 0.5
            mixed = (scores.softmax(1)[..., None] * v).sum(1).reshape(n, D)
            x = x[:, -1] + self.out_proj(mixed)
            return self.decoder(x + self.linear2(torch.relu(self.linear1(x))))

    return Model()


def torch_seconds(steps, threads, which):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    tokens, labels = batch(torch)
    model = {"stock": stock, "fused": fused}[which](torch)
    model.train()
    adam = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=1.0)

    def step():
        adam.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(model(tokens), labels)
        loss.backward()
        adam.step()
        return loss.item()

    for _ in range(20):
        step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


def ours_seconds(binary, config, steps, threads, record):
    with tempfile.TemporaryDirectory() as out:
        sets = {"name": "grokking-time", "training.steps": steps, "training.evaluate_every": 1000000,
                "training.checkpoint_every": 0, "interventions.every": 1000000}
        if record:
            sets["spectra.layers"] = '["*.weight"]'
        command = [binary, "run", config, "--out", out, "--json"]
        for key, value in sets.items():
            command += ["--set", f"{key}={value}"]
        if not record:
            command += ["--set", "spectra.every=1000000"]
        done = subprocess.run(command, env=dict(os.environ, RAYON_NUM_THREADS=str(threads)), capture_output=True, text=True,
                              check=True)
        run = json.loads(done.stdout)["run"]
        return (run["wall_seconds"] if record else run["training_seconds"]) / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        # A process of its own: torch's thread count is set once.
        print(torch_seconds(args.steps, args.threads, args.side))
        return 0
    here = os.path.dirname(os.path.abspath(__file__))
    config = os.path.join(here, "..", "..", "configs", "grokking", "transformer.toml")

    def torch_side(which):
        command = [sys.executable, __file__, args.binary, "--steps", str(args.steps), "--threads", str(args.threads), "--side", which]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    sides = {
        "torch, nn.TransformerEncoderLayer": lambda: torch_side("stock"),
        "torch, written out": lambda: torch_side("fused"),
        "ours": lambda: ours_seconds(args.binary, config, args.steps, args.threads, False),
        "ours, six spectra every 100 steps": lambda: ours_seconds(args.binary, config, args.steps, args.threads, True),
    }
    times = {name: [] for name in sides}
    for _ in range(args.rounds):
        for name, side in sides.items():
            times[name].append(side())
    ours = statistics.median(times["ours"])
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"{name:36} {1e3 * median:7.2f} ms a step   {median / ours:5.2f} of ours")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""One optimizer step on a 1500 x 1000 weight in PyTorch on the CPU: the anchor of step_time.rs.

    python step_time.py [threads]     median of 20 steps, milliseconds
"""

import statistics
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
print("torch", torch.__version__, "threads", torch.get_num_threads())
O = torch.optim
KINDS = {
    "sgd": lambda p: O.SGD(p, lr=1e-3),
    "sgd momentum": lambda p: O.SGD(p, lr=1e-3, momentum=0.9),
    "adam": lambda p: O.Adam(p),
    "adamw": lambda p: O.AdamW(p),
    "adam fused": lambda p: O.Adam(p, fused=True),
    "rmsprop": lambda p: O.RMSprop(p),
    "muon": lambda p: O.Muon(p),
}
for dtype in [torch.float32, torch.float64]:
    for name, make in KINDS.items():
        w = torch.sin(torch.arange(1_500_000, dtype=torch.float64) * 0.7).reshape(1500, 1000).to(dtype).requires_grad_()
        w.grad = torch.cos(w.detach())
        try:
            optimizer = make([w])
        except (AttributeError, TypeError, RuntimeError) as error:
            print(f"{dtype} {name}: not in this torch ({error})")
            continue
        times = []
        for _ in range(23):
            start = time.perf_counter()
            optimizer.step()
            times.append(1e3 * (time.perf_counter() - start))
        print(f"{dtype} {name}: {statistics.median(times[3:]):.2f} ms")

#!/usr/bin/env python3
"""Does a forward hook's `out.detach()` follow a later in-place division? It decides what the published code measured.

    python3 aliasing.py        needs torch; exit 0 if it follows (features are then scaled twice), 1 if it does not

The code of arXiv 2406.04657 (repository kvignesh1420/single-index-ht: src/models.py, src/trainer.py, src/tracker.py)
keeps the hidden layer's output in a forward hook (`out.detach()`), divides that output in place by sqrt(d) in
`forward`, and divides what the hook kept by sqrt(d) again, before the activation, when it evaluates. If the kept tensor
shares its memory with the output, kernel alignment and ridge losses are those of tanh(W x / d), and not of the
network's own features tanh(W x / sqrt d).
"""

import math
import sys

import torch


class Student(torch.nn.Module):
    """a^T tanh(W x / sqrt d) / sqrt h with a hook on the hidden layer, the division in place or not."""

    def __init__(self, w, a, in_place):
        super().__init__()
        h, d = w.shape
        self.hidden = torch.nn.Linear(d, h, bias=False)
        self.hidden.weight = torch.nn.Parameter(w)
        self.a, self.in_place, self.kept, self.at_hook = a, in_place, None, None
        self.hidden.register_forward_hook(self.keep)

    def keep(self, _module, _inputs, out):
        self.kept = out.detach()
        self.at_hook = out.detach().clone()

    def forward(self, x):
        z = self.hidden(x)
        if self.in_place:
            z /= math.sqrt(x.shape[1])
        else:
            z = z / math.sqrt(x.shape[1])
        return torch.tanh(z) @ self.a / math.sqrt(len(self.a))


def kta(features, y):
    """<K, y y^T> / (|K| |y y^T|), K = F F^T, uncentred."""
    k = features @ features.T
    return float(y @ k @ y / (k.norm() * (y @ y)))


def ridge_loss(features, y, features_test, y_test, strength=0.01):
    """Test loss of the readout refitted on features / sqrt(h), as the published evaluation does."""
    n, h = features.shape
    z, z_test = features / math.sqrt(h), features_test / math.sqrt(h)
    a = torch.linalg.solve(z.T @ z + strength / h * n * torch.eye(h, dtype=z.dtype), z.T @ y)
    return float(((z_test @ a - y_test) ** 2).mean())


def main():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    n, d, h = 200, 100, 150
    w, a, beta = torch.randn(h, d), torch.randn(h), torch.randn(d)
    beta /= beta.norm()
    x, x_test = torch.randn(n, d), torch.randn(1000, d)
    y, y_test = (torch.nn.functional.softplus(t @ beta) + 0.3 * torch.randn(len(t)) for t in (x, x_test))
    root = math.sqrt(d)

    follows = []
    for in_place, gradients in ((True, True), (True, False), (False, True)):
        student = Student(w, a, in_place)
        with torch.set_grad_enabled(gradients):
            student(x)
        ratio = float((student.at_hook / student.kept).median())
        moved = not torch.equal(student.kept, student.at_hook)
        if in_place:
            follows.append(moved)
        print(
            f"division {'in place' if in_place else 'into a new tensor'}, gradients {'on' if gradients else 'off'}: "
            f"the kept tensor {'changed by the factor 1/' + format(ratio, '.6g') if moved else 'did not change'}"
        )
    twice = all(follows)
    print(f"torch {torch.__version__}: features are scaled {'twice: tanh(W x / d)' if twice else 'once'}")

    def evaluated(inputs):
        """What the published evaluation calls features."""
        student = Student(w, a, True)
        with torch.no_grad():
            student(inputs)
        return torch.tanh(student.kept / root)

    own, theirs, expected = (torch.tanh(x @ w.T / root), evaluated(x), torch.tanh(x @ w.T / d))
    print(f"evaluated features against tanh(W x / d): {float((theirs - expected).abs().max()):.1e}")
    print(f"evaluated features against tanh(W x / sqrt d): {float((theirs - own).abs().max()):.1e}")
    print(f"n = {n}, d = {d}, h = {h}, at initialisation, one seed:")
    print("| features | root mean square | share explained by W x | KTA | ridge test loss |")
    print("|---|---|---|---|---|")
    z = x @ w.T
    for name, f, f_test in (
        ("tanh(W x / sqrt d), the network's", own, torch.tanh(x_test @ w.T / root)),
        ("evaluated by the published code", theirs, evaluated(x_test)),
    ):
        # Least-squares share of the features' energy that a multiple of the preactivations holds.
        linear = float((f * z).sum() ** 2 / ((f * f).sum() * (z * z).sum()))
        size, loss = float(f.pow(2).mean().sqrt()), ridge_loss(f, y, f_test, y_test)
        print(f"| {name} | {size:.4f} | {linear:.5f} | {kta(f, y):.4f} | {loss:.4f} |")
    return 0 if twice else 1


if __name__ == "__main__":
    sys.exit(main())

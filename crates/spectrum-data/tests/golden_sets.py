"""Independent source of the golden numbers in tests/modular.rs and tests/spiked.rs (needs mpmath).

    python3 golden_sets.py
"""

from golden_stream import f32, normals, take, u64s
from mpmath import mpf, power, sqrt, tanh


def below(words, bound):
    """Lemire's unbiased integers, arXiv 1805.10941."""
    while True:
        product = next(words) * bound
        if product % 2**64 >= 2**64 % bound:
            return product // 2**64


def shuffled(words, items):
    items = list(items)
    for i in reversed(range(1, len(items))):
        j = below(words, i + 1)
        items[i], items[j] = items[j], items[i]
    return items


def unit(v):
    norm = sqrt(sum(x * x for x in v))
    return [x / norm for x in v]


def without(v, directions):
    for q in directions:
        c = sum(a * b for a, b in zip(v, q))
        v = [a - c * b for a, b in zip(v, q)]
    return v


def modular():
    order = shuffled(u64s(2, "data.split"), [[a, b] for a in range(3) for b in range(3)])
    print("modular", order[:4], order[4:])


def spiked():
    """Seed 6, n = 2, d = 4, alpha = 1/2, trace d, nu = 1/2 and 1/4, triple index, generic, noise 0.1."""
    n, d, noise = 2, 4, mpf(0.1)
    q = []
    for s in range(2):
        q.append(unit(without(take(normals(6, f"data.spike.{s}"), d), q)))
    zeta = [sqrt(mpf(n)), power(mpf(n), mpf("0.25"))]
    b = [[f32(x) for x in unit(take(stream, d))] for stream in [normals(6, "data.teacher")] for _ in range(3)]
    eigenvalues = [power(mpf(k), -mpf("0.5")) for k in range(1, d + 1)]
    scale = d / sum(eigenvalues)
    eigenvalues = [scale * v for v in eigenvalues]
    deviations = [
        sqrt(
            sum(v * mpf(x) ** 2 for v, x in zip(eigenvalues, direction))
            + sum(z**2 * sum(mpf(x) * y for x, y in zip(direction, s)) ** 2 for z, s in zip(zeta, q))
        )
        for direction in b
    ]
    bulk = normals(6, "data.train")
    latent = [normals(6, f"data.train.latent.{s}") for s in range(2)]
    for i in range(n):
        x = [sqrt(v) * g for v, g in zip(eigenvalues, take(bulk, d))]
        z = [next(stream) for stream in latent]
        x = [f32(x[j] + sum(zeta[s] * z[s] * q[s][j] for s in range(2))) for j in range(d)]
        t = [sum(mpf(a) * mpf(c) for a, c in zip(x, direction)) / s for direction, s in zip(b, deviations)]
        y = t[0] + (t[1] ** 2 - 1) / sqrt(mpf(2)) + tanh(t[2]) + noise * next(bulk)
        print("x", x, "z", [float(v) for v in z], "y", f32(y))
    print("q", [[float(x) for x in v] for v in q])
    print("b", b)


modular()
spiked()

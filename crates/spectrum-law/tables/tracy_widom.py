"""Writes src/tracy_widom/table.rs and tests/fixtures/tracy_widom.txt. python-flint 0.9.0, mpmath 1.3.0, about five minutes.
Run it in this folder.

The table: F_1(s) = det(1 - A_s) on L^2(0, inf) with A_s(x, y) = Ai((x + y)/2 + s)/2 (Ferrari and Spohn, J. Phys. A 38
(2005) L557), as the determinant on Gauss-Legendre nodes (Bornemann, Math. Comp. 79 (2010) 871) in 400-bit arithmetic,
with the half-line cut where the kernel is below 1e-70. So many digits make both tails as good as the centre; `check`
doubles the nodes. On each interval of length one the logarithm of F_1 (left of -1) or of 1 - F_1 (right of it) is
interpolated at Chebyshev points.

The fixture: the same function by another road, Painleve II (Hastings and McLeod's solution, 60 digits):
q'' = s q + 2 q^3 with q ~ Ai, ln F_1(s) = -1/2 int_s^inf (q(x) + (x - s) q(x)^2) dx.
"""
from fractions import Fraction

import mpmath
from flint import arb, arb_mat, ctx

ctx.prec = 400
LOW, SWITCH, HIGH = -12, -1, 16
POINTS = 24
COEFFICIENTS = 16
mpmath.mp.dps = 60
NODES = {}


def determinant(s, count):
    """F_1(s)."""
    if count not in NODES:
        NODES[count] = [arb.legendre_p_root(count, k, weight=True) for k in range(count)]
    length = 80 - 2 * s
    x = [(n + 1) * length / 2 for n, _ in NODES[count]]
    root = [(w * length / 2).sqrt() for _, w in NODES[count]]
    m = arb_mat(count, count)
    for i in range(count):
        for j in range(i + 1):
            m[i, j] = m[j, i] = (1 if i == j else 0) - root[i] * root[j] * ((x[i] + x[j]) / 2 + s).airy_ai() / 2
    return m.det()


def logarithm(s):
    """ln F_1 left of the switch, ln(1 - F_1) right of it."""
    f = determinant(s, 140 if s < -4 else 110)
    return mpmath.mpf((f if s < SWITCH else 1 - f).log().str(45, radius=False))


def check():
    for s, count in [(-11.97, 140), (-4.03, 140), (-3.9, 110), (0.5, 110), (15.9, 110)]:
        a, b = determinant(arb(s), count), determinant(arb(s), 2 * count)
        error = abs((a - b) / (b if s < SWITCH else 1 - b))
        print("doubling the nodes at", s, "moves the value by", error.str(3))
        assert error < 1e-20


def chebyshev(low):
    """Coefficients of T_k on low..low + 1."""
    angles = [mpmath.pi * (2 * i + 1) / (2 * POINTS) for i in range(POINTS)]
    values = [logarithm(arb(mpmath.nstr(low + (1 + mpmath.cos(t)) / 2, 50))) for t in angles]
    c = [2 * mpmath.fsum(v * mpmath.cos(k * t) for v, t in zip(values, angles)) / POINTS for k in range(POINTS)]
    return [c[0] / 2] + c[1:]


def left_expansion(terms):
    """Coefficients a_j of ln F_1 = tau - y^3/24 - y^(3/2)/(3 sqrt 2) - ln(y)/16 + sum_j a_j y^(-3j/2), y = -s, by
    substituting q = sqrt(y/2) sum_k b_k y^(-3k) into Painleve II and integrating d ln F_1/ds = (q'^2 - s q^2 - q^4 + q)/2."""
    b = [Fraction(1)]
    product = lambda a, c: [sum(a[i] * c[k - i] for i in range(k + 1)) for k in range(len(a))]
    for k in range(terms):
        e = Fraction(1, 2) - 3 * k
        u = b + [Fraction(0)]
        b.append((b[k] * e * (e - 1) - product(u, product(u, u))[k + 1]) / 2)
    u2 = product(b, b)
    u4 = product(u2, u2)
    slope = [b[k] * (Fraction(1, 2) - 3 * k) for k in range(len(b))]
    slope2 = product(slope, slope)
    # q'^2 = y^-1/2 slope2, y q^2 = y^2/2 u2, q^4 = y^2/4 u4: powers y^(2 - 3k).
    r = [u2[k] / 2 - u4[k] / 4 + (slope2[k - 1] / 2 if k else 0) for k in range(len(b))]
    assert r[0] == Fraction(1, 4) and r[1] / 2 == Fraction(1, 16)
    a = [mpmath.mpf(0)] * (2 * terms)
    rational = lambda x: mpmath.mpf(x.numerator) / x.denominator
    for k in range(1, terms):
        a[2 * k - 1] = -rational(b[k]) / 2 / mpmath.sqrt(2) / (mpmath.mpf(3) / 2 - 3 * k)
        if k > 1:
            a[2 * k - 2] = -rational(r[k]) / 2 / (3 - 3 * k)
    return a


TAU = -mpmath.mpf(11) / 48 * mpmath.log(2) + mpmath.zeta(-1, derivative=1) / 2


def left(s, a):
    y = -mpmath.mpf(s)
    w = y ** mpmath.mpf(-1.5)
    return TAU - y**3 / 24 - 1 / (3 * mpmath.sqrt(2) * w) - mpmath.log(y) / 16 + sum(c * w**j for j, c in enumerate(a))


def painleve():
    """(s, F_1, 1 - F_1, density) by Taylor steps of Painleve II from s = 14 down."""
    s, h = mpmath.mpf(14), mpmath.mpf(1) / 8
    q, dq = mpmath.airyai(s), mpmath.airyai(s, derivative=1)
    i = mpmath.quad(lambda x: mpmath.airyai(x), [s, s + 4, s + 16])  # int q
    j = (2 * s * s * q * q - 2 * s * dq * dq - q * dq) / 3  # int (x - s) q^2
    k = dq * dq - s * q * q  # int q^2
    while s >= -13:
        if s == int(s) or int(s * 8) % 3 == 0:  # everywhere within the table's intervals
            log = -(i + j) / 2
            yield s, mpmath.exp(log), -mpmath.expm1(log), mpmath.exp(log) * (k + q) / 2
        order = 60
        c = [q, dq]
        for n in range(order):
            square = [mpmath.fsum(c[m] * c[l - m] for m in range(l + 1)) for l in range(n + 1)]
            cube = mpmath.fsum(square[m] * c[n - m] for m in range(n + 1))
            c.append((s * c[n] + (c[n - 1] if n else 0) + 2 * cube) / ((n + 1) * (n + 2)))
        square = [mpmath.fsum(c[m] * c[l - m] for m in range(l + 1)) for l in range(order)]
        # d int_s^inf q/ds = -q, d int q^2/ds = -q^2, d int (x - s) q^2/ds = -int q^2.
        one = [k] + [-square[n] / (n + 1) for n in range(order)]
        i += -mpmath.fsum(c[n] * (-h) ** (n + 1) / (n + 1) for n in range(order))
        j += -mpmath.fsum(one[n] * (-h) ** (n + 1) / (n + 1) for n in range(order))
        k = mpmath.fsum(one[n] * (-h) ** n for n in range(order))
        q, dq = (mpmath.fsum(c[n] * (-h) ** n for n in range(order)),
                 mpmath.fsum(n * c[n] * (-h) ** (n - 1) for n in range(1, order)))
        s -= h


def main():
    check()
    a = left_expansion(9)
    number = lambda x: (lambda t: t if "." in t or "e" in t else t + ".0")(repr(float(x)))
    pieces = []
    for low in range(LOW, HIGH):
        c = chebyshev(low)
        print(low, "largest coefficient left out", mpmath.nstr(max(abs(x) for x in c[COEFFICIENTS:]), 3))
        pieces.append(c[:COEFFICIENTS])
    with open("../src/tracy_widom/table.rs", "w") as f:
        f.write("//! Written by `tables/tracy_widom.py`: do not edit.\n\n")
        for name, value, what in [("LOW", LOW, "Where the table begins."),
                                  ("SWITCH", SWITCH, "Left of it the table holds ln F_1, right of it ln(1 - F_1)."),
                                  ("HIGH", HIGH, "Where the table ends.")]:
            f.write(f"/// {what}\npub(super) const {name}: f64 = {float(value)};\n")
        f.write(f"\n/// The constant of the expansion at minus infinity.\npub(super) const TAU: f64 = {number(TAU)};\n")
        f.write("\n/// Coefficients a_1, a_2, ... of y^(-3/2), y^(-3), ... in that expansion.\n")
        f.write(f"pub(super) const LEFT: [f64; {len(a) - 3}] = [\n" + "".join(f"    {number(x)},\n" for x in a[1:-2]) + "];\n")
        f.write("\n/// Chebyshev coefficients on each interval of length one.\n#[rustfmt::skip]\n")
        f.write(f"pub(super) const PIECES: [[f64; {COEFFICIENTS}]; {len(pieces)}] = [\n")
        for c in pieces:
            f.write("    [\n")
            for i in range(0, COEFFICIENTS, 4):
                f.write("        " + ", ".join(number(x) for x in c[i:i + 4]) + ",\n")
            f.write("    ],\n")
        f.write("];\n")
    print("expansion against the determinant at -12:", mpmath.nstr(left(-12, a[:-2]) - logarithm(arb(-12)), 5))
    with open("../tests/fixtures/tracy_widom.txt", "w") as f:
        f.write("# tables/tracy_widom.py, by Painleve II: s F_1(s) 1-F_1(s) density\n")
        worst = 0
        for s, low, high, density in painleve():
            f.write(f"s {float(s)} {mpmath.nstr(low, 18)} {mpmath.nstr(high, 18)} {mpmath.nstr(density, 18)}\n")
            if s == int(s) and -12 <= s <= 13:
                other = logarithm(arb(int(s)))
                worst = max(worst, abs((mpmath.log(low) if s < SWITCH else mpmath.log(high)) - other))
        for s in (-14, -16, -20, -25):  # the expansion with twice the terms that the code uses
            f.write(f"l {s} {mpmath.nstr(mpmath.exp(left(s, left_expansion(16))), 18)}\n")
        # Beyond 16 what the right tail leaves out is 1e-19 of it: half the integral of Ai.
        for s in (17, 20, 30, 60, 100):
            with mpmath.workdps(400):  # int_0^s is 1/3 but for 300 digits
                tail = (mpmath.mpf(1) / 3 - mpmath.airyai(s, derivative=-1)) / 2
            f.write(f"r {s} {mpmath.nstr(tail, 18)} {mpmath.nstr(mpmath.airyai(s) / 2, 18)}\n")
        print("determinant against Painleve, largest difference of logarithms:", mpmath.nstr(worst, 3))


main()

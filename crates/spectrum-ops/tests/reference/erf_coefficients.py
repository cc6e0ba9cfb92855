"""Coefficients of src/kernel/erf.rs (mpmath, 60 digits).

erf(x) = x P(x^2)                     for 0 <= x < 1,   P of degree 11 in z = x^2
erf(x) = 1 - exp(-x^2) Q(t)           for 1 <= x <= 6,  Q of degree N in t = (x - 2)/(x + 2)

Both are interpolants at Chebyshev nodes, converted to the monomial basis. Run `python3 erf_coefficients.py`.
"""

import sys
from mpmath import mp, mpf, cos, pi, erf, erfc, exp, sqrt, matrix, lu_solve

mp.dps = 60


def interpolate(f, a, b, degree):
    nodes = [(a + b) / 2 + (b - a) / 2 * cos(pi * (2 * k + 1) / (2 * degree + 2)) for k in range(degree + 1)]
    system = matrix(degree + 1, degree + 1)
    for i, x in enumerate(nodes):
        for j in range(degree + 1):
            system[i, j] = x**j
    return [c for c in lu_solve(system, matrix([f(x) for x in nodes]))]


def horner(c, x):
    y = mpf(0)
    for k in reversed(c):
        y = y * x + k
    return y


def small(z):
    x = sqrt(z)
    return erf(x) / x if x else 2 / sqrt(pi)


def tail(t):
    x = 2 * (1 + t) / (1 - t)
    return erfc(x) * exp(x * x)


if __name__ == "__main__":
    p = interpolate(small, mpf(0), mpf(1), 11)
    worst = max(abs(horner(p, mpf(k) / 500) / small(mpf(k) / 500) - 1) for k in range(501))
    print("// relative error", mp.nstr(worst, 3), file=sys.stderr)
    print("const P: [f64; %d] = %s;" % (len(p), [float(c) for c in p]))
    degree = int(sys.argv[1]) if len(sys.argv) > 1 else 14
    lo, hi = mpf(-1) / 3, mpf(1) / 2
    q = interpolate(tail, lo, hi, degree)
    worst = mpf(0)
    for k in range(1001):
        t = lo + (hi - lo) * k / 1000
        x = 2 * (1 + t) / (1 - t)
        worst = max(worst, abs((horner(q, t) - tail(t)) * exp(-x * x) / erf(x)))
    print("// error relative to erf", mp.nstr(worst, 3), file=sys.stderr)
    print("const Q: [f64; %d] = %s;" % (len(q), [float(c) for c in q]))

"""Writes activations.csv: tanh, sigmoid, softplus, erf and erf's derivative at f64 points, correctly rounded (mpmath,
60 digits). Numbers are the hexadecimal bits of a double. Run `python3 activations.py` in this folder."""

import math
import random
import struct

from mpmath import erf, exp, log1p, mp, mpf, pi, sqrt, tanh

mp.dps = 60
random.seed(20)

FUNCTIONS = [
    tanh,
    lambda x: 1 / (1 + exp(-x)),
    lambda x: x + log1p(exp(-x)) if x > 0 else log1p(exp(x)),
    erf,
    lambda x: 2 / sqrt(pi) * exp(-x * x),
]


def bits(x):
    return struct.pack(">d", x).hex()


points = [0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 19.0, 19.5, 36.0, 40.0, 100.0, 5.9, 6.0, 6.5, 26.5, 27.0]
points += [-700.0, -708.5, -720.0, -745.0, -746.0, -800.0, 1e300, 2.0**-1074, 2.0**-1022, 2.0**-30]
# Around the steps of the range reduction, (k + 1/2) ln 2 and half of it, and the steps between the formulas.
for k in range(-3, 12):
    for c in [(k + 0.5) * math.log(2), (k + 0.5) * math.log(2) / 2, -math.log(math.sqrt(2) - 1), 1.0, 0.25]:
        points += [c + random.uniform(-1e-2, 1e-2) for _ in range(2)]
points += [random.uniform(-4, 4) for _ in range(250)]
points += [random.uniform(-40, 40) for _ in range(60)]
points += [random.choice([-1, 1]) * 2.0 ** random.uniform(-60, 3) for _ in range(90)]
# The hardest points of 30 000 random ones.
points += [0.17695377867404816, -1.9489084005550494, -0.7076406365943484, 0.45003295636306806, 3.4812564850145113]

with open("activations.csv", "w", encoding="ascii") as out:
    out.write("x,tanh,sigmoid,softplus,erf,erf_derivative\n")
    for x in points:
        # mpmath's conversion rounds to nearest, to subnormal numbers too.
        out.write(",".join([bits(x)] + [bits(float(f(mpf(x)))) for f in FUNCTIONS]) + "\n")

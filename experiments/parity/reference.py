"""Maximum-likelihood optima of the five tail densities above a fixed xmin, in 40-digit arithmetic; calls neither peer.

With y = ln(x / xmin) >= 0 and u = x / xmin >= 1, each likelihood has few enough parameters to be solved exactly:

- power law: alpha = 1 + n / sum y.
- exponential: rate = 1 / (mean x - xmin).
- log-normal: y has density exp(-a y - b y^2) / Z, b >= 0, an exponential family, so the log-likelihood is concave. Its maximum is
  inside iff mean y^2 < 2 (mean y)^2 (the same ratio decides it for every half-normal family); otherwise b -> 0, where it becomes
  the power law with alpha = a + 1, and no log-normal attains the supremum.
- truncated power law: density u^-alpha exp(-z u) / E_alpha(z), again an exponential family. Its maximum is at z = 0, the power law
  itself, iff alpha > 2 there and mean u >= (alpha - 1) / (alpha - 2). alpha is free, also below 1.
- stretched exponential: with k = (Lambda xmin)^beta, density beta k u^(beta - 1) exp(-k (u^beta - 1)) / xmin; k = n / sum(u^beta - 1)
  leaves one equation in beta. beta -> 0 is the power law; the slope there is positive iff mean y^2 < 2 (mean y)^2.
"""

import itertools

import mpmath as mp
import numpy as np

mp.mp.dps = 40
ALTERNATIVES = ("truncated_power_law", "lognormal", "exponential", "stretched_exponential")


class Tail:
    """The data at or above xmin, with their sums in high precision."""

    def __init__(self, values, xmin):
        x = np.sort(np.asarray(values, dtype=np.float64))
        self.x = [mp.mpf(float(v)) for v in x[x >= xmin]]
        self.xmin = mp.mpf(float(xmin))
        self.n = len(self.x)
        self.u = [v / self.xmin for v in self.x]
        self.y = [mp.log(v) for v in self.u]
        self.y1 = mp.fsum(self.y) / self.n
        self.y2 = mp.fsum(v * v for v in self.y) / self.n
        self.u1 = mp.fsum(self.u) / self.n
        self.alpha = 1 + 1 / self.y1

    def power_law(self, alpha):
        c = mp.log((alpha - 1) / self.xmin)
        return [c - alpha * y for y in self.y]

    def exponential(self, rate):
        c = mp.log(rate)
        return [c - rate * (x - self.xmin) for x in self.x]

    def lognormal(self, mu, sigma):
        z = (mp.log(self.xmin) - mu) / (sigma * mp.sqrt(2))
        c = mp.log(sigma * mp.sqrt(mp.pi / 2) * mp.erfc(z)) + mp.log(self.xmin)
        shift = mp.log(self.xmin) - mu
        return [-y - (y + shift) ** 2 / (2 * sigma**2) - c for y in self.y]

    def truncated_power_law(self, alpha, rate):
        z = rate * self.xmin
        c = (mp.log(mp.expint(alpha, z)) if z > 0 else -mp.log(alpha - 1)) + mp.log(self.xmin)
        return [-alpha * y - z * u - c for y, u in zip(self.y, self.u)]

    def stretched_exponential(self, rate, beta):
        k = (rate * self.xmin) ** beta
        c = mp.log(beta * k / self.xmin)
        return [c + (beta - 1) * y - k * mp.expm1(beta * y) for y in self.y]

    def logliks(self, name, parameters):
        p = {key: mp.mpf(value) for key, value in parameters.items()}
        if name == "power_law":
            return self.power_law(p["alpha"])
        if name == "exponential":
            return self.exponential(p["Lambda"])
        if name == "lognormal":
            return self.lognormal(p["mu"], p["sigma"])
        if name == "truncated_power_law":
            return self.truncated_power_law(p["alpha"], p["Lambda"])
        return self.stretched_exponential(p["Lambda"], p["beta"])

    def optimum(self, name):
        """Parameters of the maximum, or None where no member of the family attains it (the supremum is the power law's)."""
        return getattr(self, "_fit_" + name)()

    def _fit_power_law(self):
        return {"alpha": self.alpha}

    def _fit_exponential(self):
        return {"Lambda": 1 / (self.xmin * (self.u1 - 1))}

    def _fit_lognormal(self):
        m1, m2 = self.y1, self.y2
        if m2 >= 2 * m1**2:
            return None

        def slope(a, b):
            root = a / (2 * mp.sqrt(b))
            z = mp.sqrt(mp.pi / (4 * b)) * mp.exp(root**2) * mp.erfc(root)
            return ((1 / z - a) / (2 * b) - m1) / b

        def equation(b):  # a follows from the second moment: m2 = (1 - a m1) / (2 b)
            return slope((1 - 2 * b * m2) / m1, b)

        top = 1 / (2 * (m2 - m1**2))  # a truncated normal is wider than its sample
        grid = [top * mp.mpf(10) ** (-mp.mpf(i) / 8) for i in range(-1, 80)]
        b = _bracketed(equation, grid)
        a = (1 - 2 * b * m2) / m1
        sigma2 = 1 / (2 * b)
        return {"mu": mp.log(self.xmin) - a * sigma2, "sigma": mp.sqrt(sigma2)}

    def _fit_stretched_exponential(self):
        def equation(beta):
            powers = [mp.expm1(beta * y) for y in self.y]
            weighted = mp.fsum((p + 1) * y for p, y in zip(powers, self.y))
            return 1 / beta - weighted / mp.fsum(powers) + self.y1

        grid = [mp.mpf(10) ** (mp.mpf(i) / 6) for i in range(-24, 13)]
        signs = [equation(b) > 0 for b in grid]
        roots = [
            mp.findroot(equation, (grid[i], grid[i + 1]), solver="anderson", tol=mp.mpf(10) ** -60, verify=False)
            for i in range(len(grid) - 1)
            if signs[i] and not signs[i + 1]
        ]
        best = None
        for beta in roots:
            k = self.n / mp.fsum(mp.expm1(beta * y) for y in self.y)
            p = {"Lambda": k ** (1 / beta) / self.xmin, "beta": beta}
            value = mp.fsum(self.logliks("stretched_exponential", p))
            if best is None or value > best[0]:
                best = (value, p)
        if best is None or best[0] <= mp.fsum(self.power_law(self.alpha)):
            return None
        return best[1]

    def _fit_truncated_power_law(self):
        if self.alpha > 2 and self.u1 >= (self.alpha - 1) / (self.alpha - 2):
            return {"alpha": self.alpha, "Lambda": mp.mpf(0)}

        def value(alpha, z):
            return -alpha * self.y1 - z * self.u1 - mp.log(mp.expint(alpha, z))

        # Damped Newton on a concave function of (alpha, z), z > 0.
        alpha, z = self.alpha, 1 / self.u1 / 10
        here = value(alpha, z)
        for _ in range(500):
            h = mp.mpf(10) ** -10
            k = z * h
            right, left, up, down = value(alpha + h, z), value(alpha - h, z), value(alpha, z + k), value(alpha, z - k)
            corner = value(alpha + h, z + k) + value(alpha - h, z - k) - value(alpha + h, z - k) - value(alpha - h, z + k)
            fa, fz = (right - left) / (2 * h), (up - down) / (2 * k)
            faa, fzz, faz = (right - 2 * here + left) / h**2, (up - 2 * here + down) / k**2, corner / (4 * h * k)
            det = faa * fzz - faz**2
            step = (-(fzz * fa - faz * fz) / det, -(faa * fz - faz * fa) / det)
            t = mp.mpf(1)
            if step[1] < 0:
                t = min(t, -mp.mpf("0.9") * z / step[1])
            while value(alpha + t * step[0], z + t * step[1]) < here and t > mp.mpf(10) ** -15:
                t /= 2
            alpha, z = alpha + t * step[0], z + t * step[1]
            here = value(alpha, z)
            if abs(step[0]) < mp.mpf(10) ** -14 * (1 + abs(alpha)) and abs(step[1]) < mp.mpf(10) ** -14 * z:
                return {"alpha": alpha, "Lambda": z / self.xmin}
        raise ArithmeticError("truncated power law: no convergence")


def _bracketed(equation, grid):
    """The root between the first two neighbours of the grid where the sign changes."""
    values = [equation(b) for b in grid]
    for i in range(len(grid) - 1):
        if (values[i] > 0) != (values[i + 1] > 0):
            return mp.findroot(equation, (grid[i + 1], grid[i]), solver="anderson", tol=mp.mpf(10) ** -50, verify=False)
    raise ArithmeticError("no sign change on the grid")


def check_maximum(tail, name, parameters):
    """The log-likelihood falls in every direction of the parameters' grid, whatever found them."""
    best = mp.fsum(tail.logliks(name, parameters))
    for factors in itertools.product((-1, 0, 1), repeat=len(parameters)):
        if any(factors):
            moved = {k: v * (1 + f * mp.mpf(10) ** -6) for (k, v), f in zip(parameters.items(), factors)}
            assert mp.fsum(tail.logliks(name, moved)) < best, (name, factors)


def compare(tail, name):
    """Vuong's ratio of the power law against the optimum of `name`.

    Follows the reading of powerlaw: R = sum(l1 - l2), its variance about the mean, p = erfc(|R| / sqrt(2 n var)), and
    p = P(chi2_1 > 2|R|) for the nested truncated power law, by the survival function.
    """
    first = tail.power_law(tail.alpha)
    result = {"attained": True}
    parameters = tail.optimum(name)
    if parameters is None:
        return {"attained": False, "loglikelihood": float(mp.fsum(first)), "R": 0.0}
    if name == "truncated_power_law" and parameters["Lambda"] == 0:
        numbers = {key: float(value) for key, value in parameters.items()}
        return {"attained": True, "parameters": numbers, "loglikelihood": float(mp.fsum(first)), "R": 0.0, "p": 1.0}
    check_maximum(tail, name, parameters)
    second = tail.logliks(name, parameters)
    result["parameters"] = {key: float(value) for key, value in parameters.items()}
    result["loglikelihood"] = float(mp.fsum(second))
    difference = [a - b for a, b in zip(first, second)]
    r = mp.fsum(difference)
    mean = r / tail.n
    variance = mp.fsum((d - mean) ** 2 for d in difference) / tail.n
    result["R"] = float(r)
    scale = mp.sqrt(tail.n * variance)
    if scale > mp.mpf(10) ** -25:
        result["R_normalized"] = float(r / scale)
        result["p"] = float(mp.erfc(abs(r) / (mp.sqrt(2) * scale)))
    if name == "truncated_power_law":
        result["p"] = float(mp.erfc(mp.sqrt(abs(r))))
    return result


def scan(values, two_sided):
    """Every distinct value but the largest as xmin, smallest KS distance wins, the smaller xmin on a tie; plain numpy.

    One-sided (both peers): max |F(x_j) - j/n|, j = 0..n-1. Two-sided: also against (j+1)/n.
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    logs = np.log(x)
    found = []
    for i in np.unique(x, return_index=True)[1][:-1]:
        n = len(x) - i
        alpha = 1 + n / np.sum(logs[i:] - logs[i])
        fit = -np.expm1((1 - alpha) * (logs[i:] - logs[i]))
        # With ties the empirical law jumps once, by all of them.
        first = np.searchsorted(x[i:], x[i:], "left") / n
        last = np.searchsorted(x[i:], x[i:], "right") / n
        d = np.max(np.abs(fit - first))
        if two_sided:
            d = max(d, np.max(np.abs(fit - last)))
        kuiper = np.max(fit - first) + np.max(last - fit)
        found.append((d, x[i], alpha, n, kuiper))
    order = sorted(found, key=lambda c: (c[0], c[1]))
    d, xmin, alpha, n, kuiper = (float(v) for v in order[0])
    best = {"alpha": alpha, "xmin": xmin, "D": d, "sigma": (alpha - 1) / n**0.5, "n_tail": int(n)}
    if two_sided:
        best["V"] = kuiper
    best["runner_up"] = {"xmin": float(order[1][1]), "D": float(order[1][0])}
    return best

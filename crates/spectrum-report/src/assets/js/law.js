// The Marchenko-Pastur density of the eigenvalues of W'W for an m x n matrix (m >= n) of independent entries of
// the given variance: sqrt((b - x)(x - a)) / (2 pi variance n x), a, b = variance (sqrt m -+ sqrt n)^2.
// k outliers are set aside: the law is that of the remaining (m - k) x (n - k), with the weight (n - k) / count of all values.
function marchenkoPastur(rows, cols, variance, k, count) {
  const m = Math.max(rows, cols) - k, n = Math.min(rows, cols) - k;
  if (!(variance > 0) || n < 1) return null;
  const a = variance * (Math.sqrt(m) - Math.sqrt(n)) ** 2;
  const b = variance * (Math.sqrt(m) + Math.sqrt(n)) ** 2;
  const weight = n / count;
  const density = (x) => (x <= a || x >= b ? 0 : (weight * Math.sqrt((b - x) * (x - a))) / (2 * Math.PI * variance * n * x));
  // Chebyshev points: dense at both edges, where the density turns.
  const points = (count, log) => {
    const lo = log ? Math.log(Math.max(a, b * 1e-12)) : a, hi = log ? Math.log(b) : b;
    const inner = Array.from({ length: count }, (_, i) => {
      const u = (lo + hi) / 2 - ((hi - lo) / 2) * Math.cos((Math.PI * (i + 0.5)) / count);
      const x = log ? Math.exp(u) : u;
      return [x, density(x)];
    });
    return m > n ? [[a, 0], ...inner, [b, 0]] : [...inner, [b, 0]];
  };
  return { a, b, density, points };
}

// The limit law stored with a kernel, drawn the same way.
function limitLaw(matrix) {
  if (!matrix.law) return null;
  const x = curve(matrix.law, "x"), density = curve(matrix.law, "density");
  const list = [...x].map((v, i) => [v, density[i]]).filter((p) => isFinite(p[0]) && isFinite(p[1]));
  return { points: () => list, b: list.length ? list[list.length - 1][0] : null };
}

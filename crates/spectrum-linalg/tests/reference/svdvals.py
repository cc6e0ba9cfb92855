"""Records singular values that tests/reference.rs checks against.

Matrix: a[i][j] = sin(0.7 i + 1.3 j) / (1 + i + j), 12 x 9, f64, and the same with column j times 4^-j (graded).
Values come from numpy.linalg.svd (LAPACK dgesdd). Run `python3 svdvals.py > svdvals.json` to record them again.
"""
import json
import sys

import numpy as np

i, j = np.arange(12)[:, None], np.arange(9)[None, :]
plain = np.sin(0.7 * i + 1.3 * j) / (1 + i + j)
graded = plain * 4.0 ** -j
out = {"numpy": np.__version__, "rows": 12, "cols": 9}
for name, a in [("plain", plain), ("graded", graded)]:
    u, s, vt = np.linalg.svd(a)
    out[name] = {"values": s.tolist(), "top_left": np.abs(u[:, 0]).tolist(), "top_right": np.abs(vt[0]).tolist()}
json.dump(out, sys.stdout, indent=1)
print()

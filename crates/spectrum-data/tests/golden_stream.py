"""Independent source of the golden numbers in src/stream.rs and src/single_index.rs.

    python3 golden_stream.py        (needs mpmath)

ChaCha with 8 rounds written from its definition (Bernstein, "ChaCha, a variant of Salsa20"), the key from SHA-256,
and the normal quantile by mpmath with 40 digits: none of it is our code.
"""

import hashlib
import struct

from mpmath import erfinv, exp, log1p, mp, mpf, sqrt

mp.dps = 40


def chacha8_words(key: bytes):
    k = struct.unpack("<8I", key)
    counter = 0
    while True:
        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *k, counter & 0xFFFFFFFF, counter >> 32, 0, 0]
        x = start[:]

        def rotate(v, n):
            return ((v << n) | (v >> (32 - n))) & 0xFFFFFFFF

        def quarter(a, b, c, d):
            x[a] = (x[a] + x[b]) & 0xFFFFFFFF; x[d] = rotate(x[d] ^ x[a], 16)
            x[c] = (x[c] + x[d]) & 0xFFFFFFFF; x[b] = rotate(x[b] ^ x[c], 12)
            x[a] = (x[a] + x[b]) & 0xFFFFFFFF; x[d] = rotate(x[d] ^ x[a], 8)
            x[c] = (x[c] + x[d]) & 0xFFFFFFFF; x[b] = rotate(x[b] ^ x[c], 7)

        for _ in range(4):
            quarter(0, 4, 8, 12); quarter(1, 5, 9, 13); quarter(2, 6, 10, 14); quarter(3, 7, 11, 15)
            quarter(0, 5, 10, 15); quarter(1, 6, 11, 12); quarter(2, 7, 8, 13); quarter(3, 4, 9, 14)
        yield from ((a + b) & 0xFFFFFFFF for a, b in zip(x, start))
        counter += 1


def u64s(seed: int, name: str):
    key = hashlib.sha256(b"spectrum stream v1\0" + struct.pack("<Q", seed) + name.encode()).digest()
    words = chacha8_words(key)
    while True:
        low = next(words)
        yield low | next(words) << 32


def normals(seed: int, name: str):
    for u in u64s(seed, name):
        p = (mpf(u >> 12) + mpf(1) / 2) / 2**52
        yield sqrt(2) * erfinv(2 * p - 1)


def f32(x) -> float:
    return struct.unpack("<f", struct.pack("<f", float(x)))[0]


def take(it, n):
    return [next(it) for _ in range(n)]


if __name__ == "__main__":
    print("u64", [hex(v) for v in take(u64s(0, "data.train"), 9)])
    print("u64, seed 7", [hex(v) for v in take(u64s(7, "model.hidden"), 2)])
    print("normal", [float(v) for v in take(normals(0, "data.train"), 8)])

    # Single index, seed 3, d = 4, n = 2, softplus centred and normalised, noise 0.3.
    d = 4
    g = take(normals(3, "data.teacher"), d)
    norm = sqrt(sum(v * v for v in g))
    beta = [f32(v / norm) for v in g]
    rows = normals(3, "data.train")
    print("beta", beta)
    for _ in range(2):
        x = [f32(v) for v in take(rows, d)]
        xi = next(rows)
        u = sum(mpf(a) * mpf(b) for a, b in zip(beta, x))
        y = (log1p(exp(u)) - mpf("0.80605918334743978453")) / mpf("0.52107053438143931556") + mpf("0.3") * xi
        print("x", x, "y", f32(y))

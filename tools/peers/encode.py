"""The Python half of the comparison: times the encoders that are installed, keeps their codes. Started by `run`.

    encode.py FOLDER ROUND SECONDS PASSES

Files as in src/main.rs; timed as in src/encode/measure.rs.
"""

import gc
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.optimize import nnls
from sklearn.decomposition import NMF

from optional import optional

BLOCK = 50  # frames that are timed together
BATCH = 1000  # frames of a batch; repeated where there are fewer

fnnls = optional("fnnls")
eigen = optional("fnnlsEigen")


def scikit(w):
    """A fitted NMF whose components are W. Every setting is the default."""
    model = NMF(n_components=w.shape[1]).fit(np.eye(len(w), dtype=w.dtype))
    model.components_ = np.ascontiguousarray(w.T)
    return model


def single(w):
    """Name, precision, function from a frame to its code. W lies row by row, the order that these are fastest in."""
    narrow = w.astype(np.float32)
    yield "SciPy nnls f64", w.dtype, lambda x: nnls(w, x)[0]
    if fnnls:
        yield "fnnls f64", w.dtype, lambda x: fnnls.fnnls(w, x)[0]
    if eigen:  # with WᵀW kept
        yield "fnnlsEigen f64", w.dtype, lambda x, kept=eigen.CachePreComputeNNLS(): kept.fnnls(w, x)
        yield "fnnlsEigen f32", narrow.dtype, lambda x, kept=eigen.CachePreComputeNNLSf(): kept.fnnls(narrow, x)
    yield "scikit-learn transform f64", w.dtype, lambda x, model=scikit(w): model.transform(x[None])[0]
    yield "scikit-learn transform f32", narrow.dtype, lambda x, model=scikit(narrow): model.transform(x[None])[0]


def batch(w):
    """As `single`, of many frames at once."""
    for name, dtype in (("f64", np.float64), ("f32", np.float32)):
        model = scikit(w.astype(dtype))
        yield f"scikit-learn batch {name}", dtype, lambda x, model=model: model.transform(x)


def clock(blocks, effort, encode):
    """µs per frame: the fastest pass over every block, and the mean of the blocks."""
    seconds, least = effort
    fastest = [float("inf")] * len(blocks)
    begin, passes = time.perf_counter(), 0
    while passes < least or time.perf_counter() - begin < seconds:
        for b, block in enumerate(blocks):
            start = time.perf_counter()
            for x in block:
                encode(x)
            fastest[b] = min(fastest[b], time.perf_counter() - start)
        passes += 1
    return 1e6 * sum(fastest)


def measure(w, x, effort):
    """Name, µs per frame, codes."""
    for name, dtype, encode in single(w):
        frames = list(x.astype(dtype))
        blocks = [frames[j : j + BLOCK] for j in range(0, len(frames), BLOCK)]
        try:
            micros = clock(blocks, effort, encode) / len(frames)
            yield name, micros, np.array([encode(frame) for frame in frames])
        except (ArithmeticError, RuntimeError, ValueError) as error:  # LinAlgError is a ValueError
            print(f"  {name} fails: {error}", file=sys.stderr)
    for name, dtype, encode in batch(w):
        many = np.resize(x, (BATCH, x.shape[1])).astype(dtype)
        yield name, clock([[many]], effort, encode) / BATCH, encode(many)[: len(x)]


def main():
    folder, turn, effort = Path(sys.argv[1]), sys.argv[2], (float(sys.argv[3]), int(sys.argv[4]))
    warnings.simplefilter("ignore")
    gc.disable()
    for line in (folder / "cases.csv").read_text(encoding="utf-8").splitlines():
        case, m, k, n = line.split(",")
        w = np.ascontiguousarray(np.fromfile(folder / f"{case}.w", "<f8").reshape(int(k), int(m)).T)
        x = np.fromfile(folder / f"{case}.x", "<f8").reshape(int(n), int(m))
        for name, micros, codes in measure(w, x, effort):
            codes.astype("<f8").tofile(folder / f"{case}.{name}.h")
            with (folder / "encode.csv").open("a", encoding="utf-8") as out:
                print(turn, case, name, micros, sep=",", file=out)


main()

"""Writes tests/golden/encode_scipy.csv: codes of real frames in dictionaries of real frames, by SciPy.

Run from the root of the repository: python3 tools/golden_encode.py
First a line a dictionary: "w", data, the frames that are its columns. Then a line a code: "h", data, frame, ‖x − Wh‖, h.
W and x are the values of data/, rounded once to f32; residuals and h are in f64.
"""

import platform

import numpy as np
import scipy
from scipy.optimize import nnls

SEED = 20240611
# Name, file, whether a line of it is a frame, K, codes.
DATA = [
    ("digits", "data/digits.csv", True, 16, 60),
    ("piano", "data/piano_129x250.csv", False, 32, 40),
]
# Frames fainter than this share of the loudest are left out of dictionaries: silence has no direction.
FAINT = 1e-2
# Violation of the optimality conditions relative to ‖x‖, on the unit-diagonal system.
OPTIMAL = 1e-13
OUT = "tests/golden/encode_scipy.csv"


def dictionary(rng, x, k):
    lengths = np.linalg.norm(x, axis=0)
    loud = np.flatnonzero(lengths > FAINT * lengths.max())
    return rng.choice(loud, size=k, replace=False)


def code(w, x):
    h, norm = nnls(w, x, maxiter=100 * w.shape[1])
    # SciPy has returned wrong solutions: nothing is written that does not satisfy the optimality conditions.
    residual = x - w @ h
    gradient = w.T @ residual / np.linalg.norm(w, axis=0)
    violation = np.where(h > 0, np.abs(gradient), np.maximum(gradient, 0)).max()
    assert violation <= OPTIMAL * np.linalg.norm(x), violation
    assert abs(norm - np.linalg.norm(residual)) <= OPTIMAL * np.linalg.norm(x)
    return h, norm


def main():
    rng = np.random.default_rng(SEED)
    dictionaries, codes = [], []
    for name, path, lines_are_frames, k, count in DATA:
        x = np.loadtxt(path, delimiter=",", comments="#").astype(np.float32).astype(np.float64)
        x = x.T if lines_are_frames else x
        columns = dictionary(rng, x, k)
        dictionaries.append(",".join(["w", name, *map(str, columns)]))
        # Frames that are columns of W are among them by chance only: their codes are trivial.
        for frame in np.sort(rng.choice(x.shape[1], size=count, replace=False)):
            h, norm = code(x[:, columns], x[:, frame])
            numbers = (repr(float(value)) if value else "0" for value in (norm, *h))
            codes.append(",".join(["h", name, str(frame), *numbers]))
    with open(OUT, "w", newline="\n") as out:
        out.write(f"# tool: scipy.optimize.nnls; version: SciPy {scipy.__version__}, NumPy {np.__version__}, ")
        out.write(f"Python {platform.python_version()}\n")
        out.write(f"# command: python3 tools/golden_encode.py; seed: {SEED}\n")
        out.write("# w, data, frames that are the columns of W | h, data, frame x, norm of x - Wh, h (W, x rounded to f32)\n")
        out.write("\n".join(dictionaries + codes) + "\n")


if __name__ == "__main__":
    main()
